"""Scores by the values or bins of a column, as text."""

from __future__ import annotations

from matdata.core.documents import JsonMapping
from matdata.core.printable import printable
from matdata.core.units import with_unit
from matdata.training.scores.shown import few_scores, number, with_error


def group_lines(record: JsonMapping) -> list[str]:
    """The groups of each column that a run was scored by; nothing if it was by none."""
    text = []
    for column, targets in record.get("by", {}).items():
        for target, groups in targets.items():
            unit = next(iter(groups.values()))["unit"]
            text.append(f"{with_unit(target, unit)} by {printable(column)}")
            text += _table(groups)
    return text


def _table(groups: JsonMapping) -> list[str]:
    first = next(iter(groups.values()))
    names = few_scores(first)
    covered = "interval" in first
    rows = []
    for label, scored in groups.items():
        cells = [f"{scored['materials']:,}"]
        for name in names:
            value = number(scored["metrics"][name])
            if name == "mae" and "mean_absolute_error" in scored:
                own = scored["mean_absolute_error"]
                value = with_error(scored["metrics"]["mae"], own["standard_error"])
            cells.append(value)
        if covered:
            share = scored["interval"]["coverage"]
            cells += ["-" if share is None else f"{share:.1%}"]
            cells += [number(scored["interval"]["mean_width"])]
        rows.append((printable(label), cells))
    heads = ["materials", *names, *(("coverage", "width") if covered else ())]
    wide = max(len(label) for label, _ in rows)
    return [
        f"  {label:<{wide}}" + "".join(f"  {cell:>12}" for cell in cells)
        for label, cells in [("", heads), *rows]
    ]
