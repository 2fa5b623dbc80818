"""Features that are read where they lie: by blocks, checked by digest, kept up to a limit."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

import matdata as md
from matdata.core.digest import digest_bytes
from matdata.sharing import record, remote_file, retrying
from matdata.sharing.artefacts import file_record
from matdata.sharing.block_cache import BlockCache
from matdata.sharing.folder import LocalFolder
from matdata.store.walk import folder_size

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 64 bytes, so that the files of these tests have several."""
    from matdata.sharing import artefacts

    for module in (record, artefacts, remote_file):
        monkeypatch.setattr(module, "BLOCK", 64)
    monkeypatch.setattr(retrying, "PAUSE", 0.0)


@pytest.fixture
def shared(small_blocks, tmp_path):
    """A folder with a dataset and two stores of one feature."""
    folder = tmp_path / "shared"
    md.push("golden", folder, features="all", cache=GOLDEN)
    return folder


@pytest.fixture
def ds(shared, tmp_path):
    """The dataset, opened at its address."""
    return md.open(f"file://{shared}/golden", cache=tmp_path / "other")


def stores(shared):
    return sorted(path.stem for path in shared.glob("features/golden*/ofm-*.json"))


def test_a_feature_is_read_without_pulling_it(ds, shared, tmp_path):
    assert ds.ref == "golden@local-5ca89036"
    own = md.open("golden", GOLDEN)
    for name in stores(shared):
        digest = name.rpartition("-")[2]
        one, two = own.feature(f"ofm@{digest}"), ds.feature(f"ofm@{digest}")
        np.testing.assert_array_equal(one.dense().values, two.dense().values)
        some = own.ids[[5, 1, 3]].tolist()
        np.testing.assert_array_equal(one.dense(some).values, two.dense(some).values)
        assert one.rejects() == two.rejects()
    assert not list((tmp_path / "other").glob("features/*/*/manifest.json"))
    assert md.verify(cache=tmp_path / "other").faults == []


def test_only_blocks_that_are_needed_are_read_and_once(ds, shared, monkeypatch):
    read, range_of = [], LocalFolder.read_range

    def watching(self, name, start, stop):
        read.append((name, start, stop))
        return range_of(self, name, start, stop)

    monkeypatch.setattr(LocalFolder, "read_range", watching)
    feature = ds.feature("fractions")
    feature.dense([ds.ids[0]])
    assert read
    assert len(set(read)) == len(read)
    assert all(stop - start <= 64 for _, start, stop in read)
    count = len(read)
    ds.feature("fractions").dense([ds.ids[0]])
    assert len(read) == count


@pytest.mark.slow
def test_hdf5_is_read_by_range(small_blocks, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    md.build("sample:200", features=["fractions"], store="hdf5", name="s", cache=cache, workers=1)
    md.push("s", tmp_path / "shared", features="all", cache=cache)
    ds = md.open(f"file://{tmp_path}/shared/s", cache=tmp_path / "other")
    read, range_of = [], LocalFolder.read_range
    monkeypatch.setattr(LocalFolder, "read_range",
                        lambda *a: read.append(a[2]) or range_of(*a))  # fmt: skip
    two = ds.feature("fractions")
    np.testing.assert_array_equal(two.rows, md.open("s", cache).feature("fractions").rows)
    (shard,) = (cache / "features").rglob("*.h5")
    assert 0 < len(read) * 64 < shard.stat().st_size


def test_a_loader_streams_from_an_address(ds):
    own = md.open("golden", GOLDEN)
    options = {"inputs": ["fractions"], "target": "energy_per_atom", "device": "numpy"}
    for one, two in zip(own.loader(**options), ds.loader(**options), strict=True):
        np.testing.assert_array_equal(one.rows, two.rows)
        np.testing.assert_array_equal(one.targets, two.targets)
        for name, values in one["fractions"].fields.items():
            np.testing.assert_array_equal(values, two["fractions"].fields[name])


def test_a_feature_can_be_sent_to_another_process(ds):
    feature = ds.feature("fractions")
    copy = pickle.loads(pickle.dumps(feature.arrays))
    np.testing.assert_array_equal(copy.rows(), feature.arrays.rows())


def test_wrong_bytes_are_never_used(ds, shared, tmp_path):
    feature = ds.feature("fractions")
    for path in (shared / "blobs").rglob("*"):
        if path.is_file():
            path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))
    with pytest.raises(md.StoreError, match="other bytes came than those of the record"):
        feature.dense()
    shutil.rmtree(tmp_path / "other" / "blocks", ignore_errors=True)


def test_a_damaged_block_of_the_cache_is_fetched_again(ds, tmp_path):
    whole = ds.feature("fractions").dense()
    blocks = list((tmp_path / "other/blocks").glob("[0-9a-f]*/*"))
    for path in blocks:
        path.write_bytes(b"damaged")
    np.testing.assert_array_equal(ds.feature("fractions").dense(), whole)
    assert all(path.read_bytes() != b"damaged" for path in blocks)


def test_the_cache_of_blocks_keeps_to_its_limit(tmp_path):
    cache = BlockCache(tmp_path, limit=1000)
    for k in range(100):
        data = bytes([k]) * 100
        cache.put(digest_bytes(data), data)
        assert folder_size(tmp_path) <= 1000
    assert cache.get(digest_bytes(bytes([99]) * 100)) == bytes([99]) * 100
    assert cache.get(digest_bytes(bytes([0]) * 100)) is None


def test_its_limit_is_a_number(tmp_path, monkeypatch):
    monkeypatch.setenv("MATDATA_BLOCKS_GB", "2.5")
    assert BlockCache(tmp_path).limit == 2_500_000_000
    for text in ("ten", "-1", "nan"):
        monkeypatch.setenv("MATDATA_BLOCKS_GB", text)
        with pytest.raises(md.ConfigError, match="MATDATA_BLOCKS_GB"):
            BlockCache(tmp_path)


def test_a_remote_file_is_a_file(small_blocks, tmp_path):
    from matdata.sharing.address import address_of
    from matdata.sharing.layout import blob

    data = bytes(range(256)) * 3
    path = tmp_path / "data"
    path.write_bytes(data)
    one = file_record(path, None, True)
    LocalFolder(tmp_path / "shared").put(path, blob(one.sha256))
    source = remote_file.BlockSource(address_of(tmp_path / "shared"), BlockCache(tmp_path))
    file = remote_file.RemoteFile(source, one)
    assert file.read() == data
    assert file.seek(-10, 2) == len(data) - 10
    assert file.read(100) == data[-10:]
    assert file.read(1) == b""
    assert file.seek(60) == 60
    assert file.read(10) == data[60:70]


def test_what_is_no_dataset_cannot_be_opened(ds, shared, tmp_path):
    with pytest.raises(md.ConfigError, match="is no dataset"):
        md.open(f"file://{shared}/runs/gap", cache=tmp_path / "x")
    with pytest.raises(md.FeatureError, match="holds no feature 'voronoi'"):
        ds.feature("voronoi")
    with pytest.raises(md.FeatureError, match="holds 2 features 'ofm'"):
        ds.feature("ofm")
    with pytest.raises(md.StoreError, match="nothing was pushed to"):
        md.open(f"file://{tmp_path}/nothing/x", cache=tmp_path / "x")
