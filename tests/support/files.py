"""Writes small files of every format that a source reads."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

from matdata.adapters.ase import to_atoms, write_frames
from matdata.adapters.pymatgen import to_structure
from matdata.core.crystals import Crystals


def cif(crystals: Crystals, row: int) -> str:
    return str(to_structure(crystals, row).to(fmt="cif"))


def poscar(crystals: Crystals, row: int) -> str:
    return str(to_structure(crystals, row).to(fmt="poscar"))


def energies(crystals: Crystals) -> list[float]:
    return [-1.0 - 0.01 * row for row in range(len(crystals))]


def write_csv(path: Path, crystals: Crystals, **columns: list[Any]) -> Path:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["material_id", "cif", "energy_per_atom", *columns])
        for row, energy in enumerate(energies(crystals)):
            extra = [column[row] for column in columns.values()]
            writer.writerow([crystals.ids[row], cif(crystals, row), energy, *extra])
    return path


def write_split_json(path: Path, crystals: Crystals) -> Path:
    data = {
        "index": list(range(len(crystals))),
        "columns": ["structure", "band gap"],
        "data": [[to_structure(crystals, k).as_dict(), 0.5 * k] for k in range(len(crystals))],
    }
    with gzip.open(path, "wt") as file:
        json.dump(data, file)
    return path


def mp_document(crystals: Crystals, row: int) -> dict[str, Any]:
    structure = to_structure(crystals, row)
    return {
        "material_id": str(crystals.ids[row]),
        "formula_pretty": structure.composition.reduced_formula,
        "structure": structure.as_dict(),
        "energy_per_atom": energies(crystals)[row],
        "formation_energy_per_atom": -0.5,
        "band_gap": 0.1 * row,
        "deprecated": False,
        "bulk_modulus": {"voigt": 1.0, "reuss": 2.0, "vrh": 1.5} if row % 2 else None,
        "symmetry": {"number": 225, "symbol": "Fm-3m"},
    }


def write_jsonl(path: Path, crystals: Crystals) -> Path:
    lines = [json.dumps(mp_document(crystals, row)) for row in range(len(crystals))]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_extxyz(path: Path, crystals: Crystals) -> Path:
    columns = {"material_id": crystals.ids.tolist(), "energy_per_atom": energies(crystals)}
    write_frames(path, crystals, columns)
    return path


def write_ase_db(path: Path, crystals: Crystals) -> Path:
    from ase.db import connect

    with connect(path) as database:
        for row, energy in enumerate(energies(crystals)):
            database.write(to_atoms(crystals, row), gap=0.5, energy_per_atom=energy)
    return path


def write_folder(path: Path, crystals: Crystals, properties: bool = True) -> Path:
    path.mkdir()
    for row, name in enumerate(crystals.ids):
        if row % 2:
            (path / f"{name}.vasp").write_text(poscar(crystals, row))
        else:
            (path / f"{name}.cif").write_text(cif(crystals, row))
    if properties:
        names = crystals.ids.tolist()
        lines = [f"{n},{e}" for n, e in zip(names, energies(crystals), strict=True)]
        (path / "id_prop.csv").write_text("\n".join(lines) + "\n")
    return path
