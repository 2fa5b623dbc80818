"""Crystals at some rows of a set of materials."""

from __future__ import annotations

import numpy as np
import pytest
from support.crystals import few

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals
from matdata.core.errors import SourceError, StructureError
from matdata.core.structures import Structures
from matdata.sources.base import Chunk
from matdata.store.columns import read_structures, write_structures

IDS = ["a", "nacl", "b", "sto", "cscl", "c"]
ROWS = np.array([1, 3, 4])


@pytest.fixture
def some():
    return Structures(np.array(IDS), few().take([0, 1, 2]), ROWS)


def test_rows_with_and_without(some):
    assert len(some) == 6
    assert not some.is_complete
    assert some.present.tolist() == [False, True, False, True, True, False]
    assert some.missing.tolist() == [0, 2, 5]
    assert [some.position(row) for row in range(6)] == [None, 0, None, 1, 2, None]
    assert some.crystal(0) is None
    assert some.crystal(3).digest() == few().take([1]).digest()
    assert some.scatter(np.array([5, 6, 7]), 0).tolist() == [0, 5, 0, 6, 7, 0]
    assert some.cells(np.array([5, 6, 7])) == [None, 5, None, 6, 7, None]


@pytest.mark.parametrize("key", [slice(1, 4), [4, 0, 3, 3], [0, 2], np.arange(6) % 2 == 0])
def test_taken_rows_keep_their_structures(some, key):
    taken = some.take(key)
    rows = np.arange(6)[key]
    assert taken.ids.tolist() == [IDS[row] for row in rows]
    for place, row in enumerate(rows.tolist()):
        one, other = taken.crystal(place), some.crystal(row)
        assert (one is None and other is None) or one.digest() == other.digest()


def test_complete_and_empty_sets():
    whole = Structures.of(few())
    assert whole.is_complete
    assert whole.digest() == few().digest()
    assert whole.take([2, 0]).crystals.ids.tolist() == ["cscl", "nacl"]
    none = Structures.none(["x", "y"])
    assert (none.present.tolist(), none.missing.tolist()) == ([False, False], [0, 1])
    joined = Structures.concat([none, whole, none])
    assert joined.rows.tolist() == [2, 3, 4, 5]
    assert joined.crystals.digest() == few().digest()
    assert Structures.concat([whole, whole]).is_complete


def test_digests_tell_rows_apart(some):
    moved = Structures(some.ids, some.crystals, np.array([0, 3, 4]))
    assert len({some.digest(), moved.digest(), some.crystals.digest()}) == 3


@pytest.mark.parametrize("rows", [[1, 3], [1, 1, 2], [3, 2, 1], [-1, 2, 3], [1, 2, 6]])
def test_rows_are_checked(rows):
    with pytest.raises(StructureError, match="one ascending row per crystal"):
        Structures(np.array(IDS), few().take([0, 1, 2]), np.array(rows))


def test_files_hold_rows_only_where_some_are_missing(some, tmp_path):
    write_structures(tmp_path / "some.h5", some)
    again = read_structures(tmp_path / "some.h5", IDS)
    assert again.digest() == some.digest()
    assert again.crystals.ids.tolist() == ["nacl", "sto", "cscl"]
    write_structures(tmp_path / "whole.h5", Structures.of(few()))
    rewritten = read_structures(tmp_path / "whole.h5", few().ids.tolist())
    assert rewritten.is_complete
    assert rewritten.digest() == few().digest()


def test_compositions_of_all_rows(some):
    formulas = ["Fe2O3", None, "H2O", None, None, "Fe4O6"]
    found = Compositions.from_rows(some, formulas)
    assert found.ids.tolist() == IDS
    assert found.reduced_formulas() == ["Fe2O3", "NaCl", "H2O", "SrTiO3", "CsCl", "Fe2O3"]
    assert found.amounts_of(5) == {8: 6.0, 26: 4.0}
    alone = Compositions.from_rows(Structures.none(["x"]), ["MgO"])
    assert alone.reduced_formulas() == ["MgO"]


def test_a_chunk_says_which_records_have_a_structure(some):
    table = {"material_id": IDS, "formula": ["Fe2O3", None, "H2O", None, None, "MgO"]}
    chunk = Chunk(some.crystals, table, [], ROWS)
    assert chunk.structures.digest() == some.digest()
    taken = chunk.take([3, 5])
    assert taken.table["formula"] == [None, "MgO"]
    assert taken.structures.rows.tolist() == [0]
    assert Chunk(few(), {"material_id": few().ids.tolist()}).structures.is_complete
    assert Chunk(None, table).structures.missing.tolist() == [0, 1, 2, 3, 4, 5]


def test_unusable_ids_of_a_mixed_chunk_are_rejects(some):
    ids = ["a", "nacl", " ", "bad\nid", "cscl", "x" * 600]
    formulas = ["Fe2O3", None, "H2O", None, None, "MgO"]
    chunk = Chunk(some.crystals, {"material_id": ids, "formula": formulas}, [], ROWS)
    usable = chunk.with_usable_ids()
    assert usable.table == {"material_id": ["a", "nacl", "cscl"], "formula": ["Fe2O3", None, None]}
    assert usable.structures.rows.tolist() == [1, 2]
    assert [reject.reason for reject in usable.rejects] == ["bad_id"] * 3


def test_records_with_neither_are_refused(some):
    with pytest.raises(SourceError, match="2 records of a chunk have neither"):
        Chunk(some.crystals, {"material_id": IDS, "formula": ["MgO", *[None] * 5]}, [], ROWS)
    with pytest.raises(SourceError, match="one ascending row per crystal"):
        Chunk(few(), {"material_id": IDS, "formula": ["MgO"] * 6}, [], ROWS)
    with pytest.raises(SourceError, match="differ in length"):
        Chunk(Crystals.empty(), {"material_id": IDS})
