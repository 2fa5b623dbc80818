"""Primitive cells are those of spglib, on known crystals and on supercells of public ones."""

from __future__ import annotations

import numpy as np
import pytest
from support.crystals import few, many, read, real

from matdata.core.crystals import Crystals
from matdata.core.tolerances import SYMPREC
from matdata.features import featurizer
from matdata.symmetry.cell import plain_cells
from matdata.symmetry.primitive import primitive_cells
from matdata.testing import invariance

spglib = pytest.importorskip("spglib")


def of_spglib(crystals: Crystals) -> Crystals:
    cells = [
        spglib.standardize_cell(cell, to_primitive=True, no_idealize=True, symprec=SYMPREC)
        for cell in plain_cells(crystals)
    ]
    return Crystals.from_lists(crystals.ids, *zip(*cells, strict=True))


def require_same(crystals: Crystals) -> None:
    """As many sites, and the same distances by elements within 1e-4 Å."""
    mine, theirs = primitive_cells(crystals), of_spglib(crystals)
    assert not mine.rejects
    assert mine.crystals.n_sites.tolist() == theirs.n_sites.tolist()
    graph = featurizer("graph", {"radius": 4.0, "max_neighbours": 0, "isolated": "keep"})
    one, other = graph.featurize(mine.crystals), graph.featurize(theirs)
    for row in range(len(crystals)):
        sorted_edges = []
        for block in (one, other):
            stored = {name: column[row] for name, column in block.fields.items()}
            ends = stored["numbers"][stored["sender"]], stored["numbers"][stored["receiver"]]
            order = np.lexsort((stored["distance"], *ends))
            sorted_edges.append((*(end[order] for end in ends), stored["distance"][order]))
        for mine_column, their_column in zip(*sorted_edges, strict=True):
            np.testing.assert_allclose(mine_column, their_column, rtol=0, atol=1e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_of_known_crystals():
    require_same(Crystals.concat([few(), many(9)]))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_of_supercells_of_public_crystals():
    crystals = read(real("phonons/matbench_phonons.json.gz"), 60)
    small = crystals.take(crystals.n_sites < 9)
    require_same(small)
    require_same(invariance.supercell(small, (1, 2, 1))[0])
