"""Which column is what: id, structure, formula, energy and targets, by well-known names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matdata.core.errors import SourceError, did_you_mean
from matdata.core.settings import Settings, setting
from matdata.sources.limits import MAX_COLUMNS
from matdata.sources.readers.base import is_cif, is_structure_dict

ID_NAMES = (
    "material_id", "id", "jid", "mp_id", "mpid", "task_id", "oqmd_id", "auid", "identifier",
    "unique_id",
)  # fmt: skip
SHOWN = 40  # columns that a message lists
NUMERIC = 0.9  # of the values there: a column of numbers may hold a remark
STRUCTURE_NAMES = (
    "structure", "cif", "cif_string", "cifs", "atoms", "poscar", "final_structure",
    "relaxed_structure", "optimized_structure", "initial_structure",
)  # fmt: skip
FORMULA_NAMES = (
    "formula", "composition", "formula_pretty", "pretty_formula", "reduced_formula",
    "full_formula", "formula_reduced", "chemical_formula", "compound", "name",
)  # fmt: skip
# In order of preference: total energies rank polymorphs exactly, formation energies too.
ENERGY_PER_ATOM = (
    "energy_per_atom", "final_energy_per_atom", "corrected_energy_per_atom",
    "uncorrected_energy_per_atom", "e_per_atom", "optb88vdw_total_energy",
    "formation_energy_per_atom", "formation_energy_peratom", "e_form", "formation_energy",
    "energy_above_hull", "e_above_hull", "ehull",
)  # fmt: skip
ENERGY_PER_CELL = ("total_energy", "final_energy", "energy")
UNITS = {
    "energy_per_atom": "eV/atom",
    "final_energy_per_atom": "eV/atom",
    "corrected_energy_per_atom": "eV/atom",
    "uncorrected_energy_per_atom": "eV/atom",
    "formation_energy_per_atom": "eV/atom",
    "formation_energy_peratom": "eV/atom",
    "optb88vdw_total_energy": "eV/atom",
    "energy_above_hull": "eV/atom",
    "e_above_hull": "eV/atom",
    "ehull": "eV/atom",
    "band_gap": "eV",
    "gap pbe": "eV",
    "bandgap": "eV",
    "efermi": "eV",
    "last phdos peak": "1/cm",
    "volume": "Å^3",
    "density": "g/cm^3",
    "formation_energy_per_cation": "eV/cation",
}


@dataclass(frozen=True)
class ReadOptions(Settings):
    """What a user can say about the columns of a file."""

    id_col: str | None = setting(None, "column that holds the material id", verbatim=True)
    structure_col: str | None = setting(None, "column that holds the structure", verbatim=True)
    formula_col: str | None = setting(None, "column that holds the formula", verbatim=True)
    energy: str | None = setting(
        None,
        "column of energies that rank polymorphs; append /cell when not per atom",
        verbatim=True,
    )
    targets: tuple[str, ...] = setting((), "columns to learn; all numeric ones if not said")


@dataclass(frozen=True)
class Roles:
    """The roles of a table's columns; None where there is none."""

    id: str | None
    structure: str | None
    formula: str | None
    energy: str | None
    energy_per: Literal["atom", "cell"]
    targets: dict[str, str]
    note: str = ""  # what a user must know about them


def find_roles(
    columns: Sequence[str], first: Sequence[Mapping[str, Any]], options: ReadOptions, place: str
) -> Roles:
    """Find each role among `columns`, looking at the first records where a name is not enough.

    Raises
    ------
    SourceError
        If a column that was named is not there, there is neither structure nor formula, or there
        are too many columns.
    """
    columns = [name for name in columns if _is_text(name)]  # others make their records rejects
    if len(columns) > MAX_COLUMNS:
        raise SourceError(
            f"{place}: more than {MAX_COLUMNS:,} columns",
            cause="a matrix, or ids and labels that stand as keys",
        )
    structure = _pick(options.structure_col, STRUCTURE_NAMES, columns, place)
    structure = structure or _by_content(columns, first)
    formula = _pick(options.formula_col, FORMULA_NAMES, columns, place)
    if formula == "name" and not _looks_like_formula(first):
        formula = None
    if structure is None and formula is None:
        raise SourceError(
            f"{place}: no structure and no formula column; columns seen: {_listed(columns)}",
            cause="the column has a name that matdata does not know",
            next_step="say which it is with --structure-col NAME or --formula-col NAME",
        )
    energy, per = _energy(options.energy, columns, place)
    note = ""
    if structure is None and per == "cell" and energy is not None:
        energy, note = _energy_of_formulas(options.energy, energy, place)
    skip = {options.id_col, structure, formula, *ID_NAMES}
    targets = _targets(options.targets, columns, first, skip, place)
    identity = _pick(options.id_col, ID_NAMES, columns, place)
    return Roles(identity, structure, formula, energy, per, targets, note)


def _is_text(name: str) -> bool:
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _listed(columns: Sequence[str]) -> str:
    more = f", … ({len(columns):,} in all)" if len(columns) > SHOWN else ""
    return ", ".join(columns[:SHOWN]) + more


def _pick(said: str | None, names: Sequence[str], columns: Sequence[str], place: str) -> str | None:
    if said is not None:
        require_column(said, columns, place)
        return said
    by_lower = {column.lower().strip().replace(" ", "_"): column for column in reversed(columns)}
    return next((by_lower[name] for name in names if name in by_lower), None)


def require_column(name: str, columns: Sequence[str], place: str) -> None:
    """Raise `SourceError` with the columns seen if `name` is not among them."""
    if name not in columns:
        raise SourceError(
            f"{place}: no column {name!r}{did_you_mean(name, columns)}",
            next_step=f"columns seen: {_listed(columns)}",
        )


def _energy(
    said: str | None, columns: Sequence[str], place: str
) -> tuple[str | None, Literal["atom", "cell"]]:
    if said is not None:
        name, _, per = said.rpartition("/") if said.endswith(("/cell", "/atom")) else (said, "", "")
        require_column(name, columns, place)
        per_cell = per == "cell" or (not per and name.lower() in ENERGY_PER_CELL)
        return name, "cell" if per_cell else "atom"
    name_or_none = _pick(None, ENERGY_PER_ATOM, columns, place)
    if name_or_none is not None:
        return name_or_none, "atom"
    return _pick(None, ENERGY_PER_CELL, columns, place), "cell"


def _energy_of_formulas(said: str | None, name: str, place: str) -> tuple[str | None, str]:
    """The energy column of a table without cells, if a user said what it is counted for.

    A formula may be written for one unit or for a whole cell, so an energy of unknown basis cannot
    be divided by its atoms.
    """
    if said is not None and said.endswith("/cell"):
        return name, ""
    how = f"--energy {name}/atom if it is per atom, {name}/cell if for the formula as written"
    if said is not None:
        raise SourceError(
            f"{place}: is {name!r} an energy per atom, or for the formula as it is written?",
            cause="there are no structures whose atoms could be counted",
            next_step=f"say {how}",
        )
    return None, f"{name} ranks no duplicates, since what it is counted for is not known ({how})"


def _targets(
    said: Sequence[str],
    columns: Sequence[str],
    first: Sequence[Mapping[str, Any]],
    skip: set[str | None],
    place: str,
) -> dict[str, str]:
    for name in said:
        require_column(name, columns, place)
    names = said or [name for name in columns if name not in skip and _is_numeric(name, first)]
    return {name: UNITS.get(name, "") for name in names}


def _is_numeric(name: str, first: Sequence[Mapping[str, Any]]) -> bool:
    values = [record.get(name) for record in first]
    present = [value for value in values if value is not None]
    found = [v for v in present if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return bool(found) and len(found) >= NUMERIC * len(present)


def _by_content(columns: Sequence[str], first: Sequence[Mapping[str, Any]]) -> str | None:
    for name in columns:
        values = [record.get(name) for record in first]
        if values and all(_is_structure_like(value) for value in values):
            return name
    return None


def _is_structure_like(value: Any) -> bool:
    return is_structure_dict(value) or (isinstance(value, str) and is_cif(value))


def _looks_like_formula(first: Sequence[Mapping[str, Any]]) -> bool:
    from matdata.core.composition import parse_formula
    from matdata.core.errors import StructureError

    try:
        return bool([parse_formula(str(record["name"])) for record in first[:3]])
    except (StructureError, KeyError):
        return False
