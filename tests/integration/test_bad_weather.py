"""Whole builds of every source in bad weather: real disks, processes and servers, nothing lost."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from support.mp_server import KEY
from support.services import NAMES, service

pytestmark = pytest.mark.slow

every_source = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def disk(tmp_path):
    """A real file system of 64 MB, with all but some bytes of it taken."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("a file system that can be filled needs the right to mount one")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def _fill(disk: Path, leave: int) -> Path:
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    ballast = disk / "ballast"
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - leave)
    return ballast


def _artefacts(cache: Path) -> dict[str, bytes]:
    """Every byte of every finished artefact."""
    paths = [p for kind in ("snapshots", "datasets") for p in (cache / kind).rglob("*")]
    return {
        p.relative_to(cache).as_posix(): p.read_bytes()
        for p in sorted(paths)
        if p.is_file() and p.name != "receipt.json" and not p.name.startswith(".lock")
    }


def _finished(cache: Path) -> list[Path]:
    return list((cache / "snapshots").glob("*/[!.]*"))


def _whole(one, cache: Path) -> dict[str, bytes]:
    code, errors = one.build(cache)
    assert code == 0, errors
    made = _artefacts(cache)
    assert any("/manifest.json" in name for name in made)
    return made


@every_source
@pytest.mark.parametrize("leave", [24_000, 70_000])
def test_a_disk_that_fills_up(name, leave, disk, tmp_path):
    with service(name, tmp_path) as one:
        whole = _whole(one, tmp_path / "roomy")
        cache = disk / "cache"
        ballast = _fill(disk, leave)
        code, errors = one.build(cache)
        assert code == 1, "the build fitted on the disk"
        assert "no space is left" in errors, errors
        assert "next step: free some space" in errors
        assert "Traceback" not in errors
        assert not list((cache / "datasets").glob("*/[!.]*"))
        ballast.unlink()
        assert _whole(one, cache) == whole


@every_source
def test_two_processes_build_the_same(name, tmp_path):
    with service(name, tmp_path) as one:
        whole = _whole(one, tmp_path / "alone")
        alone = one.requests()
        one.server.delay = 0.15
        both = [one.start(tmp_path / "c") for _ in range(2)]
        errors = [process.communicate(timeout=200)[1] for process in both]
        assert [process.returncode for process in both] == [0, 0], errors
        # Looking at a service comes before the lock; what it holds is read once.
        looks = 1 if name == "optimade" else 0
        assert one.requests() <= 2 * alone + looks
        assert _artefacts(tmp_path / "c") == whole


def _saved(cache):
    """What a build has put aside so far."""
    patterns = ("downloads/*", "snapshots/*/.building-*/chunks/0*")
    return {path for pattern in patterns for path in cache.glob(pattern)}


@every_source
def test_a_killed_build_goes_on(name, tmp_path):
    with service(name, tmp_path) as one:
        whole = _whole(one, tmp_path / "alone")
        one.server.delay = 0.1
        cache, killed = tmp_path / "c", 0
        for _ in range(2):
            before = _saved(cache)
            process = one.start(cache)
            while process.poll() is None and _saved(cache) <= before:
                time.sleep(0.002)
            killed += process.poll() is None
            process.kill()
            process.communicate(timeout=60)
        assert killed, "the build was too fast to be killed"
        one.server.delay = 0.0
        assert _whole(one, cache) == whole


@every_source
def test_an_unreachable_host(name, tmp_path):
    with service(name, tmp_path) as one:
        code, errors = one.build(tmp_path / "c", "http://127.0.0.1:9")
        assert code == 1
        assert "cannot be re" in errors  # reached, or for a table: read
        assert "next step" in errors
        assert "Traceback" not in errors
        assert _finished(tmp_path / "c") == []
        _whole(one, tmp_path / "c")


@every_source
@pytest.mark.parametrize(
    ("status", "body"), [(500, b"{}"), (503, b"<html>busy</html>"), (200, b"<html>log in</html>")]
)
def test_server_errors(name, status, body, tmp_path):
    with service(name, tmp_path) as one:
        one.server.down = (status, body)
        code, errors = one.build(tmp_path / "c")
        assert code == 1
        assert "error: " in errors
        assert "next step" in errors
        assert "Traceback" not in errors
        assert _finished(tmp_path / "c") == []
        one.server.down = None
        _whole(one, tmp_path / "c")


def test_a_wrong_key(tmp_path):
    with service("mp", tmp_path) as one:
        right = one.environment
        one.environment = lambda url: {**right(url), "MP_API_KEY": KEY.replace("k", "x")}
        code, errors = one.build(tmp_path / "c")
        assert code == 1
        assert "the API key is wrong or was revoked" in errors
        assert "check MP_API_KEY" in errors
        one.environment = right
        _whole(one, tmp_path / "c")
