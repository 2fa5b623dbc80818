"""Parts written by several workers, and files that are checked once per process."""

from __future__ import annotations

import os

import pytest

from matdata.core.digest import digest_bytes
from matdata.core.errors import DamageError, StoreError
from matdata.store import journal, parts
from matdata.store.artefact import building
from matdata.store.parts import check_once, write_part


def _folder(content: bytes):
    def write(path):
        path.mkdir()
        (path / "a").write_bytes(content)

    return write


def _file(content: bytes):
    return lambda path: path.write_bytes(content)


@pytest.mark.parametrize("kind", [_file, _folder])
def test_a_part_written_twice_with_equal_bytes_is_kept_once(kind, tmp_path):
    first = write_part(tmp_path, "shards/0", kind(b"x"), rows=3)
    (name,) = first["files"]
    assert first == {
        "part": "shards/0",
        "files": {name: [1, digest_bytes(b"x")]},
        "meta": {"rows": 3},
    }
    inode = (tmp_path / name).stat().st_ino
    assert write_part(tmp_path, "shards/0", kind(b"x"), rows=3) == first
    assert (tmp_path / name).stat().st_ino == inode
    assert [path.name for path in (tmp_path / "shards").iterdir()] == ["0"]


@pytest.mark.parametrize("kind", [_file, _folder])
def test_a_part_written_twice_with_different_bytes_is_refused(kind, tmp_path):
    write_part(tmp_path, "shards/0", kind(b"x"))
    with pytest.raises(StoreError, match="two workers computed 0 with different bytes"):
        write_part(tmp_path, "shards/0", kind(b"y"))
    assert [path.name for path in (tmp_path / "shards").iterdir()] == ["0"]


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    def full(path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match="no space is left"):
        write_part(tmp_path, "shards/0", full)
    assert not list((tmp_path / "shards").iterdir())


def test_a_file_is_digested_once_unless_it_changes(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    manifest = {"files": {"a.bin": [3, digest_bytes(b"abc")]}}
    digested = []
    require = parts.require_whole_file
    monkeypatch.setattr(parts, "SETTLED", 0.0)

    def noted(path, *expected):
        digested.append(path)
        require(path, *expected)

    monkeypatch.setattr(parts, "require_whole_file", noted)
    assert check_once(tmp_path, manifest, "a.bin") == path
    check_once(tmp_path, manifest, "a.bin")
    assert digested == [path]
    other = tmp_path / "other"
    other.write_bytes(b"abd")
    os.replace(other, path)
    with pytest.raises(DamageError, match="SHA-256"):
        check_once(tmp_path, manifest, "a.bin")


def test_what_a_killed_worker_left_is_no_part_of_the_artefact(tmp_path):
    with building(tmp_path, "feature", "0" * 64) as writer:
        writer.record(write_part(writer.staging, "shards/0", _file(b"x"), rows=1))
        (writer.staging / "shards" / ".tmp-other-1-0").write_bytes(b"half")
        folder = writer.commit("f", {}, {})
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert names == ["manifest.json", "receipt.json", "shards/0"]


def test_a_worker_that_comes_too_late_makes_no_folder(tmp_path):
    with pytest.raises(StoreError):
        write_part(tmp_path / ".building-feature-0", "shards/0", _file(b"x"))
    assert not list(tmp_path.iterdir())


def test_a_journal_that_cannot_be_written_is_one_clear_error(tmp_path, monkeypatch):
    def full(path, entry):
        raise OSError(28, "No space left on device")

    with building(tmp_path, "feature", "0" * 64) as writer:
        monkeypatch.setattr(journal, "append", full)
        with pytest.raises(StoreError, match="no space is left"):
            writer.write("shards/0", _file(b"x"))
        assert not writer.has("shards/0")
