"""The crystals and formulas of which all seeds are made, and texts of them in each notation.

Everything is written here by hand: seeds must not change with a version of another library.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ase.data import chemical_symbols

from fuzz.records import Crystal

CRYSTALS = (
    Crystal([[4.12, 0, 0], [0, 4.12, 0], [0, 0, 4.12]], [[0, 0, 0], [0.5, 0.5, 0.5]], [55, 17]),
    Crystal(
        [[3.905, 0, 0], [0, 3.905, 0], [0, 0, 3.905]],
        [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]],
        [38, 22, 8, 8, 8],
    ),
    Crystal(
        [[3.25, 0, 0], [-1.625, 2.8145825, 0], [0, 0, 5.2]],
        [[0.31, 0.67, 0], [0.68, 0.32, 0.5], [0.31, 0.67, 0.382], [0.68, 0.32, 0.882]],
        [30, 30, 8, 8],
    ),
    Crystal(
        [[4.1, 0.2, -0.3], [0.5, 5.3, 0.4], [-0.7, 0.1, 6.2]],
        [[0.01, 0.02, 0.03], [0.31, 0.72, 0.41], [0.65, 0.27, 0.83]],
        [22, 16, 16],
    ),
    Crystal([[3.35, 0, 0], [0, 3.35, 0], [0, 0, 3.35]], [[0, 0, 0]], [84]),
)  # fmt: skip
IDS = ("x-01", "x-02", "007", "mp-149", "x-05")
ENERGIES = (-3.25, -8.0625, -4.5, -5.125, -0.875)
GAPS = (5.5, 1.8, 3.4375, 0.0, 0.25)
FORMULAS = {
    "NaCl": {11: 1, 17: 1},
    "Fe2O3": {26: 2, 8: 3},
    "LiFePO4": {3: 1, 26: 1, 15: 1, 8: 4},
    "Ca(OH)2": {20: 1, 8: 2, 1: 2},
    "Li0.5CoO2": {3: 0.5, 27: 1, 8: 2},
    "K2[PtCl6]": {19: 2, 78: 1, 17: 6},
    "Al2(SO4)3": {13: 2, 16: 3, 8: 12},
    "NaN": {11: 1, 7: 1},
    "GaAs": {31: 1, 33: 1},
    "YBa2Cu3O6.93": {39: 1, 56: 2, 29: 3, 8: 6.93},
    "MgO": {12: 1, 8: 1},
    "ZnS": {30: 1, 16: 1},
}
NUMBERS = {symbol: number for number, symbol in enumerate(chemical_symbols) if number} | {
    "D": 1, "T": 1,
}  # fmt: skip


def symbols(crystal: Crystal) -> list[str]:
    """Element symbols of the sites."""
    return [chemical_symbols[number] for number in crystal.numbers]


def cartesian(crystal: Crystal) -> list[list[float]]:
    """Cartesian coordinates in Å."""
    places = np.array(crystal.coords) @ np.array(crystal.lattice)
    return [[round(float(x), 9) for x in place] for place in places]


def pymatgen_dict(crystal: Crystal) -> dict[str, Any]:
    """The document that pymatgen's ``Structure.as_dict()`` is, without what repeats it."""
    sites = [
        {"species": [{"element": symbol, "occu": 1}], "abc": list(place), "label": symbol}
        for symbol, place in zip(symbols(crystal), crystal.coords, strict=True)
    ]
    lattice = {"matrix": [list(row) for row in crystal.lattice], "pbc": [True, True, True]}
    head = {"@module": "pymatgen.core.structure", "@class": "Structure", "charge": 0}
    return {**head, "lattice": lattice, "sites": sites}


def jarvis_dict(crystal: Crystal) -> dict[str, Any]:
    """The document that JARVIS's ``Atoms.to_dict()`` is."""
    return {
        "lattice_mat": [list(row) for row in crystal.lattice],
        "coords": [list(place) for place in crystal.coords],
        "elements": symbols(crystal),
        "cartesian": False,
        "props": [""] * len(crystal.numbers),
    }


def optimade_entry(k: int) -> dict[str, Any]:
    """An entry of an OPTIMADE answer."""
    crystal = CRYSTALS[k]
    found = symbols(crystal)
    species = [
        {"name": one, "chemical_symbols": [one], "concentration": [1.0]}
        for one in dict.fromkeys(found)
    ]
    attributes = {
        "nsites": len(found),
        "nelements": len(species),
        "dimension_types": [1, 1, 1],
        "nperiodic_dimensions": 3,
        "lattice_vectors": [list(row) for row in crystal.lattice],
        "cartesian_site_positions": cartesian(crystal),
        "species_at_sites": found,
        "species": species,
        "structure_features": [],
        "last_modified": "2026-01-02T03:04:05Z",
        "_xx_gap": GAPS[k],
    }
    return {"type": "structures", "id": IDS[k], "attributes": attributes}


def poscar(crystal: Crystal, form: int = 0) -> str:
    """A POSCAR: 0 fractional, 1 Cartesian with a scale, 2 selective dynamics."""
    found = symbols(crystal)
    names = list(dict.fromkeys(found))
    scale = 2.0 if form == 1 else 1.0
    lines = ["a crystal", f"{scale}"]
    lines += [" ".join(f"{x / scale:.10f}" for x in row) for row in crystal.lattice]
    lines += [" ".join(names), " ".join(str(found.count(name)) for name in names)]
    lines += ["Selective dynamics"] if form == 2 else []
    lines += ["Cartesian" if form == 1 else "Direct"]
    places = cartesian(crystal) if form == 1 else crystal.coords
    tail = " T T F" if form == 2 else ""
    lines += [" ".join(f"{x / (scale if form == 1 else 1):.10f}" for x in row) + tail
              for row in places]  # fmt: skip
    return "\n".join(lines) + "\n"


def frame(k: int) -> str:
    """A frame of extended XYZ."""
    crystal = CRYSTALS[k]
    cell = " ".join(str(float(x)) for row in crystal.lattice for x in row)
    head = (
        f'Lattice="{cell}" Properties=species:S:1:pos:R:3 material_id={IDS[k]} '
        f'energy_per_atom={ENERGIES[k]} gap={GAPS[k]} pbc="T T T"'
    )
    rows = [
        f"{symbol} " + " ".join(f"{x:.9f}" for x in place)
        for symbol, place in zip(symbols(crystal), cartesian(crystal), strict=True)
    ]
    return "\n".join([str(len(rows)), head, *rows]) + "\n"


def cif(k: int) -> str:
    """A CIF block of a crystal with its full cell."""
    crystal = CRYSTALS[k]
    return cif_block(f"x{k + 1}", crystal, crystal.numbers, crystal.coords, "P 1", ("x,y,z",))


def cif_block(
    name: str,
    crystal: Crystal,
    numbers: Any,
    coords: Any,
    symbol: str,
    operations: tuple[str, ...],
) -> str:
    """A CIF block of an asymmetric unit; the cell is the crystal's."""
    cell = np.array(crystal.lattice)
    a, b, c = (float(np.linalg.norm(row)) for row in cell)
    pairs = ((1, 2, b, c), (0, 2, a, c), (0, 1, a, b))
    angles = [np.degrees(np.arccos(cell[i] @ cell[j] / (m * n))) for i, j, m, n in pairs]
    lines = [f"data_{name}", f"_symmetry_space_group_name_H-M '{symbol}'"]
    lines += [f"_cell_length_{key} {x:.10f}" for key, x in zip("abc", (a, b, c), strict=True)]
    words = ("alpha", "beta", "gamma")
    lines += [f"_cell_angle_{key} {x:.10f}" for key, x in zip(words, angles, strict=True)]
    lines += ["loop_", "_symmetry_equiv_pos_as_xyz", *(f"'{one}'" for one in operations), "loop_"]
    lines += [f"_atom_site_{key}" for key in ("label", "type_symbol")]
    lines += [f"_atom_site_fract_{key}" for key in "xyz"] + ["_atom_site_occupancy"]
    for n, (number, place) in enumerate(zip(numbers, coords, strict=True), start=1):
        element = chemical_symbols[number]
        lines.append(f"{element}{n} {element} " + " ".join(f"{x:.6f}" for x in place) + " 1.0")
    return "\n".join(lines) + "\n"
