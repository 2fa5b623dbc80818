"""Columns that a user alone can name: nothing shows what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matdata.core.errors import SourceError
from matdata.core.numerals import is_number
from matdata.sources.column_choice import require_column
from matdata.sources.read_options import ReadOptions


def initial_column(
    options: ReadOptions,
    columns: Sequence[str],
    first: Sequence[Mapping[str, object]],
    source: str,
) -> str | None:
    """The column of structures before relaxation, which is another one than that of structures.

    Raises
    ------
    SourceError
        If it does not exist, holds numbers, or is named as that of structures too.
    """
    if options.initial_col is None:
        return None
    if options.initial_col == options.structure_col:
        raise SourceError(
            f"{source}: {options.initial_col!r} is named as the structure before relaxation and as "
            "the relaxed one",
            next_step="name two columns",
        )
    name = require_column(options.initial_col, columns, source)
    if any(is_number(record.get(name)) for record in first):
        raise SourceError(
            f"{source}: {name!r} holds numbers, and no structures before relaxation",
            next_step="name another column with --initial-col NAME",
        )
    return name


def protostructure_column(
    options: ReadOptions, structure: str | None, columns: Sequence[str], source: str
) -> str | None:
    """The column of labels, which stand for structures: there are none beside them.

    Raises
    ------
    SourceError
        If it does not exist, or there are structures.
    """
    if options.protostructure_col is None:
        return None
    if structure is not None:
        raise SourceError(
            f"{source}: protostructures are found in the structures of {structure!r}",
            next_step="leave --protostructure-col out",
        )
    return require_column(options.protostructure_col, columns, source)
