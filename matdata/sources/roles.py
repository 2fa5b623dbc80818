"""Roles of columns: id, structure, formula, energy and targets, inferred from well-known names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matdata.core.errors import SourceError
from matdata.core.numerals import is_number
from matdata.sources.column_choice import listed, require_column
from matdata.sources.given_columns import initial_column, protostructure_column
from matdata.sources.limits import MAX_COLUMNS
from matdata.sources.read_options import ReadOptions
from matdata.sources.readers.base import is_cif, is_missing, is_structure_dict

ID_NAMES = (
    "material_id", "id", "jid", "mp_id", "mpid", "task_id", "oqmd_id", "auid", "identifier",
    "unique_id",
)  # fmt: skip
NUMERIC = 0.9  # share of numbers among present values: a numeric column may hold remarks
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
    "formation_energy_per_atom", "formation_energy_peratom", "e_form_per_atom", "e_form",
    "formation_energy",
    "energy_above_hull", "e_above_hull", "ehull",
)  # fmt: skip
ENERGY_PER_CELL = ("total_energy", "final_energy", "energy_per_cell", "energy")
UNITS = {
    "energy_per_atom": "eV/atom",
    "final_energy_per_atom": "eV/atom",
    "corrected_energy_per_atom": "eV/atom",
    "uncorrected_energy_per_atom": "eV/atom",
    "formation_energy_per_atom": "eV/atom",
    "formation_energy_peratom": "eV/atom",
    "optb88vdw_total_energy": "eV/atom",
    "energy_per_cell": "eV/cell",
    "correction_per_atom": "eV/atom",
    "e_form_per_atom": "eV/atom",
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
class Roles:
    """The roles of a table's columns; None if there is no such column."""

    id: str | None
    structure: str | None
    formula: str | None
    energy: str | None
    energy_per: Literal["atom", "cell"]
    targets: dict[str, str]
    note: str = ""  # a remark for the user
    initial: str | None = None  # the structure before relaxation
    protostructure: str | None = None  # labels of records without structures

    @property
    def rows_per_record(self) -> int:
        """Rows that a record becomes: one, or those of a pair of structures."""
        return 1 if self.initial is None else 2


def find_roles(
    columns: Sequence[str], first: Sequence[Mapping[str, Any]], options: ReadOptions, source: str
) -> Roles:
    """Infer each role among `columns`, using the first records where names are not enough.

    Raises
    ------
    SourceError
        If a named column does not exist, there is neither structure nor formula, or there
        are too many columns.
    """
    columns = [name for name in columns if _is_text(name)]  # others make their records rejects
    if len(columns) > MAX_COLUMNS:
        raise SourceError(
            f"{source}: more than {MAX_COLUMNS:,} columns",
            cause="a matrix, or ids and labels used as keys",
        )
    initial = initial_column(options, columns, first, source)
    relaxed = [name for name in columns if name != initial]
    structure = structure_column(relaxed, first, source, options.structure_col)
    formula = _pick(options.formula_col, FORMULA_NAMES, columns, first, source)
    if formula == "name" and not _looks_like_formula(first):
        formula = None
    if structure is None and formula is None:
        raise SourceError(
            f"{source}: no structure and no formula column; available columns: {listed(columns)}",
            cause="the column has a name unknown to matdata",
            next_step="name it with --structure-col NAME or --formula-col NAME",
        )
    energy, per = _energy(options.energy, columns, first, source)
    note = ""
    if structure is None and per == "cell" and energy is not None:
        energy, note = _energy_of_formulas(options.energy, energy, source)
    identity = _pick(options.id_col, ID_NAMES, columns, first, source)
    skip = {identity if options.id_col else None, structure, formula, *ID_NAMES}
    targets = _targets(options.targets, columns, first, skip, source)
    if initial is not None and structure is None:
        raise SourceError(
            f"{source}: no column of structures beside {initial!r}, that of structures before "
            "relaxation",
            next_step="name that of relaxed structures with --structure-col NAME",
        )
    labels = protostructure_column(options, structure, columns, source)
    return Roles(identity, structure, formula, energy, per, targets, note, initial, labels)


def structure_column(
    columns: Sequence[str],
    first: Sequence[Mapping[str, Any]],
    source: str,
    user_column: str | None = None,
) -> str | None:
    """The column of structures: the one that the user names, one of a known name, or by content.

    Raises
    ------
    SourceError
        If the user's column does not exist.
    """
    by_name = _pick(user_column, STRUCTURE_NAMES, columns, first, source)
    return by_name or _by_content(columns, first)


def holds_structure(name: str, value: object) -> bool:
    """Whether a value is a structure: a document or CIF, or a text of several lines so named."""
    if _is_structure_like(value):
        return True
    return names_structure(name) and isinstance(value, str) and "\n" in value.strip()


def names_structure(column: str) -> bool:
    """Whether a column has a known name of structures."""
    return _plain(column) in STRUCTURE_NAMES


def formula_column(record: Mapping[str, Any]) -> str | None:
    """The column of a formula in one record, by its name; ``name`` alone says too little."""
    known = FORMULA_NAMES[:-1]
    names = [name for name in record if _plain(name) in known and record[name] is not None]
    return min(names, key=lambda name: known.index(_plain(name)), default=None)


def _plain(name: str) -> str:
    return name.lower().strip().replace(" ", "_")


def _is_text(name: str) -> bool:
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _pick(
    user_column: str | None,
    names: Sequence[str],
    columns: Sequence[str],
    first: Sequence[Mapping[str, Any]],
    source: str,
) -> str | None:
    """The column of the first of `names` that exists: its fullest spelling, the plain one first."""
    if user_column is not None:
        return require_column(user_column, columns, source)
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for column in columns:
        spellings[_plain(column)].append(column)
    candidates = next((spellings[name] for name in names if name in spellings), None)
    if candidates is None:
        return None

    def rank(name: str) -> tuple[int, bool]:
        return sum(each.get(name) is not None for each in first), name == _plain(name)

    return max(candidates, key=rank)


def _energy(
    user_column: str | None,
    columns: Sequence[str],
    first: Sequence[Mapping[str, Any]],
    source: str,
) -> tuple[str | None, Literal["atom", "cell"]]:
    if user_column is not None:
        name, _, per = (
            user_column.rpartition("/")
            if user_column.endswith(("/cell", "/atom"))
            else (user_column, "", "")
        )
        column = require_column(name, columns, source)
        per_cell = per == "cell" or (not per and name.lower() in ENERGY_PER_CELL)
        return column, "cell" if per_cell else "atom"
    name_or_none = _pick(None, ENERGY_PER_ATOM, columns, first, source)
    if name_or_none is not None:
        return name_or_none, "atom"
    return _pick(None, ENERGY_PER_CELL, columns, first, source), "cell"


def _energy_of_formulas(user_column: str | None, name: str, source: str) -> tuple[str | None, str]:
    """The energy column of a table without structures, if the user stated its basis.

    A formula may denote one unit or a whole cell, so an energy of unknown basis cannot
    be divided by its atoms.
    """
    if user_column is not None and user_column.endswith("/cell"):
        return name, ""
    option = f"--energy {name}/atom if it is per atom, {name}/cell if for the formula as written"
    if user_column is not None:
        raise SourceError(
            f"{source}: is {name!r} an energy per atom, or for the formula as it is written?",
            cause="there are no structures whose atoms could be counted",
            next_step=f"use {option}",
        )
    return None, f"{name} is not used to rank duplicates, since its basis is unknown ({option})"


def _targets(
    user_columns: Sequence[str],
    columns: Sequence[str],
    first: Sequence[Mapping[str, Any]],
    skip: set[str | None],
    source: str,
) -> dict[str, str]:
    named = [require_column(name, columns, source) for name in user_columns]
    names = named or [name for name in columns if name not in skip and _is_numeric(name, first)]
    return {name: UNITS.get(name, "") for name in names}


def _is_numeric(name: str, first: Sequence[Mapping[str, Any]]) -> bool:
    values = [record.get(name) for record in first]
    present = [value for value in values if value is not None]
    count = sum(map(is_number, present))
    return count > 0 and count >= NUMERIC * len(present)


def _by_content(columns: Sequence[str], first: Sequence[Mapping[str, Any]]) -> str | None:
    """The first column whose values, of the records that have one, are all structures."""
    for name in columns:
        values = [record[name] for record in first if not is_missing(record.get(name))]
        if values and all(_is_structure_like(value) for value in values):
            return name
    return None


def _is_structure_like(value: object) -> bool:
    return is_structure_dict(value) or (isinstance(value, str) and is_cif(value))


def _looks_like_formula(first: Sequence[Mapping[str, Any]]) -> bool:
    from matdata.core.composition import parse_formula
    from matdata.core.errors import StructureError

    try:
        return bool([parse_formula(str(record["name"])) for record in first[:3]])
    except (StructureError, KeyError):
        return False
