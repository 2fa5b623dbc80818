"""A graph does not depend on how a crystal was written, also where the last neighbour ties."""

from __future__ import annotations

import numpy as np
import pytest
from support.crystals import few, many

from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.testing import invariance

SETTINGS = [
    {"radius": 5.0, "max_neighbours": 12},
    {"radius": 5.0, "max_neighbours": 12, "ties": "drop"},
    {"radius": 0.0, "max_neighbours": 10},
    {"radius": 4.3, "max_neighbours": 0},
]


def summary(crystals: Crystals, settings: dict[str, object]) -> list[list[tuple[object, ...]]]:
    """For each crystal the sorted neighbourhoods: own element, and (distance, element) pairs."""
    block = featurizer("graph", {**settings, "isolated": "keep"}).featurize(crystals)
    assert len(block.rows) == len(crystals)
    out = []
    for row in range(len(crystals)):
        numbers = block.fields["numbers"][row]
        sender, receiver = block.fields["sender"][row], block.fields["receiver"][row]
        distance = np.round(block.fields["distance"][row].astype(float), 3)
        sites = []
        for site in range(len(numbers)):
            mine = sender == site
            pairs = zip(distance[mine].tolist(), numbers[receiver[mine]].tolist(), strict=True)
            sites.append((int(numbers[site]), tuple(sorted(pairs))))
        out.append(sorted(sites))
    return out


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("seed", range(2))
def test_translation_rotation_permutation_cell_and_supercell(settings, seed: int):
    rng = np.random.default_rng(seed)
    for crystals in (few(), many(9, seed)):
        before = summary(crystals, settings)
        columns = {name: column.copy() for name, column in crystals.columns().items()}
        assert summary(invariance.translate(crystals, rng.random(3) * 5), settings) == before
        turned = invariance.rotate(crystals, invariance.rotation_matrix(rng))
        assert summary(turned, settings) == before
        assert summary(invariance.permute(crystals, rng)[0], settings) == before
        other = invariance.unimodular(crystals, invariance.unimodular_matrix(rng))
        assert summary(other, settings) == before
        doubled = summary(invariance.supercell(crystals, (2, 1, 1))[0], settings)
        assert doubled == [sorted(2 * sites) for sites in before]
        for name, column in crystals.columns().items():
            np.testing.assert_array_equal(column, columns[name])
