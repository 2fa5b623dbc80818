"""One item after another of what was given: lists, mappings, series and tables, with names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.adapters import ase, pymatgen
from matdata.core.errors import SourceError, StructureError
from matdata.sources.readers.base import is_structure_dict
from matdata.sources.roles import ReadOptions, Roles, find_roles

#: Rows of a table that tell what its columns hold.
PEEK = 50
EXPECTED = (
    "expected pymatgen structures or compositions, ASE atoms, formulas, paths, Crystals or "
    "Compositions"
)


@dataclass(frozen=True)
class Item:
    """One thing that was given.

    Attributes
    ----------
    value
        A structure, a formula, a path, or anything else.
    name
        What it is called, None if nobody said.
    cell
        Whether it stands in a table: text is a formula or a structure there, never a path.
    """

    value: Any
    name: str | None = None
    cell: bool = False


def items_of(given: Any) -> Iterator[Item]:
    """The items of what was given; one material is one item.

    Raises
    ------
    StructureError
        If it is no material and holds none, or is a table without a column of them.
    """
    if _is_one(given):
        yield Item(given)
    elif _is_pandas(given, "DataFrame"):
        yield from _of_table(given)
    elif _is_pandas(given, "Series") or isinstance(given, Mapping):
        yield from (Item(value, str(name)) for name, value in given.items())
    else:
        try:
            values = iter(given)
        except TypeError:
            raise unknown(given) from None
        yield from (Item(value) for value in values)


def unknown(value: object) -> StructureError:
    """The error for something that is no material."""
    return StructureError(
        f"{EXPECTED}, got {type(value).__name__}", next_step="give one of these, or several"
    )


def _is_one(value: object) -> bool:
    """Whether a value is one material, or at least one thing."""
    if isinstance(value, (str, bytes, Path)) or is_structure_dict(value) or ase.is_atoms(value):
        return True
    kinds = (pymatgen.is_structure, pymatgen.is_molecule, pymatgen.is_composition)
    return any(is_kind(value) for is_kind in kinds)


def _is_pandas(value: object, kind: str) -> bool:
    """Whether a value is of a class of pandas, without importing pandas."""
    classes = type(value).__mro__
    return any(one.__module__.startswith("pandas.") and one.__name__ == kind for one in classes)


def _of_table(frame: Any) -> Iterator[Item]:
    """Rows of a table, from its column of structures, or of formulas."""
    roles = _roles_of(frame)
    payloads = _column(frame, roles.structure or roles.formula)
    names = frame.index if roles.id is None else _column(frame, roles.id)
    for name, value in zip(names, payloads, strict=True):
        yield Item(value, str(name), cell=True)


def _column(frame: Any, name: str | None) -> Any:
    column = frame[name]
    if column.ndim != 1:
        raise StructureError(
            f"the table has several columns named {name!r}",
            next_step="give each column a name of its own",
        )
    return column


def _roles_of(frame: Any) -> Roles:
    columns = [name for name in frame.columns.unique() if isinstance(name, str)]
    single = frame.loc[:, ~frame.columns.duplicated()]
    first = single[columns].head(PEEK).to_dict("records")
    try:
        return find_roles(columns, first, ReadOptions(), "the table")
    except SourceError as error:
        raise StructureError(
            error.what,
            cause=error.cause,
            next_step="name the column structure or formula, or give it alone: table['column']",
        ) from error
