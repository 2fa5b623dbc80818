"""Crystals have the same Wyckoff representation however they are written."""

from __future__ import annotations

import numpy as np
import pytest
from support.crystals import few, many

from matdata.features import featurizer
from matdata.testing import invariance


def _stored(crystals):
    made = featurizer("wyckoff")
    block = made.featurize(crystals)
    assert len(block.rows) == len(crystals)
    pairs = zip(block.fields["elements"], block.fields["positions"], strict=True)
    return [(a.tolist(), b.tolist()) for a, b in pairs]


@pytest.mark.parametrize("seed", range(3))
def test_translation_rotation_permutation_cell_and_supercell(seed: int):
    rng = np.random.default_rng(seed)
    for crystals in (few(), many(9, seed)):
        before, columns = _stored(crystals), {k: v.copy() for k, v in crystals.columns().items()}
        assert _stored(invariance.translate(crystals, rng.random(3) * 5)) == before
        assert _stored(invariance.rotate(crystals, invariance.rotation_matrix(rng))) == before
        assert _stored(invariance.permute(crystals, rng)[0]) == before
        assert _stored(invariance.unimodular(crystals, invariance.unimodular_matrix(rng))) == before
        assert _stored(invariance.supercell(crystals, (2, 1, 1))[0]) == before
        for name, column in crystals.columns().items():
            np.testing.assert_array_equal(column, columns[name])
