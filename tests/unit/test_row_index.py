"""Rows of materials by id: checked wherever they are looked up."""

from __future__ import annotations

import re

import numpy as np
import pytest

import matdata as md
from matdata.core.row_index import RowIndex


def refuse(unknown):
    return md.StoreError(f"unknown: {', '.join(unknown)}")


def test_rows_are_those_of_the_ids_in_any_order():
    ids = np.array(["c", "a", "b", "aa"])
    index = RowIndex(ids)
    np.testing.assert_array_equal(index.rows(["b", "c", "b", "aa"], refuse), [2, 0, 2, 3])
    np.testing.assert_array_equal(index.find(np.array(["a", "z", "c"])), [1, -1, 0])
    assert index.rows([], refuse).dtype == np.int64
    assert RowIndex([]).find(["a"]).tolist() == [-1]
    assert index.get("aa") == 3
    assert index.get("aaa") is None
    assert "b" in index
    assert "z" not in index


def test_ids_that_are_not_there_are_all_named():
    index = RowIndex(["a", "b"])
    with pytest.raises(md.StoreError, match="unknown: zz, c"):
        index.rows(["a", "zz", "b", "c"], refuse)


def test_longer_ids_are_not_cut_to_the_length_of_those_that_are_there():
    assert RowIndex(np.array(["mp-1"])).find(["mp-12"]).tolist() == [-1]


def test_a_view_gives_no_row_to_an_id_that_it_lacks():
    from matdata.training.data import View

    view = View("set@1", np.array(["b", "a", "d"]), {}, {})
    assert view.rows(np.array(["d", "b"])).tolist() == [2, 0]
    message = "set@1 holds no materials 'c', 'zz'"
    with pytest.raises(md.StoreError, match=re.escape(message)):
        view.rows(np.array(["a", "c", "zz"]))
