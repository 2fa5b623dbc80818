"""Edges against pymatgen's `get_neighbor_list`."""

from __future__ import annotations

import numpy as np
import pytest
from support.crystals import few, many, real

from matdata.adapters.pymatgen import to_structure
from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.testing import invariance

RADIUS = 4.7123  # no pair of these crystals lies on it to within round-off


def compare(crystals: Crystals) -> int:
    made = featurizer("graph", {"radius": RADIUS, "max_neighbours": 0, "isolated": "keep"})
    block = made.featurize(crystals)
    assert len(block.rows) == len(crystals)
    total = 0
    for row in range(len(crystals)):
        out, into, image, distance = to_structure(crystals, row).get_neighbor_list(RADIUS)
        theirs = np.column_stack([out, into, image]).astype(int)
        order = np.lexsort(theirs.T)
        names = ("sender", "receiver", "image")
        ours = np.column_stack([block.fields[name][row].astype(int) for name in names])
        back = np.lexsort(ours.T)
        np.testing.assert_array_equal(ours[back], theirs[order])
        stored = block.fields["distance"][row]
        np.testing.assert_allclose(stored[back], distance[order], rtol=1e-6)
        total += len(out)
    return total


def test_small_crystals_and_skewed_cells():
    rng = np.random.default_rng(0)
    assert compare(few()) > 100
    for crystals in (many(12), few()):
        compare(invariance.unimodular(crystals, invariance.unimodular_matrix(rng)))


@pytest.mark.real_data
def test_real_perovskites_and_oxides():
    from matdata.sources import find_source
    from matdata.sources.base import Request
    from matdata.sources.read_options import ReadOptions

    path = real("nomad2018/train.extxyz.gz")
    source = find_source(str(path), Request("", 40, 0, ReadOptions.from_mapping({})))
    chunks = [source.parse(raw) for raw in source.raw_chunks(0)]
    crystals = Crystals.concat([chunk.crystals for chunk in chunks]).take(slice(0, 40))
    assert compare(crystals) > 10_000
