"""Requests that give equal records: kept once, each found again, and each gives its own dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from matdata.building.options import BuildOptions
from matdata.building.pipeline import Built, build
from matdata.building.repair import repair_at
from matdata.checks.cache import verify
from matdata.sources.files import Files
from matdata.sources.snapshot_requests import REQUESTS

ROWS = "material_id,formula,gap\na,NaCl,1\nb,KBr,2\nc,LiF,3\n"


@pytest.fixture
def first(tmp_path) -> Path:
    (tmp_path / "first.csv").write_text(ROWS)
    return tmp_path / "first.csv"


@pytest.fixture
def second(tmp_path) -> Path:
    """The same records under another name, which becomes the name of another dataset."""
    (tmp_path / "second.csv").write_text(ROWS)
    return tmp_path / "second.csv"


def built(path: Path, cache: Path) -> Built:
    return build(Files(path), cache, BuildOptions(split=None, workers=1))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "receipt.json"
    }


def test_each_request_is_found_again_and_none_replaces_another(tmp_path, first, second):
    cache = tmp_path / "cache"
    one = built(first, cache)
    before = contents(one.snapshot.folder)
    other = built(second, cache)
    assert other.snapshot.folder == one.snapshot.folder
    assert other.dataset.manifest["name"] == "second"
    assert not other.unchanged  # it was read
    for path in (first, second, first):
        assert built(path, cache).unchanged
    after = contents(one.snapshot.folder)
    assert after.pop(REQUESTS)
    assert after == before
    assert verify(cache).faults == []


def test_a_dataset_does_not_depend_on_who_read_the_records_first(tmp_path, first, second):
    built(first, tmp_path / "cache")
    later, alone = built(second, tmp_path / "cache"), built(second, tmp_path / "alone")
    assert contents(later.dataset.folder) == contents(alone.dataset.folder)


def test_a_damaged_record_of_requests_is_reported_and_made_again(tmp_path, first, second):
    cache = tmp_path / "cache"
    path = built(first, cache).snapshot.folder / REQUESTS
    built(second, cache)
    path.write_bytes(path.read_bytes().replace(b"second", b"zecond"))
    assert [fault.path for fault in verify(cache).faults] == [path]
    assert built(first, cache).unchanged
    assert not built(second, cache).unchanged
    assert built(second, cache).unchanged
    assert verify(cache).faults == []


def test_damage_is_mended_by_either_request(tmp_path, first, second):
    cache = tmp_path / "cache"
    snapshot = built(first, cache).snapshot.folder
    built(second, cache)
    before = contents(snapshot)
    for path in (second, first):
        (snapshot / "chunks" / "00000" / "table.parquet").write_bytes(b"")
        assert built(path, cache).snapshot.state == "repaired"
        assert contents(snapshot) == before
    (snapshot / "chunks" / "00000" / "table.parquet").write_bytes(b"")
    third = second.with_name("third.csv")
    third.write_text(ROWS)
    built(third, cache)  # of no damage it knew
    for path in (first, second, third):
        assert built(path, cache).unchanged


def test_each_dataset_is_repaired_from_the_common_snapshot(tmp_path, first, second):
    cache = tmp_path / "cache"
    folders = [built(path, cache).dataset.folder for path in (first, second)]
    for folder in folders:
        before = contents(folder)
        (folder / "table.parquet").write_bytes(b"")
        repair_at(folder)
        assert contents(folder) == before
