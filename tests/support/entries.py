"""Computed entries as clients of the Materials Project hand them out, made in tests."""

from __future__ import annotations

import json
from pathlib import Path

from pymatgen.core import Composition, Lattice, Structure

SCHEME = "MaterialsProject2020Compatibility"


def cell(formula: str) -> dict:
    """A structure of a formula: its atoms on a line, 2 Å apart."""
    symbols = [s for s, n in Composition(formula).as_dict().items() for _ in range(int(n))]
    size = len(symbols)
    sites = [[k / size, 0.0, 0.0] for k in range(size)]
    return Structure(Lattice.orthorhombic(2.0 * size, 4.0, 5.0), symbols, sites).as_dict()


def adjustment(amount: float, atoms: float, scheme: str = SCHEME) -> dict:
    """An adjustment of the energy by `amount` per atom."""
    return {
        "@module": "pymatgen.entries.computed_entries",
        "@class": "CompositionEnergyAdjustment",
        "adj_per_atom": amount,
        "n_atoms": atoms,
        "cls": {"@class": scheme},
    }


def entry(name: str, formula: str, energy: float, adjustments=(), structure=True, **more) -> dict:
    """A ComputedStructureEntry, or a ComputedEntry, of an uncorrected energy in eV per cell."""
    parts = sum(one["adj_per_atom"] * one["n_atoms"] for one in adjustments)
    return {
        "@module": "pymatgen.entries.computed_entries",
        "@class": "ComputedStructureEntry" if structure else "ComputedEntry",
        "entry_id": name,
        "composition": Composition(formula).as_dict(),
        "energy": energy,
        "correction": parts,
        "energy_adjustments": list(adjustments),
        "parameters": {"run_type": "GGA"},
        **({"structure": cell(formula)} if structure else {}),
        **more,
    }


def bare(name: str, formula: str, energy: float) -> dict:
    """An energy and a composition without a class."""
    return {
        "entry_id": name,
        "composition": Composition(formula).as_dict(),
        "energy": energy,
        "name": f"{name} reference",
    }


def li_o(scheme: str = SCHEME) -> list[dict]:
    """Li, O2, Li2O (stable), two polymorphs of Li2O2 (one stable), and LiO2 (not stable).

    Formation energies in eV/atom: -2.0, -1.8 and -1.7, and -1.0.
    """

    def corrected(name, formula, energy, oxygen):
        return entry(name, formula, energy + oxygen, [adjustment(-1.0, oxygen, scheme)])

    return [
        entry("li", "Li2", -4.0),
        bare("o2", "O2", -10.0),
        corrected("li2o", "Li2O", 3 * -2.0 - 4.0 - 5.0, 1),
        corrected("li2o2", "Li2O2", 4 * -1.8 - 4.0 - 10.0, 2),
        corrected("li2o2-b", "Li2O2", 4 * -1.7 - 4.0 - 10.0, 2),
        corrected("lio2", "LiO2", 3 * -1.0 - 2.0 - 10.0, 2),
    ]


def write(path: Path, entries: list[dict]) -> Path:
    """Write a JSON list."""
    path.write_text(json.dumps(entries))
    return path
