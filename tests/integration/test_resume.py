"""Builds killed with SIGKILL, in real processes, go on and end bit-identical."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from support.crystals import many
from support.files import write_csv
from support.killing import artefacts, count, killed_at, start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("source") / "some.csv", many(1300))


MOMENTS = {
    "first chunk of records": ("snapshots/files/.building-*/chunks/0*", 1),
    "second chunk of records": ("snapshots/files/.building-*/chunks/0*", 2),
    "snapshot finished": ("snapshots/files/local-*", 1),
    "dataset finished": ("datasets/some/local-*", 1),
    "first shard": ("features/*/.building-*/shards/0*", 1),
    "tenth shard": ("features/*/.building-*/shards/0*", 10),
    "last shards": ("features/*/.building-*/shards/0*", 50),
}


@pytest.fixture(scope="module")
def whole(source, tmp_path_factory):
    caches = {}
    for store in ("zarr", "hdf5"):
        cache = tmp_path_factory.mktemp(f"whole-{store}")
        assert start(source, cache, "--store", store).wait(timeout=240) == 0
        caches[store] = artefacts(cache)
    return caches


@pytest.mark.parametrize("store", ["zarr", "hdf5"])
def test_killed_builds_end_bit_identical(store, source, whole, tmp_path):
    """One build, killed at every moment in turn, and finished at last."""
    hits = 0
    for pattern, number in MOMENTS.values():
        process = start(source, tmp_path, "--store", store)
        hits += killed_at(process, tmp_path, pattern, number)
    assert hits >= len(MOMENTS) - 2, "the builds ended before they could be killed"
    assert start(source, tmp_path, "--store", store).wait(timeout=240) == 0
    assert artefacts(tmp_path) == whole[store]


def test_interrupts_leave_a_state_to_go_on_from(source, whole, tmp_path):
    process = start(source, tmp_path)
    while process.poll() is None and count(tmp_path, "features/*/.building-*/shards/0*") < 3:
        time.sleep(0.0005)
    process.send_signal(signal.SIGINT)
    message = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130
    assert "goes on from there" in message
    assert start(source, tmp_path).wait(timeout=240) == 0
    assert artefacts(tmp_path) == whole["zarr"]


def test_two_builders_of_one_artefact_make_it_once(source, whole, tmp_path):
    both = [start(source, tmp_path) for _ in range(2)]
    errors = [process.communicate(timeout=240)[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert any("another process is building the same" in text for text in errors)
    assert artefacts(tmp_path) == whole["zarr"]


def test_workers_and_format_change_no_number(source, whole, tmp_path):
    process = start(source, tmp_path, "--workers", "2")
    assert process.wait(timeout=240) == 0
    assert artefacts(tmp_path) == whole["zarr"]


ORPHAN = """
import os, signal, time
from matdata.core.processes import ProcessPool
pool = ProcessPool(1)
pool.submit(time.sleep, 0)
os.kill(os.getpid(), signal.SIGKILL)  # the worker has been started, and has not begun
"""


def test_a_worker_whose_parent_is_killed_before_it_begins_ends():
    # Output ends when the last process that holds it does: the worker, and Python's own helper.
    ended = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, timeout=60)
    assert ended.returncode == -signal.SIGKILL
