"""Iteration over the user's materials: lists, mappings, series and tables, with names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.adapters import ase, pymatgen
from matdata.core.errors import SourceError, StructureError
from matdata.sources.read_options import ReadOptions
from matdata.sources.readers.base import is_missing, is_structure_dict
from matdata.sources.roles import Roles, find_roles

#: Rows of a table from which the roles of its columns are inferred.
PEEK = 50
EXPECTED = (
    "expected pymatgen structures or compositions, ASE atoms, formulas, paths, materials of a "
    "dataset, Crystals or Compositions"
)


@dataclass(frozen=True)
class Item:
    """One item of the user's input.

    Attributes
    ----------
    value
        A structure, a formula, a path, or anything else.
    name
        Its name, None if there is none.
    cell
        Whether it is a table cell: there, text is a formula or a structure, never a path.
    """

    value: Any
    name: str | None = None
    cell: bool = False


def items_of(materials: Any) -> Iterator[Item]:
    """The items of the user's input; a single material is one item.

    Raises
    ------
    StructureError
        If it is neither a material nor a collection, or is a table without a column of them.
    """
    if is_material(materials):
        yield Item(materials)
    elif is_pandas(materials, "DataFrame"):
        yield from _of_table(materials)
    elif is_pandas(materials, "Series") or isinstance(materials, Mapping):
        yield from (Item(value, str(name)) for name, value in materials.items())
    else:
        try:
            values = iter(materials)
        except TypeError:
            raise unknown(materials) from None
        yield from (Item(value) for value in values)


def unknown(value: object) -> StructureError:
    """The error for a value that is not a material."""
    return StructureError(
        f"{EXPECTED}, got {type(value).__name__}", next_step="give one of these, or several"
    )


def is_material(value: object) -> bool:
    """Whether a value is a single item, not a collection of them."""
    if isinstance(value, (str, bytes, Path)) or is_structure_dict(value) or ase.is_atoms(value):
        return True
    kinds = (is_stored, pymatgen.is_structure, pymatgen.is_molecule, pymatgen.is_composition)
    return any(is_kind(value) for is_kind in kinds)


def is_stored(value: object) -> bool:
    """Whether a value is a material of a dataset: `matdata.datasets.material.Material`."""
    return hasattr(type(value), "crystal_or_formula")


def is_pandas(value: object, *kinds: str) -> bool:
    """Whether a value is of one of these classes of pandas, without importing pandas."""
    classes = type(value).__mro__
    return any(cls.__module__.startswith("pandas.") and cls.__name__ in kinds for cls in classes)


def _of_table(frame: Any) -> Iterator[Item]:
    """Rows of a table: the structure, or the formula of a row without one."""
    roles = _roles_of(frame)
    columns = [_column(frame, name) for name in (roles.structure, roles.formula) if name]
    names = frame.index if roles.id is None else _column(frame, roles.id)
    for name, *values in zip(names, *columns, strict=True):
        value = next((one for one in values if not _is_missing(one)), values[0])
        yield Item(value, str(name), cell=True)


def _is_missing(value: object) -> bool:
    """Whether a cell holds nothing, also as pandas marks it."""
    return is_missing(value) or type(value).__name__ in ("NAType", "NaTType")


def _column(frame: Any, name: str | None) -> Any:
    column = frame[name]
    if column.ndim != 1:
        raise StructureError(
            f"the table has several columns named {name!r}",
            next_step="give each column a unique name",
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
