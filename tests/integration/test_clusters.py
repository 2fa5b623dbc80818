"""Features on a dask cluster of real processes, in bad weather: the same bytes, or one error."""

from __future__ import annotations

import json
import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from support import gated_plugin
from support.cluster import Cluster, cluster, wait_until
from support.crystals import many
from support.files import write_csv
from support.killing import artefacts, count

import matdata as md
from matdata.core.errors import MatdataError

pytestmark = pytest.mark.slow

ROWS = 50  # of a shard; ten shards are enough for two processes


class Bench:
    """A cache with a dataset, the gate of the feature, and a cluster."""

    def __init__(self, cache: Path, gate: Path, alone: Mapping[str, bytes]) -> None:
        self.cache, self.gate, self.alone = cache, gate, alone

    def hold(self) -> None:
        (self.gate / "hold").touch()

    def release(self) -> None:
        (self.gate / "hold").unlink()

    def begun(self) -> int:
        return count(self.gate, "begun-*")

    def start(self, scheduler: str, *, patience: float = 120.0, **environment: str):
        command = [
            sys.executable, "-m", "matdata.cli", "featurize", "some", "gated", "--quiet",
            "--cache", str(self.cache), "--shard-rows", str(ROWS), "--scheduler", scheduler,
            "--workers", "2",
        ]  # fmt: skip
        variables = {"MATDATA_WORKER_PATIENCE": str(patience), **environment}
        return subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, **variables}
        )

    def finish(self, scheduler: str, **environment: str) -> None:
        """The same command goes on, and ends in the bytes of one process."""
        process = self.start(scheduler, **environment)
        errors = process.communicate(timeout=300)[1]
        assert process.returncode == 0, errors
        assert artefacts(self.cache) == self.alone


def one_error(process: subprocess.Popen[str], *texts: str) -> None:
    """The process ends with one clear error that holds these texts."""
    errors = process.communicate(timeout=300)[1]
    assert process.returncode == 1, errors
    assert errors.count("error:") == 1, errors
    assert "Traceback" not in errors
    for text in ("next step:", *texts):
        assert text in errors, errors


@pytest.fixture(scope="module", autouse=True)
def environment(tmp_path_factory):
    """The plugin and its gate, for this process and all that it starts."""
    site = gated_plugin.install(tmp_path_factory.mktemp("site"))
    gate = tmp_path_factory.mktemp("gate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        patch.setenv("GATE", str(gate))
        yield gate


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A cache with a dataset and no features."""
    folder = tmp_path_factory.mktemp("dataset")
    source = write_csv(folder / "some.csv", many(500))
    options = {"split": None, "dedupe": "none", "symmetry": "none", "workers": 1}
    return md.build(source, cache=folder / "c", **options).cache


@pytest.fixture(scope="module")
def alone(dataset, environment, tmp_path_factory):
    """The bytes that one process makes."""
    cache = tmp_path_factory.mktemp("alone") / "c"
    shutil.copytree(dataset, cache)
    process = Bench(cache, environment, {}).start("threads")
    assert process.wait(timeout=300) == 0
    return artefacts(cache)


@pytest.fixture
def bench(dataset, environment, alone, tmp_path):
    shutil.copytree(dataset, tmp_path / "c")
    for mark in environment.iterdir():
        mark.unlink()
    return Bench(tmp_path / "c", environment, alone)


@pytest.fixture(scope="module")
def dask(environment, tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("dask"), workers=2) as opened:
        yield opened


def test_a_worker_is_killed_in_the_middle_of_a_shard(bench, dask):
    bench.hold()
    process = bench.start(dask.address)
    wait_until(lambda: bench.begun() == 2)
    dask.kill(dask.workers[0])
    bench.release()
    errors = process.communicate(timeout=300)[1]
    assert process.returncode == 0, errors
    assert artefacts(bench.cache) == bench.alone


def test_a_process_of_our_own_is_killed_in_the_middle_of_a_shard(bench):
    bench.hold()
    process = bench.start("processes")
    wait_until(lambda: bench.begun() >= 1)
    mark = next(bench.gate.glob("begun-*"))
    os.kill(int(mark.name.split("-")[1]), signal.SIGKILL)
    bench.release()
    errors = process.communicate(timeout=300)[1]
    assert process.returncode == 0, errors
    assert "a worker was lost in compute_pass (BrokenProcessPool" in errors
    assert artefacts(bench.cache) == bench.alone
    (receipt,) = bench.cache.glob("features/*/*/receipt.json")
    lost = json.loads(receipt.read_text())["lost_workers"]
    assert lost
    assert all("a worker was lost in compute_pass" in line for line in lost)


def test_two_commands_for_one_feature(bench, dask):
    both = [bench.start(dask.address) for _ in range(2)]
    errors = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert artefacts(bench.cache) == bench.alone


def test_all_workers_are_killed(bench, dask):
    bench.hold()
    process = bench.start(dask.address, patience=2)
    wait_until(lambda: bench.begun() >= 1)
    dask.kill_workers()
    one_error(process, "has had no worker for 2 s", "goes on from the last finished piece")
    bench.release()
    waiting = bench.start(dask.address)  # before there is a worker
    dask.add_worker()
    errors = waiting.communicate(timeout=300)[1]
    assert waiting.returncode == 0, errors
    assert artefacts(bench.cache) == bench.alone


def test_the_disk_of_a_worker_is_full(bench, dask):
    dask.kill_workers()
    dask.add_worker(prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    one_error(bench.start(dask.address), "cannot write to")
    dask.kill_workers()
    dask.add_worker()
    bench.finish(dask.address)


def test_a_processor_for_which_kernels_are_compiled_otherwise(bench, dask):
    dask.kill_workers()
    dask.add_worker({"NUMBA_CPU_NAME": "generic"})
    one_error(
        bench.start(dask.address),
        "differs from where the command was given in processor for numba",
        "NUMBA_CPU_NAME=generic",
    )
    bench.finish(dask.address, NUMBA_CPU_NAME="generic")


def test_the_scheduler_is_killed(bench, tmp_path):
    with cluster(tmp_path / "first", workers=1) as first:
        bench.hold()
        process = bench.start(first.address)
        wait_until(lambda: bench.begun() == 1)
        first.kill(first.scheduler)
        one_error(process, "does not answer any more", "goes on from the last finished piece")
    bench.release()
    bench.finish("threads")  # on whatever scheduler


def test_a_scheduler_that_is_not_there_is_one_error(monkeypatch):
    from matdata.adapters import dask as dask_client

    monkeypatch.setattr(dask_client, "CONNECT", "1s")
    with (
        pytest.raises(MatdataError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"),
        dask_client.connected("tcp://127.0.0.1:9", patience=1.0),
    ):
        pass


def _lose_the_scheduler(opened: Cluster) -> None:
    from matdata.adapters import dask as dask_client

    with dask_client.connected(opened.address, patience=60.0) as executor:
        opened.kill(opened.scheduler)
        while True:  # until the client has noticed
            executor.wait_for_workers()


def test_what_the_client_logs_of_a_lost_scheduler_is_not_shown(tmp_path, capfd):
    """Its thread goes on after the error, and tornado logs each callback that fails."""
    loggers = [logging.getLogger(name) for name in ("tornado.application", "asyncio")]
    levels = [logger.level for logger in loggers]
    try:
        with cluster(tmp_path / "c", workers=0) as opened:
            with pytest.raises(MatdataError, match="does not answer any more"):
                _lose_the_scheduler(opened)
            for logger in loggers:
                logger.error("Exception in callback", exc_info=OSError("lost"))
        assert capfd.readouterr().err == ""
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
