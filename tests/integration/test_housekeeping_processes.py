"""`rm` and `gc` beside builds and readers in processes of their own, and killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.killing import artefacts

import matdata as md
from matdata.core.errors import StoreError
from matdata.store.catalogue import committed

pytestmark = pytest.mark.slow

PATIENCE = 120  # seconds, on a loaded machine
#: Runs a part of matdata up to a function, of which each call stops until a file goes away.
PAUSED = """
import sys, time
from pathlib import Path
import {module} as module
from matdata.cli import main
real, here, go = module.{function}, Path(sys.argv[1]), Path(sys.argv[2])
def paused(*given, **named):
    here.touch()
    while not go.exists():
        time.sleep(0.005)
    return real(*given, **named)
module.{function} = paused
sys.exit(main(sys.argv[3:]))
"""


class Paused:
    """A command that stops at a function of matdata."""

    def __init__(self, tmp_path: Path, module: str, function: str, *words: str) -> None:
        mark = f"{function}-{len(list(tmp_path.iterdir()))}"
        self.here, self.go = tmp_path / f"{mark}.here", tmp_path / f"{mark}.go"
        code = PAUSED.format(module=module, function=function)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(self.here), str(self.go), *words],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + PATIENCE
        while not self.here.exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < until, "it did not come to its pause"
            time.sleep(0.005)

    def end(self) -> tuple[int, str]:
        self.go.touch()
        errors = self.process.communicate(timeout=PATIENCE)[1]
        return self.process.returncode, errors

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=PATIENCE)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("formula,gap\n" + "".join(f"Li{k}O,{k}\n" for k in range(1, 60)))
    return path


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def build(table, cache, **options):
    return md.build(table, cache=cache, name="a", dedupe="none", workers=1, **options)


def command(table, cache):
    return ("build", str(table), "--name", "a", "--dedupe", "none", "--workers", "1",
            "--features", "fractions", "--cache", str(cache))  # fmt: skip


@pytest.mark.parametrize(
    ("module", "function"),
    [("matdata.sources.taking", "_read_all"), ("matdata.features.building.runner", "commit")],
)
def test_beside_a_running_build_nothing_of_it_goes(module, function, table, cache, tmp_path):
    whole = tmp_path / "whole"
    build(table, whole, features=["fractions"])
    build(table, cache)  # its split, and an older version
    old = md.open("a", cache).ref
    table.write_text(table.read_text() + "Na2O,1\n")
    running = Paused(tmp_path, module, function, *command(table, cache))
    unfinished = [path for path in cache.rglob(".building-*") if path.is_dir()]
    assert len(unfinished) == 1
    done = md.gc(keep=1, cache=cache)
    assert any("works on it" in one.why for one in done.kept)
    assert unfinished[0].is_dir()
    if function == "commit":  # of a feature: its dataset stays
        with pytest.raises(StoreError, match="works on it"):
            md.rm("a", cascade=True, cache=cache)
    code, errors = running.end()
    assert code == 0, errors
    assert md.verify(cache=cache).faults == []
    ds = md.open("a", cache)
    assert ds.ref != old
    assert len(ds.feature("fractions").ids) == 60


def test_a_build_that_was_killed_is_swept_away_and_starts_anew(table, cache, tmp_path):
    running = Paused(tmp_path, "matdata.features.building.runner", "commit", *command(table, cache))
    assert md.gc(cache=cache).removed == []
    running.kill()
    (removed,) = md.gc(cache=cache).removed
    assert removed.kind == "unfinished"
    assert md.gc(cache=cache).removed == []
    whole = tmp_path / "whole"
    for place in (cache, whole):
        build(table, place, features=["fractions"])
    assert artefacts(cache) == artefacts(whole)


@pytest.mark.parametrize("words", [("rm", "a", "--cascade"), ("gc", "--keep", "1")])
def test_a_removal_that_was_killed_is_finished_by_the_next_gc(words, table, cache, tmp_path):
    build(table, cache, features=["fractions"])
    table.write_text(table.read_text() + "Na2O,1\n")
    build(table, cache, features=["fractions"])
    running = Paused(tmp_path, "matdata.housekeeping.removing", "delete",
                     *words, "--cache", str(cache))  # fmt: skip
    running.kill()
    assert list(cache.rglob(".removing-*"))
    assert md.verify(cache=cache).faults == []  # what has its own name is whole
    done = md.gc(keep=1, cache=cache)
    assert done.removed
    assert not list(cache.rglob(".removing-*"))
    assert len(md.open("a", cache).ids) == 60
    assert md.verify(cache=cache).faults == []
    assert len(committed(cache / "datasets" / "a")) == 1


def test_two_removals_at_once(table, cache, tmp_path):
    build(table, cache, features=["fractions"])
    first = Paused(tmp_path, "matdata.housekeeping.removing", "delete",
                   "rm", "a", "--cascade", "--cache", str(cache))  # fmt: skip
    with pytest.raises(StoreError, match=f"process {first.process.pid} works on it"):
        md.rm("a", cascade=True, cache=cache)
    assert md.gc(cache=cache).kept == []  # deletes what the first one hid
    code, errors = first.end()
    assert code == 0, errors
    assert not list((cache / "datasets" / "a").glob("[!.]*"))


def test_a_reader_goes_on_or_gets_a_typed_error(table, cache, tmp_path):
    build(table, cache, features=["fractions"])
    reader = Paused(tmp_path, "matdata.datasets.exporting", "export_dataset", "export", "a",
                    str(tmp_path / "a.parquet"), "--features", "fractions",
                    "--cache", str(cache))  # fmt: skip
    md.rm("a", cascade=True, cache=cache)
    code, errors = reader.end()
    assert code == 1
    assert "Traceback" not in errors
    assert "is gone" in errors or "no feature" in errors
    assert not (tmp_path / "a.parquet").exists()
