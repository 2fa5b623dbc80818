"""Hull energies, decompositions and phase-separation energies against pymatgen."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition
from support.crystals import real

from matdata.core import elements
from matdata.core.composition import Compositions
from matdata.phases.reference import HullReference

NUMBER = {symbol: z for z, symbol in enumerate(elements.symbols())}
ATOL = 1e-8


def both(pairs):
    """pymatgen's diagram with its entries, and ours with compositions and energies per atom."""
    entries = [PDEntry(composition, energy) for composition, energy in pairs]
    amounts = [{NUMBER[e.symbol]: a for e, a in c.items()} for c, _ in pairs]
    compositions = Compositions.from_amounts([str(k) for k in range(len(pairs))], amounts)
    energies = np.array([entry.energy_per_atom for entry in entries])
    ours = HullReference.build(compositions, energies)
    return PhaseDiagram(entries), entries, ours, compositions, energies


def check(pairs):
    """Compare all three on the entries themselves."""
    diagram, entries, ours, compositions, energies = both(pairs)
    above = [diagram.get_e_above_hull(one) for one in entries]
    np.testing.assert_allclose(energies - ours.energies(compositions), above, atol=ATOL)
    mixed = ours.mixtures(compositions)
    for row in range(0, len(entries), 7):
        theirs = diagram.get_decomposition(entries[row].composition)
        energy = sum(phase.energy_per_atom * amount for phase, amount in theirs.items())
        assert mixed.energies[row] == pytest.approx(energy, abs=ATOL)
    others = ours.mixtures_of_others(compositions).energies
    tolerances = {"tols": (1e-12, 1e-10, 1e-8)}
    apart = [diagram.get_phase_separation_energy(one, **tolerances) for one in entries]
    np.testing.assert_allclose(energies - others, apart, atol=1e-7)  # theirs is iterative


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["Ba-F-La-Ni-O", "Ca-F-La-Ni-O", "Li-Co-Ni-O"])
@pytest.mark.slow
def test_real_entries(name):
    with gzip.open(real(f"hull/{name}.json.gz"), "rt") as file:
        entries = json.load(file)
    check(
        [(Composition(e["composition"]), e["energy"] + e.get("correction", 0.0)) for e in entries]
    )


@pytest.mark.parametrize("seed", range(12))
def test_random_chemical_systems(seed):
    rng = np.random.default_rng(seed)
    symbols = rng.choice(elements.symbols()[1:90], rng.integers(2, 6), replace=False)
    pairs = [(Composition({s: 1}), float(rng.normal(-3, 1))) for s in symbols]
    for _ in range(60):
        some = rng.choice(symbols, rng.integers(2, len(symbols) + 1), replace=False)
        composition = Composition({s: int(rng.integers(1, 7)) for s in some})
        pairs.append((composition, float(rng.normal(-3.5, 1)) * composition.num_atoms))
    check(pairs)
