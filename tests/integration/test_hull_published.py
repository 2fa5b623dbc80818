"""Hulls of many entries against published distances and those of pymatgen."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from support.crystals import real

import matdata as md

pytestmark = pytest.mark.slow


@pytest.mark.real_data
def test_materials_project_entries_have_the_published_distances(tmp_path):
    cache = tmp_path / "cache"
    path = real("hull/Li-Co-Ni-O.json.gz")
    md.build(path, cache=cache, name="mp", split=None, symmetry="none", workers=1)
    table = md.hull("mp", cache=cache).table
    np.testing.assert_allclose(table.energy_above_hull, table.e_above_hull, atol=1e-9)
    np.testing.assert_allclose(table.formation_energy_per_atom, table.e_form_per_atom, atol=1e-9)
    assert ((table.energy_above_hull == 0.0) == table.is_stable).all()


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["Ba-F-La-Ni-O", "Ca-F-La-Ni-O"])
def test_five_element_systems_have_pymatgens_distances(tmp_path, name):
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core import Composition

    path, cache = real(f"hull/{name}.json.gz"), tmp_path / "cache"
    md.build(path, cache=cache, name="five", split=None, symmetry="none", workers=1)
    table = md.hull("five", cache=cache).table
    with gzip.open(path, "rt") as file:
        entries = json.load(file)
    ours = {
        one["entry_id"]: PDEntry(Composition(one["composition"]), one["energy"]) for one in entries
    }
    diagram = PhaseDiagram(list(ours.values()))
    expected = [diagram.get_e_above_hull(ours[name]) for name in table.index]
    np.testing.assert_allclose(table.energy_above_hull, expected, atol=1e-8)
    formation = [diagram.get_form_energy_per_atom(ours[name]) for name in table.index]
    np.testing.assert_allclose(table.formation_energy_per_atom, formation, atol=1e-8)
