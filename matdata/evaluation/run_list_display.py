"""What notebooks show of runs: the best first, each with the score that ranks it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from matdata.core.documents import JsonMapping
from matdata.core.html import card
from matdata.training.scores.shown import IN_UNIT, number

_FOLD = re.compile(r"-fold\d+$")


class Row(NamedTuple):
    """One line of the table: a run and target, or a training on all folds and a target."""

    run: str
    plugin: str
    target: str
    split: str
    validation: str
    test: str
    state: str


def runs_html(
    runs: Sequence[JsonMapping], ranked: Sequence[JsonMapping], folds: Sequence[JsonMapping]
) -> str:
    """Runs as a table; parameters are the attributes of `matdata.evaluation.run_list.RunList`."""
    rows = [*_of_folds(folds), *_of_groups(ranked, folds)]
    inside = {entry["run"] for group in ranked for entry in group["runs"]}
    rows += [_unranked(entry) for entry in runs if entry["run"] not in inside]
    title = "1 run" if len(runs) == 1 else f"{len(runs):,} runs"
    line = "by target and validation materials, the best first" if ranked else ""
    return card(title, [line], Row._fields, rows)


def name_of_folds(runs: Sequence[str]) -> str:
    """What the names of the runs on all folds have in common."""
    stems = {_FOLD.sub("", name) for name in runs}
    return stems.pop() if len(stems) == 1 else f"{runs[0]} …"


def mean_text(scores: JsonMapping | None, metric: str) -> str:
    """Mean ± standard deviation of a metric over folds; a dash where there is no score.

    Parameters
    ----------
    scores
        ``val`` or ``test`` of a training of `matdata.evaluation.folds.fold_tables`.
    metric
        Name of the metric.
    """
    if scores is None or scores["mean"][metric] is None:
        return "-"
    std = scores["std"][metric]
    deviation = "" if std is None else f" ± {std:.2g}"
    return f"{number(scores['mean'][metric])}{deviation}"


def state_of(entry: JsonMapping) -> str:
    """Where a run stands, of its `matdata.evaluation.compare.summary`."""
    if "damaged" in entry:
        return "damaged"
    if not entry["finished"]:
        return "not finished"
    return "evaluated" if entry["evaluated"] else "finished"


def _of_folds(tables: Sequence[JsonMapping]) -> Iterator[Row]:
    for table in tables:
        for one in table["trainings"]:
            val, test = (_mean(table, one[part]) for part in ("val", "test"))
            state = f"{len(one['runs'])} folds"
            name, split = name_of_folds(one["runs"]), table["split"]
            yield Row(name, one["plugin"], table["target"], split, val, test, state)


def _mean(table: JsonMapping, scores: JsonMapping | None) -> str:
    if scores is None:
        return ""
    by, opened = table["by"], scores["folds"]
    of = "" if opened == len(table["folds"]) else f" ({opened} of {len(table['folds'])} folds)"
    return _score(by, mean_text(scores, by), table["unit"]) + of


def _of_groups(ranked: Sequence[JsonMapping], folds: Sequence[JsonMapping]) -> Iterator[Row]:
    """Rows of the groups that hold more than single folds of what is averaged."""
    averaged = {name for table in folds for one in table["trainings"] for name in one["runs"]}
    for group in ranked:
        if all(entry["run"] in averaged for entry in group["runs"]):
            continue
        by, unit = group["by"], group["unit"]
        for entry in group["runs"]:
            val, test = (
                _score(by, number(entry[part][by]), unit) if entry[part] else ""
                for part in ("val", "test")
            )
            split, state = entry["split"], state_of(entry)
            yield Row(entry["run"], entry["plugin"], group["target"], split, val, test, state)


def _score(metric: str, value: str, unit: str) -> str:
    """``mae 0.21 eV``."""
    return f"{metric} {value}{f' {unit}' if metric in IN_UNIT and unit != '1' else ''}"


def _unranked(entry: JsonMapping) -> Row:
    targets, split = ", ".join(entry.get("targets", ())), entry.get("split", "")
    return Row(entry["run"], entry.get("plugin", ""), targets, split, "", "", state_of(entry))
