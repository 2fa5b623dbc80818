"""Writing a dataset that is killed, or runs out of space, while rows are set aside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.crystals import many
from support.files import write_csv
from support.killing import artefacts

from matdata.checks.cache import verify
from matdata.cli import main

pytestmark = pytest.mark.slow

#: Functions of `matdata`, and the call of them at which the process is killed.
MOMENTS = {
    "first part set aside": ("store.spill", "Spill.add", 1),
    "last part set aside": ("store.spill", "Spill.add", 3),
    "between the readings": ("curate.gather", "Gathering.types", 1),
    "first block": ("store.structure_blocks", "StructureFile.add", 1),
    "structures": ("store.structure_blocks", "StructureFile.write", 1),
    "ledger": ("core.ledger", "to_columns", 1),
    "commit": ("store.artefact", "ArtefactWriter.commit", 1),
}
SCRIPT = """
import importlib, os, signal, sys
from matdata.cli import main
module, name, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
owner = importlib.import_module(f"matdata.{module}")
*path, last = name.split(".")
for part in path:
    owner = getattr(owner, part)
plain, calls = getattr(owner, last), []
def fatal(*arguments, **keywords):
    calls.append(1)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(*arguments, **keywords)
setattr(owner, last, fatal)
main(sys.argv[4:])
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_csv(tmp_path_factory.mktemp("source") / "some.csv", many(1100))


def command(source: Path, cache: Path) -> list[str]:
    return ["build", str(source), "--cache", str(cache), "--workers", "1", "--quiet"]


@pytest.fixture(scope="module")
def whole(source, tmp_path_factory) -> dict[str, bytes]:
    cache = tmp_path_factory.mktemp("whole")
    assert main(command(source, cache)) == 0
    return artefacts(cache)


def killed(source: Path, cache: Path, moment: tuple[str, str, int]) -> None:
    asked = [*map(str, moment), *command(source, cache)]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *asked], capture_output=True, timeout=240)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def test_a_killed_dataset_leaves_nothing_that_looks_whole(source, whole, tmp_path):
    """One build, killed at every moment in turn, and finished at last."""
    for moment in MOMENTS.values():
        killed(source, tmp_path, moment)
        assert not list(tmp_path.glob("datasets/some/[!.]*"))
        assert verify(tmp_path).faults == []
    assert main(command(source, tmp_path)) == 0
    assert artefacts(tmp_path) == whole


def test_what_is_set_aside_is_removed_when_the_disk_is_full(
    source, whole, tmp_path, monkeypatch, capsys
):
    import pyarrow as pa

    class Full:
        def __init__(self, path: str, mode: str) -> None:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pa, "OSFile", Full)
        assert main(command(source, tmp_path)) == 1
    error = capsys.readouterr().err
    assert "no space is left" in error
    assert "free some space" in error
    assert not list(tmp_path.rglob("aside"))
    assert not list(tmp_path.glob("datasets/some/[!.]*"))
    assert main(command(source, tmp_path)) == 0
    assert artefacts(tmp_path) == whole


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a file system")
@pytest.mark.parametrize("leave", [100_000, 300_000, 600_000])
def test_a_disk_that_fills_up_while_rows_are_set_aside(leave, source, whole, tmp_path, capsys):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a file system that can be filled needs the right to mount one")
    try:
        cache = disk / "cache"
        assert main([*command(source, cache), "--name", "other"]) == 0  # takes the snapshot
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        ballast = disk / "ballast"
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - leave)
        capsys.readouterr()
        code = main(command(source, cache))
        error = capsys.readouterr().err
        ballast.unlink()
        if code:
            assert "no space is left" in error
            assert not list(cache.glob("datasets/some/[!.]*"))
        assert not list(cache.rglob("aside"))
        assert main(command(source, cache)) == 0
        kept = {k: v for k, v in artefacts(cache).items() if "/other/" not in k}
        assert kept == whole
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
