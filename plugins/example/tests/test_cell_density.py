from __future__ import annotations

import itertools

import numpy as np
from pymatgen.core import Structure
from support.crystals import few, many

import matdata as md


def test_density_equals_pymatgen():
    crystals = few()
    ours = md.compute("cell-density", crystals)
    theirs = []
    for row, (begin, end) in enumerate(itertools.pairwise(crystals.offsets)):
        numbers, places = crystals.numbers[begin:end], crystals.frac_coords[begin:end]
        theirs.append(float(Structure(crystals.lattice[row], numbers, places).density))
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
