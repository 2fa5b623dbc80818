"""The table of a dataset: matdata's own columns first, then those of the source."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.curate.records import Records, Str, Table, Wyckoff
from matdata.store.columns import STRUCTURE_COLUMNS

OWN_COLUMNS = (
    "material_id",
    "formula",
    "chemsys",
    "n_elements",
    *STRUCTURE_COLUMNS,
)
RANK = "energy_per_atom"
#: Units of matdata's own columns; the others are counts and labels.
OWN_UNITS = {"volume_per_atom": "Å^3/atom"}
GIVEN = "_given"  # what follows the name of a source's column if matdata has one of that name
GIVEN_FORMULA = f"formula{GIVEN}"  # of a record without a structure, as it is written
DERIVED = ("material_id", "formula")  # source columns that become matdata's own


def kept_names(records: Records) -> dict[str, str]:
    """Names of the source's columns in the table: ``…_given`` where matdata has one of that name.

    None replaces another: the suffix is repeated until the name is free.
    """
    own = {*OWN_COLUMNS} - {*DERIVED}
    own |= set() if records.structures.is_complete else {GIVEN_FORMULA}
    own |= {RANK} if _ranks_by_cell(records) else set()
    kept = {name: name for name in records.table if name not in own}
    for name in records.table:
        if name in own:
            free = f"{name}{GIVEN}"
            while free in own or free in kept.values():
                free += GIVEN
            kept[name] = free
    return kept


def _ranks_by_cell(records: Records) -> bool:
    return records.energy_column is not None and records.energy_per == "cell"


def dataset_table(
    records: Records,
    rows: npt.NDArray[np.int64],
    compositions: Compositions,
    formulas: Str,
    energy: npt.NDArray[np.float64],
    wyckoff: Wyckoff | None,
) -> Table:
    """Columns of the dataset in the order of `rows` (k,); `formulas` and `energy` are (n,)."""
    selected, structures = compositions.take(rows), records.structures.take(rows)
    crystals = structures.crystals
    table: Table = {
        "material_id": selected.ids.tolist(),
        "formula": formulas[rows].tolist(),
        "chemsys": selected.chemical_systems(),
        "n_elements": selected.n_elements.tolist(),
    }
    if records.has_structures:
        table["n_sites"] = structures.cells(crystals.n_sites)
        table["volume_per_atom"] = structures.cells(crystals.volume / crystals.n_sites)
    if not structures.is_complete:
        given = records.table["formula"]
        present = structures.present.tolist()
        table[GIVEN_FORMULA] = [
            None if has else given[row] for row, has in zip(rows.tolist(), present, strict=True)
        ]
    if wyckoff is not None:
        table |= _symmetry_columns(wyckoff, rows)
    if _ranks_by_cell(records):
        table[RANK] = [None if np.isnan(value) else float(value) for value in energy[rows]]
    names = kept_names(records)
    for name, column in records.table.items():
        if name not in DERIVED:
            table[names[name]] = [column[row] for row in rows]
    return table


def _symmetry_columns(wyckoff: Wyckoff, rows: npt.NDArray[np.int64]) -> Table:
    has_symmetry = (wyckoff.space_group_number[rows] > 0).tolist()
    columns = {
        "protostructure": wyckoff.protostructure,
        "space_group_number": wyckoff.space_group_number,
        "crystal_system": wyckoff.crystal_system,
        "n_wyckoff": wyckoff.n_wyckoff,
        "wyckoff_valid": wyckoff.valid,
    }
    if wyckoff.agrees is not None:
        columns["symmetry_engines_agree"] = wyckoff.agrees
    return {
        name: [
            v if present else None
            for v, present in zip(c[rows].tolist(), has_symmetry, strict=True)
        ]
        for name, c in columns.items()
    }
