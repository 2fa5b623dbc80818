"""Reading some rows of a shard reads no more than the entries between the first and the last."""

import numpy as np
import pytest

from matdata.core.crystals import Ragged, offsets_of
from matdata.core.digest import digest_file
from matdata.store.backends import backend
from matdata.store.sharded import ShardedArrays, shard_arrays

ROWS = 50
ASKED = [[0], [49], [3, 4, 5], [20, 7, 31], [7, 7], list(range(50)), [60, 10, 99, 0]]


@pytest.fixture(params=["zarr", "hdf5"])
def stored(request, tmp_path):
    """Two shards of 50 rows with a field per crystal and one per site, and the whole columns."""
    store = backend(request.param)
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 5, 2 * ROWS)
    own = rng.random((2 * ROWS, 3))
    sites = Ragged(rng.random(int(lengths.sum())), offsets_of(lengths))
    levels = {"own": "crystal", "sites": "site"}
    files, parts = {}, []
    (tmp_path / "shards").mkdir()
    for k in range(2):
        rows = np.arange(k * ROWS, (k + 1) * ROWS)
        part = f"shards/{k:05d}{store.SUFFIX}"
        arrays = shard_arrays({"own": own[rows], "sites": sites.take(rows)}, levels, rows)
        store.write(tmp_path / part, arrays)
        parts.append({"part": part, "rows": ROWS})
    for path in tmp_path.rglob("*"):
        if path.is_file():
            name = path.relative_to(tmp_path).as_posix()
            files[name] = (path.stat().st_size, digest_file(path))
    fields = [
        {"name": "own", "level": "crystal", "shape": [3], "dtype": "float64"},
        {"name": "sites", "level": "site", "shape": [], "dtype": "float64"},
    ]
    manifest = {"store": request.param, "fields": fields, "parts": parts, "files": files}
    return ShardedArrays(tmp_path, manifest), own, sites


@pytest.mark.parametrize("asked", ASKED)
def test_some_rows_are_those_of_the_whole(stored, asked):
    arrays, own, sites = stored
    columns = arrays.read(["own", "sites"], np.array(asked))
    np.testing.assert_array_equal(columns["own"], own[asked])
    expected = sites.take(np.array(asked))
    np.testing.assert_array_equal(columns["sites"].values, expected.values)
    np.testing.assert_array_equal(columns["sites"].offsets, expected.offsets)


def test_no_more_is_read_than_lies_between_them(stored, monkeypatch):
    arrays, own, _ = stored
    arrays.read(["own"], np.array([0]))
    shard, reads = arrays._shard(0), []
    read = type(shard).read

    def noted(self, name, start=0, stop=None):
        reads.append((name, start, stop))
        return read(self, name, start, stop)

    monkeypatch.setattr(type(shard), "read", noted)
    arrays.read(["own"], np.array([12, 9, 14]))
    assert reads == [("own", 9, 15)]
    reads.clear()
    np.testing.assert_array_equal(arrays.read(["own"])["own"], own)
    assert [stop for _, _, stop in reads] == [None, None]
