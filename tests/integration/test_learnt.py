"""What commands learnt, kept in the cache: read again, checked, and swept."""

from __future__ import annotations

import numpy as np
import pytest

import matdata as md
from matdata.checks.cache import verify
from matdata.core.errors import StoreError
from matdata.housekeeping.workflow import gc
from matdata.store.learnt import learnt_path, read_learnt, write_learnt

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([True, False])}


def identity(dataset="0" * 64, **more):
    return {"dataset": dataset, "version": "1", **more}


def test_what_was_learnt_is_read_again_for_the_same_alone(tmp_path):
    assert read_learnt(tmp_path, "c", identity()) is None
    write_learnt(tmp_path, "c", identity(), ARRAYS)
    found = read_learnt(tmp_path, "c", identity())
    assert set(found) == set(ARRAYS)
    assert all(np.array_equal(found[name], ARRAYS[name]) for name in ARRAYS)
    for other in (identity(version="2"), identity(seed=1), identity("1" * 64)):
        assert read_learnt(tmp_path, "c", other) is None
    assert read_learnt(tmp_path, "d", identity()) is None


@pytest.mark.parametrize("fault", ["flipped", "cut", "renamed"])
def test_a_damaged_file_is_told_from_a_whole_one(tmp_path, fault):
    write_learnt(tmp_path, "c", identity(), ARRAYS)
    path = learnt_path(tmp_path, "c", identity())
    data = bytearray(path.read_bytes())
    if fault == "flipped":
        data[-1] ^= 1
    asked = identity(seed=7) if fault == "renamed" else identity()
    path.write_bytes(data[:-3] if fault == "cut" else data)
    if fault == "renamed":
        path.rename(learnt_path(tmp_path, "c", asked))
    with pytest.raises(StoreError, match="damaged"):
        read_learnt(tmp_path, "c", asked)
    assert any("damaged" in one.what for one in verify(tmp_path).faults)
    gone = gc(cache=tmp_path).removed
    assert [one.kind for one in gone] == ["learnt"]
    assert not verify(tmp_path).faults


def test_it_stays_as_long_as_its_dataset(tmp_path):
    cache = tmp_path / "cache"
    path = tmp_path / "t.csv"
    path.write_text("formula,y\nFe2O3,1\nNaCl,2\nMgO,3\n")
    dataset = md.build(path, cache=cache, name="t", workers=1, split=None)
    write_learnt(cache, "c", identity(dataset.digest), ARRAYS)
    write_learnt(cache, "c", identity("f" * 64), ARRAYS)
    report = verify(cache)
    assert not report.faults
    assert not report.notes
    removed = gc(cache=cache).removed
    assert [(one.kind, one.why) for one in removed] == [("learnt", "from a dataset that is gone")]
    assert read_learnt(cache, "c", identity(dataset.digest)) is not None
