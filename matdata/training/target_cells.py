"""Cells of targets: of a column as they are, of an expression evaluated for the rows asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matdata.core.expressions import Cells, parse_expression
from matdata.store.spectrum_columns import SpectrumColumn
from matdata.store.table_columns import TableColumns
from matdata.training.target import Target


def cells_of(columns: Mapping[str, Sequence[object]], target: Target, rows: Sequence[int]) -> Cells:
    """Cells of a target for some rows of a table; no other row is looked at.

    Parameters
    ----------
    columns
        A table, or a view of one that holds the target itself as a column.
    target
        The target.
    rows
        Rows of the table.

    Raises
    ------
    ConfigError
        If the table lacks a column that the target is computed from.
    """
    return parse_expression(target.source, columns).cells(columns, rows)


def spectrum_of(columns: Mapping[str, Sequence[object]], name: str) -> SpectrumColumn | None:
    """A column of spectra, whose numbers are read without cells; None of anything else."""
    if isinstance(columns, TableColumns):
        return columns.spectrum(name)
    column = columns.get(name)
    return column if isinstance(column, SpectrumColumn) else None
