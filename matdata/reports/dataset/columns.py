"""Columns of a dataset: how complete they are, and the range of what they hold; and spectra."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matdata.core.units import with_unit
from matdata.reports.dataset.facts import Facts, as_floats, is_number, value_counts
from matdata.reports.markup import Section, Table, code, count, figure, note, number, share
from matdata.reports.svg.lines import band

#: Columns that are listed; spectra that have a picture, and rows that it is made of.
LISTED, SPECTRA, ROWS = 150, 6, 500
_SAMPLED = (
    "Medians and most frequent values are those of a sample of rows; what is filled, smallest and "
    "largest are of all rows where the file states it."
)


def columns(facts: Facts) -> Section:
    """A row per column: share of the materials, smallest, median, largest, or most frequent."""
    first = [name for name in facts.targets if name in facts.names]
    others = [name for name in facts.names if name not in set(first)]
    names = [*first, *others]
    rows = [_row(facts, name) for name in names[:LISTED]]
    beyond = len(names) - LISTED
    more = count(beyond, "column") if beyond > 0 else ""
    head = ("column", "unit", "type", "filled", "smallest", "median", "largest", "most frequent")
    body: list[object] = [Table(head, rows, more=more)]
    if facts.samples:
        body.append(note(_SAMPLED))
    return Section("columns", "Columns: coverage and ranges", body)


def _row(facts: Facts, name: str) -> tuple[object, ...]:
    column = facts.sampled(name)
    kind = column.type
    missing, low, high = facts.statistics.get(name, (None, None, None))
    filled = (
        share(facts.n - missing, facts.n)
        if missing is not None
        else share(len(column) - column.null_count, len(column))
    )
    cells: tuple[object, ...] = ("–", "–", "–", "")
    known = column.drop_null()
    if not len(known) or name == "material_id":
        pass
    elif is_number(kind):
        values = as_floats(known)
        values = values[np.isfinite(values)]
        ends = (low, high) if low is not None else (values.min(), values.max())
        if len(values):
            cells = (number(ends[0]), number(float(np.median(values))), number(ends[1]), "")
    elif pa.types.is_boolean(kind) or pa.types.is_string(kind):
        counted = value_counts(known)
        value, n = counted[0]
        named = str(value).lower() if isinstance(value, bool) else value
        shown = f"{named} ({share(n, len(column))})" if n > 1 else "each once"
        cells = ("–", "–", "–", f"{shown}; {count(len(counted), 'value')}")
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        lengths = pc.min_max(pc.list_value_length(known)).as_py()
        cells = ("–", "–", "–", f"lists of {_span(lengths)}")
    return (code(name, 80), facts.unit(name) or "", _type(kind), filled, *cells)


def _span(ends: dict[str, Any]) -> str:
    low, high = ends["min"], ends["max"]
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "true or false"
    if is_number(kind):
        return "number"
    if pa.types.is_string(kind):
        return "text"
    return "list" if pa.types.is_list(kind) or pa.types.is_large_list(kind) else "record"


def spectra(facts: Facts) -> Section:
    """Spectra on axes that all rows share: the median, and the middle 80 % of the values."""
    file = facts.dataset.columns.spectra
    names = [] if file is None else list(file.axis_of)
    body: list[object] = []
    for name in names[:SPECTRA]:
        body += list(_spectrum(facts, name))
    if len(names) > SPECTRA:
        body.append(note(f"… and {count(len(names) - SPECTRA, 'column')} of spectra more."))
    return Section("spectra", "Spectra", body)


def _spectrum(facts: Facts, name: str) -> Iterator[object]:
    file, column = facts.dataset.columns.spectra, facts.dataset.columns.spectrum(name)
    if file is None or column is None:
        return
    having = column.having(np.arange(facts.n))
    chosen = having[:: max(1, len(having) // ROWS)][:ROWS]
    values = column.take(chosen).astype(np.float64)
    axis = file.axis_of[name]
    points = file.points(axis)
    shown = np.isfinite(values).any(axis=0)
    if not len(chosen) or not shown.any():
        yield note(f"{name}: no material has a value.")
        return
    quantiles = np.nanquantile(values[:, shown], (0.1, 0.5, 0.9), axis=0)
    units = facts.dataset.units
    picture = band(
        points[shown],
        quantiles,
        f"Spectra {name}: median and middle 80 %",
        with_unit(axis, units.get(axis)),
        with_unit(name, units.get(name)),
    )
    caption = (
        f"{name} over {axis}: median (line) and middle 80 % (band) of {len(chosen):,} of the "
        f"{count(len(having), 'material')} that have it ({share(len(having), facts.n)}), "
        f"{len(points):,} points."
    )
    yield figure(picture, caption)
