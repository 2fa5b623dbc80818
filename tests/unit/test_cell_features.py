"""Cells, space groups, and what several features have in common."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from support.crystals import few, many

import matdata as md
from matdata.adapters.pymatgen import to_structure
from matdata.materials.compute import compute
from matdata.testing import invariance


def test_lattice_equals_pymatgen():
    rng = np.random.default_rng(0)
    crystals = invariance.unimodular(many(9), invariance.unimodular_matrix(rng))
    done = compute("lattice", crystals)
    for row, values in enumerate(done.values):
        structure = to_structure(crystals, row)
        expected = [*structure.lattice.parameters, structure.volume]
        np.testing.assert_allclose(values, [*expected, structure.volume / len(structure)], 1e-9)
    assert len(done.labels) == len(done.units) == 8


def test_a_flat_cell_is_a_ledger_row():
    crystals = few()
    lattice = crystals.lattice.copy()
    lattice[1, 2] = lattice[1, 1]
    lattice[2] = np.nan
    done = compute("lattice", replace(crystals, lattice=lattice))
    assert {reject.reason for reject in done.rejects} == {"degenerate_lattice"}
    assert done.ids.tolist() == ["nacl", "po"]
    assert np.isfinite(done.values).all()


def test_space_groups_are_one_hots():
    done = compute("space-group", few())
    assert done.values.shape == (4, 237) == (4, len(done.labels))
    assert (done.values.sum(axis=1) == 2).all()
    assert (np.argmax(done.values[:, :230], axis=1) + 1).tolist() == [225, 221, 221, 221]
    assert done.values[:, -1].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("engine", ["moyopy", "spglib"])
def test_space_groups_survive_another_cell(engine: str):
    rng = np.random.default_rng(1)
    crystals = many(6)
    other = invariance.unimodular(crystals, invariance.unimodular_matrix(rng))
    before = compute("space-group", crystals, engine=engine).values
    np.testing.assert_array_equal(compute("space-group", other, engine=engine).values, before)


@pytest.mark.slow
def test_complete_keeps_what_all_features_have(tmp_path):
    path = tmp_path / "crystals.csv"
    crystals = few()
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["material_id", "cif"])
        for row in range(4):
            writer.writerow([crystals.ids[row], to_structure(crystals, row).to(fmt="cif")])
    specs = ["element:megnet16", "wyckoff", "graph", "magpie", "composition-set"]
    ds = md.build(
        path,
        features=specs,
        cache=tmp_path / "cache",
        set={"graph": {"radius": 3.0}},
    )
    assert ds.complete([]).ids.tolist() == ds.ids.tolist()
    common = ds.complete(specs)
    assert common.ids.tolist() == ["nacl", "sto"]
    assert common.rows.tolist() == [ds.row("nacl"), ds.row("sto")]
    assert {reject.reason for reject in common.lost["graph"]} == {"isolated_atom"}
    assert common.lost["magpie"] == []
    for spec in specs:
        dense = common.dense(spec)
        assert len(dense) == len(common) == 2
        for row, identity in enumerate(common.ids):
            np.testing.assert_array_equal(dense[row], ds.feature(spec)[identity])
    with pytest.raises(md.MatdataError, match="ofm"):
        ds.complete(["ofm"])
