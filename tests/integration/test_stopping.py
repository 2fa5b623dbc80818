"""SIGTERM ends a command as Ctrl-C does: what is finished stays, and children and locks go."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.cluster import wait_until
from support.crystals import many
from support.files import write_csv
from support.killing import artefacts, count, start

from matdata.cli import main
from matdata.core.stopping import Terminated, stop_deferred, terminable

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("source") / "some.csv", many(900))


@pytest.fixture(scope="module")
def whole(source, tmp_path_factory):
    cache = tmp_path_factory.mktemp("whole")
    assert start(source, cache).wait(timeout=240) == 0
    return artefacts(cache)


def command(*words, group=False):
    """A command in a process of its own, in a group of its own if asked for."""
    usual = functools.partial(signal.signal, signal.SIGTERM, signal.SIG_DFL)
    return subprocess.Popen(
        [sys.executable, "-m", "matdata.cli", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=usual,
        start_new_session=group,
    )


def wait_for(process, cache, pattern, number):
    while process.poll() is None and count(cache, pattern) < number:
        time.sleep(0.0005)


def members(group: int) -> list[str]:
    """Processes of a group that are alive."""
    alive = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            alive.append(path.parent.name)
    return alive


@pytest.mark.parametrize("whole_group", [False, True], ids=["parent alone", "whole group"])
@pytest.mark.parametrize(
    "pattern", ["features/*/.building-*/shards/0*", "snapshots/files/.b*/c*/0*"]
)
def test_a_terminated_build_goes_on_and_leaves_no_process(
    pattern, whole_group, source, whole, tmp_path
):
    work = ["--features", "ofm", "--shard-rows", "24", "--workers", "2"]
    process = command("build", source, *work, "--cache", tmp_path, group=True)
    wait_for(process, tmp_path, pattern, 1)
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGTERM)
    message = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 143, message
    assert "goes on from there" in message
    assert "without an error message" not in message
    until = time.monotonic() + 10
    while members(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert members(process.pid) == []
    assert start(source, tmp_path).wait(timeout=240) == 0
    assert artefacts(tmp_path) == whole


def test_a_terminated_training_keeps_its_checkpoint(source, tmp_path, capsys):
    cache = ["--cache", str(tmp_path)]
    build = ["build", str(source), "--features", "fractions", "--symmetry", "none", "--quiet"]
    assert main([*build, *cache]) == 0
    asked = ["train", "example", "some", "--target", "energy_per_atom", "--threads", "1"]
    asked += ["--epochs", "400", "--name", "long", "--set", "train.checkpoint_seconds=0", *cache]
    process = command(*asked, "--json")
    wait_for(process, tmp_path, "runs/long/last.safetensors", 1)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143, err.decode()
    printed = json.loads(out)
    assert printed["exit_code"] == 143
    assert printed["error"]["kind"] == "Terminated"
    assert "goes on" in printed["error"]["next_step"]
    assert main(asked) == 0
    assert "goes on after epoch" in capsys.readouterr().out


def _terminate_this():
    with terminable():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)


def test_the_handler_of_a_program_that_calls_main_comes_back():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated):
        _terminate_this()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_stop_is_deferred_to_the_end_of_a_block():
    reached = []

    def stopped_by(number, error=None):
        with terminable(), stop_deferred():
            os.kill(os.getpid(), number)
            reached.append(number)
            if error is not None:
                raise error

    with pytest.raises(Terminated):
        stopped_by(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt) as stopped:
        stopped_by(signal.SIGINT, RuntimeError("a worker did not start"))
    assert isinstance(stopped.value.__context__, RuntimeError)
    assert reached == [signal.SIGTERM, signal.SIGINT]
    with stop_deferred():
        child = subprocess.run(
            [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGINT)"]
        )
    assert child.returncode == 0
    with pytest.raises(KeyboardInterrupt):  # the handlers are those of before
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_a_cluster_starts_prints_one_line(number, source, tmp_path):
    assert start(source, tmp_path, "--split", "none").wait(timeout=240) == 0
    process = command(
        "featurize", "some", "lattice", "--scheduler", "dask", "--workers", "2",
        "--cache", tmp_path, group=True,
    )  # fmt: skip
    while process.poll() is None and len(members(process.pid)) < 3:
        time.sleep(0.01)
    time.sleep(0.5)
    os.killpg(process.pid, number)
    message = process.communicate(timeout=60)[1].decode()
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number], message
    line = "stopped; what was finished is kept, and the same command goes on from there"
    assert message.strip() == line
    wait_until(lambda: not members(process.pid))  # a tracker of multiprocessing ends last
