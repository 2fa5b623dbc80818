"""Structures that are read when they are taken are those of the whole file, and no others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import mixed

import matdata as md
from matdata.store import stored_crystals
from matdata.store.dataset_rows import DatasetRows
from matdata.store.stored_crystals import StoredCrystals


@pytest.fixture(scope="module", params=[True, False], ids=["mixed", "complete"])
def dataset(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    records = mixed.rows(40, every=3 if request.param else 1000)[0 if request.param else 1 :]
    path = mixed.write_csv(folder / "rows.csv", records)
    return md.build(path, cache=folder / "cache", workers=1, split=None)


@given(st.lists(st.integers(0, 25), max_size=8), st.sampled_from([0, 3, 100]))
@settings(max_examples=30, deadline=None)
def test_taken_crystals_are_those_of_the_whole(dataset, places, gap):
    before = stored_crystals.GAP
    stored_crystals.GAP = gap
    try:
        crystals = StoredCrystals(DatasetRows(dataset))
        taken = crystals.take(places)
    finally:
        stored_crystals.GAP = before
    expected = dataset.crystals.take(np.array(places, dtype=np.int64))
    assert crystals.ids.tolist() == dataset.crystals.ids.tolist()
    assert crystals.rows.tolist() == dataset.structures.rows.tolist()
    assert taken.ids.tolist() == expected.ids.tolist()
    for name, column in expected.columns().items():
        assert np.array_equal(taken.columns()[name], column)


def test_a_search_for_near_duplicates_reads_no_whole_file(dataset, monkeypatch):
    dataset.split("50/25/25", name="s")
    fresh = md.open(dataset.ref, dataset.cache)
    expected = dataset.audit("s", near_duplicates=True).to_json()
    monkeypatch.setattr("matdata.store.dataset_folder.read_structures", _refuse)
    assert fresh.audit("s", near_duplicates=True).to_json() == expected


def _refuse(*arguments):
    raise AssertionError("all structures are read")
