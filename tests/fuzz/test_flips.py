"""Every changed byte of every artefact is found by `verify`, and changes no result unnoticed."""

from __future__ import annotations

import numpy as np
import pytest

from fuzz.flips import flip_targets, flipped, make_cache, read_all
from matdata.checks.cache import verify

pytestmark = pytest.mark.slow

FLIPS = 1000
READ = 150  # of these, after which readers are asked as well


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return make_cache(tmp_path_factory.mktemp("flips") / "cache")


def test_the_whole_cache_is_clean(cache):
    report = verify(cache)
    assert report.faults == []
    assert report.notes == []
    assert report.artefacts == 7
    names = {path.name for path in flip_targets(cache)}
    assert {"result.json", "log.csv", "receipt.json", "latest.json", "added.json"} < names
    assert {"other.json", "other.parquet", "a.zip", "test.parquet"} < names


def test_each_flipped_byte_is_found_by_verify_and_by_readers(cache):
    rng = np.random.default_rng(0)
    targets = flip_targets(cache)
    whole = {home: read_all(cache, home) for home in ("snapshots", "datasets", "features", "runs")}
    assert not [name for read in whole.values() for name, r in read.items() if r.endswith("Error")]
    whole["downloads"] = {}
    for number in range(FLIPS):
        path = targets[number % len(targets)]  # each file in turn, a random place
        with flipped(path, rng) as (place, was):
            where = f"{path.relative_to(cache)}: byte {place}, was {was}"
            assert path in [fault.path for fault in verify(cache).faults], where
            if number >= READ:
                continue
            home = path.relative_to(cache).parts[0]
            for name, result in read_all(cache, home).items():
                same = result == whole[home][name]
                assert same or result.endswith("Error"), f"{where}: {name}"
    assert verify(cache).faults == []
