from __future__ import annotations

import numpy as np
import pytest
from support.crystals import few

from matdata.core.crystals import Crystals, Ragged, offsets_of
from matdata.core.errors import StructureError


def test_columns_of_a_batch():
    crystals = few()
    assert len(crystals) == 4
    assert crystals.n_sites.tolist() == [8, 5, 2, 1]
    np.testing.assert_allclose(crystals.volume[0], 5.64**3)
    np.testing.assert_allclose(crystals.cart_coords()[9], [0, 0, 0])
    assert crystals.site_crystal[-1] == 3


@pytest.mark.parametrize("key", [[2, 0], slice(1, 3), np.array([True, False, True, False]), [-1]])
def test_take_equals_taking_one_by_one(key):
    crystals = few()
    rows = np.arange(4)[key]
    taken = crystals.take(key)
    assert taken.ids.tolist() == crystals.ids[rows].tolist()
    joined = Crystals.concat([crystals.take([row]) for row in rows])
    assert taken.digest() == joined.digest()


def test_digest_sees_every_column():
    crystals = few()
    moved = crystals.frac_coords.copy()
    moved[3, 1] += 1e-15
    changed = Crystals(crystals.ids, crystals.lattice, moved, crystals.numbers, crystals.offsets)
    assert changed.digest() != crystals.digest()
    renamed = Crystals(["a", "b", "c", "d"], *crystals.columns().values())
    assert renamed.digest() != crystals.digest()


def test_no_crystals_is_a_batch_too():
    assert len(Crystals.empty()) == 0
    assert len(Crystals.concat([Crystals.empty(), few()])) == 4


@pytest.mark.parametrize(
    "change",
    [{"ids": ["a"]}, {"offsets": [0, 8, 13, 15, 17]}, {"numbers": [1]}, {"lattice": np.eye(3)}],
)
def test_columns_that_do_not_fit_are_refused(change):
    crystals = few()
    columns = {"ids": crystals.ids, **crystals.columns(), **change}
    with pytest.raises(StructureError, match="do not fit"):
        Crystals(**columns)


def test_ragged_rows():
    ragged = Ragged.from_rows([[1, 2], [], [3]], dtype=np.int64)
    assert [row.tolist() for row in ragged] == [[1, 2], [], [3]]
    assert ragged[-1].tolist() == [3]
    assert ragged.take([2, 0]).values.tolist() == [3, 1, 2]
    assert Ragged.concat([ragged, ragged]).lengths.tolist() == [2, 0, 1, 2, 0, 1]
    with pytest.raises(IndexError):
        ragged[3]
    with pytest.raises(ValueError, match="offsets"):
        Ragged(np.arange(3), np.array([0, 2]))


@pytest.mark.parametrize(
    "lengths", [[], [3], [2, 0, 5], np.array([255, 255], np.uint8), np.array([2**31] * 2, np.int64)]
)
def test_offsets_are_int64_and_their_differences_the_lengths(lengths):
    offsets = offsets_of(lengths)
    assert offsets.dtype == np.int64
    assert offsets[0] == 0
    assert np.diff(offsets).tolist() == list(lengths)
