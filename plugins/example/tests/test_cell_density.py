from __future__ import annotations

import numpy as np
from support.crystals import few, many

import matdata as md


def test_density_equals_pymatgen():
    crystals = few()
    from matdata.adapters.pymatgen import to_structure

    ours = md.compute("cell-density", crystals)
    theirs = [float(to_structure(crystals, row).density) for row in range(len(crystals))]
    np.testing.assert_allclose(ours.values[:, 0], theirs, rtol=1e-6)
    np.testing.assert_allclose(ours.values[:, 1], crystals.volume / crystals.n_sites)
    assert list(ours.labels) == ["density", "volume_per_atom"]


def test_it_is_built_like_any_other(tmp_path):
    from support.files import write_csv

    path = write_csv(tmp_path / "some.csv", many(9))
    dataset = md.build(path, features=["cell-density"], cache=tmp_path / "cache", workers=1)
    feature = dataset.feature("cell-density")
    again = md.compute("cell-density", dataset.crystals)
    np.testing.assert_array_equal(feature.dense(), again.values)
