"""Distributions of what can be learnt, by the parts of each split."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.units import with_unit
from matdata.reports.dataset.facts import Facts, as_floats, is_number, value_counts
from matdata.reports.dataset.outliers import lists
from matdata.reports.intervals import counted, intervals
from matdata.reports.markup import (
    Html,
    Section,
    Table,
    count,
    figure,
    note,
    number,
    paragraph,
    side_by_side,
    subheading,
)
from matdata.reports.svg.bars import grouped_bars, histogram

#: Targets and splits of each that have a picture; classes in one.
TARGETS, SPLITS, CLASSES = 12, 3, 12
#: Width and height of a picture alone, and of one beside another.
_SIZE = ((560.0, 260.0), (400.0, 230.0))
Codes = npt.NDArray[np.int64]


def targets(facts: Facts) -> Section:
    """Each target: a table of what it is like in each part, and its distribution there."""
    title = "Targets"
    names = [name for name in facts.targets if name in facts.names]
    spectra = [name for name in facts.targets if name not in facts.names]
    body: list[object] = []
    if not names and not spectra:
        body.append(paragraph("No column is named as one to learn."))
    for name in names[:TARGETS]:
        body += [subheading(with_unit(name, facts.unit(name))), *_target(facts, name)]
    if len(names) > TARGETS:
        more = count(len(names) - TARGETS, "target")
        body.append(note(f"… and {more} more, which the section of columns lists."))
    if spectra:
        body.append(
            note(f"{count(len(spectra), 'target')} on an axis: see the section of spectra.")
        )
    return Section("targets", title, body)


def _target(facts: Facts, name: str) -> list[object]:
    column = facts.column(name)
    assert column is not None
    if column.null_count == len(column):
        return [paragraph("No material has a value.")]
    if is_number(column.type):
        return _numbers(facts, name, column)
    if pa.types.is_boolean(column.type) or pa.types.is_string(column.type):
        return _classes(facts, column)
    return [paragraph(f"Cells of the type {column.type}, which have no distribution.")]


def _splits(facts: Facts) -> list[tuple[str, list[str], Codes]]:
    notes, _ = facts.splits
    return [(name, *facts.parts(name)) for name in list(notes)[:SPLITS]]


def _numbers(facts: Facts, name: str, column: Any) -> list[object]:
    values = as_floats(column)
    edges, outside = intervals(values)
    unit = facts.unit(name)
    label = with_unit(name, unit)
    rows = [("all", "all", *_summary(values))]
    pictures = []
    notes = _splits(facts)
    for split, parts, codes in notes:
        counts = {}
        for k, part in enumerate(parts):
            of_part = values[codes == k]
            rows.append((split, part, *_summary(of_part)))
            counts[part] = counted(of_part, edges)
        title = f"Distribution of {name} by part of {split}"
        picture = histogram(edges, counts, title, label, *_SIZE[len(notes) > 1])
        pictures.append(figure(picture, f"by part of split {split}"))
    if not pictures:
        picture = histogram(edges, {"all": counted(values, edges)}, f"Histogram of {name}", label)
        pictures.append(figure(picture, "all materials"))
    remarks = [_beyond_splits(facts)]
    if outside:
        where = ": see the outliers" if lists(facts, name, values) else ", which the table has"
        remarks.append(note(f"{count(outside, 'value')} outside of the pictures{where}."))
    head = (
        "split",
        "part",
        "values",
        "smallest",
        "5 %",
        "median",
        "95 %",
        "largest",
        "mean",
        "std",
    )
    return [side_by_side(*pictures), Table(head, rows), *remarks]


def _summary(values: npt.NDArray[np.float64]) -> tuple[str, ...]:
    known = values[np.isfinite(values)]
    if not len(known):
        return ("0", *("–",) * 7)
    with np.errstate(over="ignore", invalid="ignore"):  # sums of numbers near 1e308
        quantiles = np.quantile(known, (0, 0.05, 0.5, 0.95, 1))
        numbers = np.array([*quantiles, known.mean(), known.std()])
    shown = np.where(np.isfinite(numbers), numbers, np.nan).tolist()
    return (f"{len(known):,}", *map(number, shown))


def _classes(facts: Facts, column: Any) -> list[object]:
    """Shares of classes: true and false, or texts."""
    counted_all = value_counts(column)
    shown = counted_all[:CLASSES]
    names = [str(value) for value, _ in shown]
    known = sum(n for _, n in counted_all)
    pictures = []
    for split, parts, codes in _splits(facts):
        shares = {}
        for k, part in enumerate(parts):
            inside = dict(value_counts(column.filter(pa.array(codes == k))))
            total = sum(inside.values()) or 1
            shares[part] = [inside.get(value, 0) / total for value, _ in shown]
        pictures.append(figure(_bars(names, shares), f"by part of split {split}"))
    if not pictures:
        pictures.append(
            figure(_bars(names, {"all": [n / known for _, n in shown]}), "all materials")
        )
    rows = [(str(value), f"{n:,}", f"{100 * n / known:.1f} %") for value, n in shown]
    beyond = len(counted_all) - CLASSES
    more = count(beyond, "class", "classes") if beyond > 0 else ""
    missing = len(column) - known
    remark = note(f"{count(missing, 'material')} without a value.") if missing else ""
    table = Table(("class", "materials", "of those with a value"), rows, more=more)
    return [side_by_side(*pictures), table, remark, _beyond_splits(facts)]


def _bars(names: list[str], shares: dict[str, list[float]]) -> Html:
    return grouped_bars(names, shares, "Share of each class by part", 520.0)


def _beyond_splits(facts: Facts) -> Html:
    beyond = len(facts.splits[0]) - SPLITS
    return note(f"Of {count(beyond, 'further split')} no picture.") if beyond > 0 else Html("")
