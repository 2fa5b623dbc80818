"""Columns that a user alone can name: nothing shows what they mean."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.core.errors import SourceError
from matdata.sources.column_choice import require_column
from matdata.sources.read_options import ReadOptions


def initial_column(options: ReadOptions, columns: Sequence[str], source: str) -> str | None:
    """The column of structures before relaxation, which is another one than that of structures.

    Raises
    ------
    SourceError
        If it does not exist, or is named as that of structures too.
    """
    if options.initial_col is None:
        return None
    if options.initial_col == options.structure_col:
        raise SourceError(
            f"{source}: {options.initial_col!r} is named as the structure before relaxation and as "
            "the relaxed one",
            next_step="name two columns",
        )
    return require_column(options.initial_col, columns, source)


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
