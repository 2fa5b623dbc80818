"""Files are flushed before they are named: a loss of power leaves no artefact without its bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import matdata as md
from matdata.store import files


class Disk:
    """What a build asks of the disk: which inodes were flushed, and which names were given.

    An inode keeps its number when it is renamed, and another write after its flush would show as
    a later time of modification. What zarr renames within a temporary folder has no final name.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.flushed: dict[int, int] = {}
        self.missed: list[str] = []
        self.named = 0
        self._replace = os.replace
        monkeypatch.setattr(os, "fsync", self.fsync)
        monkeypatch.setattr(os, "replace", self.replace)

    def fsync(self, handle: int) -> None:
        state = os.fstat(handle)
        self.flushed[state.st_ino] = state.st_mtime_ns

    def replace(self, source: str | Path, target: str | Path) -> None:
        inner = any(part.startswith(files.TEMPORARY) for part in Path(target).parts)
        for entry in () if inner else (Path(source), *Path(source).rglob("*")):
            state = entry.stat()
            if self.flushed.get(state.st_ino) != state.st_mtime_ns:
                self.missed.append(f"{entry} -> {target}")
        self.named += not inner
        self._replace(source, target)


def test_a_build_names_nothing_before_it_is_flushed(tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    md.build("sample:20", features=["lattice"], cache=tmp_path, workers=1)
    assert disk.named > 5
    assert disk.missed == []


def test_a_file_that_was_not_flushed_is_seen(tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    (tmp_path / "a").write_text("1")
    files.rename(tmp_path / "a", tmp_path / "b")
    assert disk.missed == [f"{tmp_path / 'a'} -> {tmp_path / 'b'}"]
