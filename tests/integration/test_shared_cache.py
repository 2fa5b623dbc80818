"""Caches of other users: what may be read is read, what may not is named and skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import matdata as md

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    cache = tmp_path_factory.mktemp("verify") / "cache"
    md.build("sample:60", features=["fractions"], cache=cache, workers=1, name="s")
    return cache


# What a command needs is imported by carrying it out once as root: the interpreter itself may lie
# where another user cannot read.
AS_OTHER = """
import contextlib, io, os, sys
from matdata.cli import main
ours, theirs, *asked = sys.argv[1:]
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    main([*asked, "--cache", ours])
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.exit(main([*asked, "--cache", theirs]))
"""


@pytest.fixture
def shared(built):
    """A cache that another user may look into, and a way to work in it as that user."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("needs root, to become another user")
    # not in pytest's own folder, which every session closes to others again
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        cache, own = Path(place) / "shared", Path(place) / "own"
        shutil.copytree(built, cache)
        shutil.copytree(built, own)

        def run(*arguments):
            code = [sys.executable, "-c", AS_OTHER, str(own), str(cache), *arguments]
            return subprocess.run(code, capture_output=True, text=True, timeout=120)

        yield cache, run


def test_a_readable_cache_of_another_user_is_read(shared):
    _, run = shared
    for command in (["list"], ["info", "s"], ["verify"], ["report", "s"]):
        done = run(*command)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    assert "split" in run("list").stdout


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("datasets/s/*", False),
        ("datasets/s/*/manifest.json", False),
        ("datasets/s/*/splits", True),
        ("features/*/fractions-*", True),
        ("snapshots/sample", True),
        ("datasets", False),
    ],
)
def test_what_another_user_may_not_read_is_named_and_skipped(shared, name, listed):
    cache, run = shared
    (path,) = (p for p in cache.glob(name) if not p.name.startswith((".lock", "latest")))
    path.chmod(0)
    seen = run("list")
    assert seen.returncode == 0
    assert "Traceback" not in seen.stderr
    assert "cannot be read: Permission denied" in seen.stdout
    assert ("materials" in seen.stdout) == listed
    checked = run("verify")
    assert checked.returncode == 1
    assert f"DAMAGED {path}" in checked.stdout
    assert "cannot be read: Permission denied" in checked.stdout
    assert "Traceback" not in checked.stderr
    told = run("info", "s")
    assert "Traceback" not in told.stderr
    assert told.returncode == (0 if listed else 1)
    if not listed:
        assert "cannot be read" in told.stderr
        assert "next step" in told.stderr


def test_a_build_in_a_cache_of_another_user_is_one_clear_error(shared):
    _, run = shared
    same = run("build", "sample:60", "--name", "s")
    assert same.returncode == 0, same.stderr
    assert "unchanged" in same.stdout
    done = run("build", "sample:61", "--name", "s")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "cannot write" in done.stderr


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_files_have_the_rights_that_the_umask_leaves(tmp_path, umask):
    old = os.umask(umask)
    try:
        for store in ("zarr", "hdf5"):
            options = {"cache": tmp_path, "workers": 1, "name": "u", "store": store}
            md.build("sample:30", features=["fractions"], **options)
    finally:
        os.umask(old)
    for path in tmp_path.rglob("*"):
        full = 0o777 if path.is_dir() else 0o666
        expected = full & ~umask
        assert path.stat().st_mode & 0o777 == expected, path
