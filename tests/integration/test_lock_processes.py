"""Locks held by real processes that are killed, stopped, and fight for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from matdata.store.locks import LOCK, Held, holder_of, holding, take
from matdata.store.silence import Silence

pytestmark = pytest.mark.slow

PATIENCE = 120  # seconds for anything to happen on a loaded machine

#: Takes the lock, says so, and at each line of its input says whether it still has it.
HOLD = """
import sys
from pathlib import Path
from matdata.core.errors import MatdataError
from matdata.store.locks import holding
with holding(Path(sys.argv[1]), term=float(sys.argv[2])) as lock:
    print("held", flush=True)
    for line in sys.stdin:
        try:
            lock.require()
            print("mine", flush=True)
        except MatdataError as error:
            sys.exit(str(error))
"""

#: Adds 1 to a counter, by reading and writing it, many times.
COUNT = """
import sys
from pathlib import Path
from matdata.store.locks import holding
counter = Path(sys.argv[2])
for _ in range(int(sys.argv[3])):
    with holding(Path(sys.argv[1])):
        inside = Path(sys.argv[2] + ".inside")
        inside.touch(exist_ok=False)  # two at once would fail here
        counter.write_text(str(int(counter.read_text()) + 1))
        inside.unlink()
"""


@contextmanager
def started(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ask(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    process.stdin.write("?\n")
    process.stdin.flush()
    return read_line(process)


def test_the_lock_of_a_killed_holder_is_free_at_once(tmp_path):
    path = tmp_path / f"{LOCK}a"
    with started(HOLD, path, 3600) as process:
        assert read_line(process) == "held"
        with pytest.raises(Held), holding(path, wait=False):
            pytest.fail("two hold it")
        process.send_signal(signal.SIGKILL)
        # known to be gone before its parent has asked how it ended, and long before its term
        with holding(path, term=3600) as lock:
            assert holder_of(path) == lock.holder
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_holder_loses_its_lock_and_learns_it_when_it_comes_back(tmp_path):
    path = tmp_path / f"{LOCK}a"
    with started(HOLD, path, 2) as process:
        assert read_line(process) == "held"
        assert ask(process) == "mine"
        process.send_signal(signal.SIGSTOP)
        with holding(path, term=3600) as lock:
            process.send_signal(signal.SIGCONT)
            ask(process)
            assert process.wait(PATIENCE) == 1
            assert process.stderr is not None
            message = process.stderr.read()
            assert "was taken over by another process" in message
            assert "next step: run the same command again" in message
            assert "Traceback" not in message
            lock.require()  # the one that came back took nothing away


def test_a_holder_that_is_busy_for_longer_than_its_term_keeps_its_lock(tmp_path):
    path = tmp_path / f"{LOCK}a"
    with started(HOLD, path, 4) as process:
        assert read_line(process) == "held"
        silence = Silence()
        until = time.monotonic() + 6
        while time.monotonic() < until:
            with pytest.raises(Held):
                take(path, wait=False, silence=silence)
            time.sleep(0.5)
        assert ask(process) == "mine"


def test_many_processes_never_hold_one_lock_together(tmp_path):
    """Four of them, one of which is killed again and again wherever it happens to be."""
    path, counter = tmp_path / f"{LOCK}a", tmp_path / "counter"
    counter.write_text("0")
    rounds, kills = 60, 4
    command = [sys.executable, "-c", COUNT, str(path), str(counter), str(rounds)]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        for _ in range(kills):
            with started(HOLD, path, 3600) as victim:
                read_line(victim)  # killed by the end of the block, while it holds the lock
        for worker in workers:
            _, errors = worker.communicate(timeout=PATIENCE)
            assert worker.returncode == 0, errors
    finally:
        for worker in workers:
            worker.kill()
    assert int(counter.read_text()) == rounds * len(workers)
    with holding(path, wait=False):  # perhaps of the victim that was killed last
        pass
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["counter"]


def test_of_many_that_take_over_one_stale_lock_one_wins(tmp_path):
    """All see the same holder of another machine fall silent, and go for it together."""
    path = tmp_path / f"{LOCK}a"
    counter = tmp_path / "counter"
    counter.write_text("0")
    from matdata.store.holders import Holder

    for _ in range(3):
        path.mkdir()
        stale = Holder.of_this_process(1.0)._replace(machine="0123456789ab", host="node17")
        (path / stale.name).touch()
        os.utime(path / stale.name, (0, 0))
        with started(COUNT, path, counter, 3) as one, started(COUNT, path, counter, 3) as two:
            for process in (one, two):
                _, errors = process.communicate(timeout=PATIENCE)
                assert process.returncode == 0, errors
    assert int(counter.read_text()) == 18


def test_a_waiting_process_that_was_killed_leaves_nothing_in_the_way(tmp_path):
    path = tmp_path / f"{LOCK}a"
    with holding(path):
        with started(HOLD, path, 3600) as waiting:
            deadline = time.monotonic() + PATIENCE
            while not list(tmp_path.glob(".tmp-*")) and time.monotonic() < deadline:
                time.sleep(0.01)
            waiting.send_signal(signal.SIGKILL)
            waiting.wait(PATIENCE)
        with pytest.raises(Held), holding(path, wait=False):
            pytest.fail("two hold it")
    with holding(path, wait=False):
        pass
    assert list(Path(tmp_path).iterdir()) == []
