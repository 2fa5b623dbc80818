"""Stores: equal bytes, crash-safe parts, damage found by whoever reads."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from matdata.core.crystals import Ragged
from matdata.core.errors import ConfigError, StoreError
from matdata.store import files, tables
from matdata.store.artefact import building
from matdata.store.backends import BACKENDS, backend
from matdata.store.manifest import NAME, read_manifest, seal
from matdata.store.records import read_record
from matdata.store.sharded import ShardedArrays, shard_arrays
from matdata.store.verify import verify_folder

FIELDS = [
    {"name": "x", "level": "crystal", "shape": [2], "dtype": "float64"},
    {"name": "y", "level": "site", "shape": [3], "dtype": "float32"},
    {"name": "z", "level": "site", "shape": [], "dtype": "uint8"},
]
LEVELS = {field["name"]: field["level"] for field in FIELDS}


def _shard(rows: range, seed: int):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(0, 5, len(rows)))])
    fields = {
        "x": rng.normal(size=(len(rows), 2)),
        "y": Ragged(rng.normal(size=(offsets[-1], 3)).astype("f4"), offsets),
        "z": Ragged(rng.integers(0, 99, offsets[-1]).astype("u1"), offsets),
    }
    return fields, np.array(rows)


def _make(home: Path, store: str, bounds=((0, 7), (7, 9), (9, 20))) -> Path:
    fields, rows = _shard(range(20), 0)
    with building(home, "feature", "0" * 64) as writer:
        for k, (start, stop) in enumerate(bounds):
            part = {
                n: c.take(slice(start, stop)) if isinstance(c, Ragged) else c[start:stop]
                for n, c in fields.items()
            }
            arrays = shard_arrays(part, LEVELS, rows[start:stop])
            write = backend(store).write
            name = f"shards/{k:05d}{backend(store).SUFFIX}"
            writer.write(name, lambda path, a=arrays, w=write: w(path, a), rows=stop - start)
        return writer.commit("f-1", {"fields": FIELDS, "store": store}, {})


def _open(folder: Path) -> ShardedArrays:
    return ShardedArrays(folder, read_manifest(folder, "feature"))


def _bytes(folder: Path) -> dict[str, bytes]:
    names = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "receipt.json")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in names}


@pytest.mark.parametrize("store", BACKENDS)
def test_arrays_come_back_exactly_in_any_order(store, tmp_path):
    fields, _ = _shard(range(20), 0)
    arrays = _open(_make(tmp_path, store))
    assert len(arrays) == 20
    whole = arrays.read(["x", "y", "z"])
    np.testing.assert_array_equal(whole["x"], fields["x"])
    np.testing.assert_array_equal(whole["y"].values, fields["y"].values)
    for positions in ([5], [19, 0, 8, 8], [], list(range(20))[::-1]):
        some = arrays.read(["y", "x"], positions)
        np.testing.assert_array_equal(some["x"], fields["x"][positions])
        np.testing.assert_array_equal(some["y"].values, fields["y"].take(positions).values)
        np.testing.assert_array_equal(some["y"].offsets, fields["y"].take(positions).offsets)
    with pytest.raises(IndexError):
        arrays.read(["x"], [20])


@pytest.mark.slow
def test_the_digest_of_arrays_knows_neither_format_nor_shards(tmp_path):
    digests = {_open(_make(tmp_path / store, store)).digest() for store in BACKENDS}
    digests.add(_open(_make(tmp_path / "one", "zarr", ((0, 20),))).digest())
    assert len(digests) == 1


@pytest.mark.parametrize("store", BACKENDS)
def test_equal_arrays_give_equal_bytes(store, tmp_path):
    assert _bytes(_make(tmp_path / "a", store)) == _bytes(_make(tmp_path / "b", store))


@pytest.mark.slow
@pytest.mark.parametrize("store", BACKENDS)
def test_a_flipped_byte_is_found_in_every_file(store, tmp_path):
    folder = _make(tmp_path, store)
    assert verify_folder(folder, read_manifest(folder)) == []
    for name in read_manifest(folder)["files"]:
        path = folder / name
        whole = path.read_bytes()
        damaged = bytearray(whole)
        damaged[len(whole) // 2] ^= 1
        path.write_bytes(damaged)
        (problem,) = verify_folder(folder, read_manifest(folder))
        assert problem.path == path
        with pytest.raises(StoreError, match=str(path)):
            _open(folder).read(["x", "y"])
        path.write_bytes(whole)


def test_missing_and_foreign_files_are_found(tmp_path):
    folder = _make(tmp_path, "hdf5")
    (folder / "shards" / "00001.h5").rename(folder / "shards" / "stray.h5")
    problems = verify_folder(folder, read_manifest(folder))
    assert [problem.what for problem in problems] == ["is missing", "is not in the manifest"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m["format"].update(version=99), "newer matdata"),
        (lambda m: m.update(store="hdf5"), "does not match its own digest"),
        (lambda m: m.pop("format"), "damaged"),
    ],
)
def test_manifests_that_cannot_be_trusted_are_refused(change, words, tmp_path):
    folder = _make(tmp_path, "zarr")
    manifest = json.loads((folder / NAME).read_text())
    change(manifest)
    (folder / NAME).write_text(json.dumps(manifest))
    with pytest.raises(StoreError, match=words):
        read_manifest(folder)
    (folder / NAME).write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        read_manifest(folder)
    (folder / NAME).unlink()
    with pytest.raises(StoreError, match="not a finished artefact"):
        read_manifest(folder)


def test_a_manifest_of_another_kind_is_refused(tmp_path):
    (tmp_path / NAME).write_text(json.dumps(seal({}, "dataset")))
    with pytest.raises(StoreError, match="expected a matdata-feature"):
        read_manifest(tmp_path, "feature")


def _text(value: str):
    return lambda path: path.write_text(value)


def test_parts_survive_a_crash_and_half_parts_do_not(tmp_path):
    with building(tmp_path, "feature", "1" * 64) as writer:
        writer.write("a/0", _text("first"))
        (writer.staging / "a" / ".tmp-1").write_text("half")
        (writer.staging / "a" / "1").write_text("renamed but never recorded")
        with open(writer.staging / "journal.jsonl", "a") as journal:
            journal.write('{"part": "a/1", "fil')
    with building(tmp_path, "feature", "1" * 64) as writer:
        assert list(writer.parts) == ["a/0"]
        assert sorted(p.name for p in (writer.staging / "a").iterdir()) == ["0"]
        writer.write("a/1", _text("second"))
        folder = writer.commit("done", {}, {})
    assert (folder / "a" / "1").read_text() == "second"
    assert verify_folder(folder, read_manifest(folder)) == []
    assert not list(tmp_path.glob(".building*"))


def test_a_part_damaged_while_waiting_is_rebuilt(tmp_path):
    with building(tmp_path, "feature", "1" * 64) as writer:
        writer.write("a", _text("first"))
        (writer.staging / "a").write_text("fIrst")
    with building(tmp_path, "feature", "1" * 64) as writer:
        assert not writer.has("a")


def test_a_kill_between_manifest_and_rename_loses_nothing(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with building(tmp_path, "feature", "1" * 64) as writer:
        writer.write("a", _text("first"))
        with monkeypatch.context() as patch:
            patch.setattr("matdata.store.files.rename", killed)
            patch.setattr("matdata.store.files.write_text", lambda p, t: p.write_text(t))
            with pytest.raises(KeyboardInterrupt):
                writer.commit("done", {}, {})
    assert not (tmp_path / "done").exists()
    with building(tmp_path, "feature", "1" * 64) as writer:
        assert writer.has("a")
        folder = writer.commit("done", {}, {})
    assert sorted(p.name for p in folder.iterdir()) == ["a", NAME, "receipt.json"]


def test_a_full_disk_is_one_clear_error_and_finished_parts_stay(tmp_path):
    def full(path: Path) -> None:
        path.write_text("as much as fits")
        raise OSError(errno.ENOSPC, "No space left on device")

    with building(tmp_path, "feature", "1" * 64) as writer:
        writer.write("a", _text("first"))
        with pytest.raises(StoreError, match="no space is left") as caught:
            writer.write("b", full)
        assert "continues from the last finished shard" in str(caught.value)
    with building(tmp_path, "feature", "1" * 64) as writer:
        assert list(writer.parts) == ["a"]


def test_a_cache_that_cannot_be_written_is_one_clear_error(tmp_path):
    from matdata.core.cache import ensure_writable

    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write to") as caught:
        ensure_writable(tmp_path / "file" / "cache")
    assert "--cache DIR" in str(caught.value)


def test_unknown_formats_come_with_the_closest():
    with pytest.raises(ConfigError, match="did you mean 'zarr'"):
        backend("zar")


def test_fields_must_agree_in_their_offsets():
    fields, rows = _shard(range(4), 1)
    fields["z"] = Ragged(np.zeros(4, "u1"), np.arange(5))
    with pytest.raises(StoreError, match="differ in their offsets"):
        shard_arrays(fields, LEVELS, rows)


def test_tables_keep_types_units_and_gaps(tmp_path):
    columns = {
        "id": ["a", "b"],
        "gap": [1, None],
        "mixed": [1.5, "x"],
        "vector": [[1.0, 2.0], None],
        "nothing": [float("nan"), None],
        "flag": [True, None],
    }
    path = tmp_path / "t.parquet"
    tables.write_table(path, columns, {"gap": "eV"})
    back = tables.read_table(path)
    assert back["gap"] == [1, None]
    assert back["mixed"] == ["1.5", "x"]
    assert back["vector"] == [[1.0, 2.0], None]
    assert back["nothing"] == [None, None]
    assert back["flag"] == [True, None]
    assert tables.read_units(path) == {"gap": "eV"}


def test_what_a_dead_process_was_writing_is_swept_and_nothing_else(tmp_path):
    import multiprocessing
    import os

    from matdata.store import files

    process = multiprocessing.get_context("spawn").Process(target=print)
    process.start()
    process.join()
    own = files.temporary_beside(tmp_path / "a.json")
    dead = own.with_name(own.name.replace(f"-{os.getpid()}-", f"-{process.pid}-"))
    other = dead.with_name(dead.name.replace(files.TEMPORARY, f"{files.TEMPORARY}x"))
    for path in (own, dead, other, tmp_path / "a.json"):
        path.write_text("x")
    files.sweep(tmp_path, "b.json")
    assert dead.exists()
    files.sweep(tmp_path, "a.json")
    assert not dead.exists()
    assert {path.name for path in tmp_path.iterdir()} == {own.name, other.name, "a.json"}


def test_a_record_without_a_digest_is_not_called_damaged(tmp_path):
    path = tmp_path / "receipt.json"
    files.write_json(path, {"created": "2026-01-31T12:00:00Z"})
    with pytest.raises(StoreError, match="carries no digest of its content") as caught:
        read_record(path)
    assert "its digest was removed" in caught.value.cause


def test_process_ids_of_another_container_mean_nothing(tmp_path, monkeypatch):
    """Containers may have the name of their machine, and number processes themselves."""
    from matdata.store import files

    theirs = files.temporary_beside(tmp_path / "a.json")
    theirs = theirs.with_name(theirs.name.replace(f"-{os.getpid()}-", "-4000000-"))
    assert files.was_left(theirs)
    files._host.cache_clear()
    monkeypatch.setattr(Path, "readlink", lambda self: Path("pid:[4026532999]"))
    try:
        assert not files.was_left(theirs)
    finally:
        files._host.cache_clear()


def test_another_cache_is_no_advice_for_a_file_that_a_user_named(tmp_path):
    with (
        pytest.raises(StoreError, match="name another place for it") as caught,
        files.writing(tmp_path / "there" / "x.html") as path,
    ):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    assert "--cache" not in str(caught.value)
