"""Locks: one holder, signs of life, holders that are gone, and what the file system refuses."""

from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from matdata.core.errors import StoreError
from matdata.store import locks
from matdata.store.holders import Holder
from matdata.store.locks import LOCK, Held, Lock, LostLockError, holder_of, holding, take
from matdata.store.silence import Silence


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "home" / f"{LOCK}a"


def left_by(path: Path, silent: float = 0.0, **parts: object) -> Holder:
    """Write a lock as another process would have, and its last sign of life some seconds ago."""
    holder = Holder.of_this_process(1.0)._replace(**parts)
    path.mkdir(parents=True)
    file = path / holder.name
    file.touch()
    then = time.time() - silent
    os.utime(file, (then, then))
    return holder


FOREIGN = {"host": "node17", "machine": "0123456789ab"}


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_held_lock_is_refused_and_nothing_of_a_free_one_is_left(path):
    with holding(path) as lock:
        lock.require()
        assert holder_of(path) == lock.holder
        with pytest.raises(Held), holding(path, wait=False):
            pytest.fail("two hold it")
        lock.require()
    assert holder_of(path) is None
    assert list(path.parent.iterdir()) == []


def test_a_waiting_thread_is_informed_once_and_gets_it(path):
    messages: list[str] = []
    waits = threading.Event()

    def say() -> None:
        messages.append("waiting")
        waits.set()

    def second() -> None:
        with holding(path, waiting=say):
            messages.append("held")

    thread = threading.Thread(target=second)
    with holding(path):
        thread.start()
        assert waits.wait(30)
        messages.append("released")
    thread.join(30)
    assert messages == ["waiting", "released", "held"]


def test_an_error_in_the_block_releases_it(path):
    with pytest.raises(RuntimeError), holding(path):
        raise RuntimeError
    assert holder_of(path) is None


def test_a_name_states_the_holder_and_is_read_back():
    holder = Holder.of_this_process(2.5)
    assert Holder.parse(holder.name) == holder
    assert (holder.pid, holder.term) == (os.getpid(), 2500)
    assert holder.is_here
    assert not holder.is_gone()
    assert str(holder) == f"process {os.getpid()}"
    assert str(holder._replace(**FOREIGN)) == f"process {os.getpid()} on node17"
    for name in ("", ".nfs0001", holder.name[:-1], f"{holder.name}/x", "a~b~c~d~e~f"):
        assert Holder.parse(name) is None


def test_a_host_name_of_any_form_fits_into_a_file_name(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "ü/~ " * 100)
    holder = Holder.of_this_process(1.0)
    assert Holder.parse(holder.name) == holder
    assert len(holder.name) < 200


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are not listed")
@pytest.mark.parametrize("reused", [False, True])
def test_a_process_of_this_machine_that_ended_holds_nothing(path, reused):
    here = Holder.of_this_process(1.0)
    # the id of an ended process, or one that was given to another process since
    left_by(path, pid=here.pid if reused else ended_process(), start=here.start - 1)
    assert holder_of(path) is None
    with holding(path, wait=False):
        pass


def test_the_process_id_of_another_machine_says_nothing(path):
    holder = left_by(path, pid=ended_process(), **FOREIGN)
    assert holder_of(path) == holder
    with pytest.raises(Held), holding(path, wait=False):
        pytest.fail("its holder may be alive")


@pytest.mark.slow
def test_a_holder_on_another_machine_that_fell_silent_loses_it(path):
    holder = left_by(path, silent=3600, **FOREIGN)
    started = time.monotonic()
    with holding(path, wait=False) as lock:
        assert lock.holder.token != holder.token
    # it was watched for two of its beats first
    assert time.monotonic() - started >= 2 * holder.term / 1000 / 8


def test_a_holder_that_only_seemed_silent_keeps_it(path):
    """After a standstill of the file server all holders look silent until their next beat."""
    holder = left_by(path, silent=3600, **FOREIGN)
    silence = Silence()
    for _ in range(3):
        with pytest.raises(Held):
            take(path, wait=False, silence=silence)
    os.utime(path / holder.name)
    with pytest.raises(Held):
        take(path, wait=False)
    assert (path / holder.name).exists()


def test_ages_are_measured_on_the_clock_of_the_file_system(path, monkeypatch):
    """A holder beats now; this machine's clock is an hour ahead, and takes no part."""
    holder = left_by(path, **FOREIGN)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    with pytest.raises(Held), holding(path, wait=False):
        pytest.fail("it is not silent")
    assert (path / holder.name).exists()


def test_signs_of_life(path):
    with holding(path, term=0.4) as lock:
        file = path / lock.holder.name
        os.utime(file, (0, 0))
        deadline = time.monotonic() + 30
        while file.stat().st_mtime < 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert file.stat().st_mtime > 1
        lock.require()


def test_a_holder_learns_that_it_was_taken_over(path):
    with holding(path) as first:
        (path / first.holder.name).unlink()  # what a taker does
        with holding(path, wait=False) as second:
            with pytest.raises(LostLockError, match="was taken over") as caught:
                first.require()
            assert "no sign of life for 120 s" in str(caught.value)
            first.release()
            second.require()  # releasing a lost lock takes nothing from the next holder
            assert holder_of(path) == second.holder


@pytest.mark.slow
def test_a_late_taker_removes_nothing_of_the_next_holder(path, monkeypatch):
    """It found the holder silent, was stopped, and goes on when another one holds the lock."""
    left_by(path, silent=3600, **FOREIGN)
    late = Silence()
    now = time.time_ns()
    assert late.clear(path, now) == "silent"
    with holding(path) as second:
        # what it decided concerns the first holder's file, which is no more
        assert late.clear(path, (path / second.holder.name).stat().st_mtime_ns) == "alive"
        second.require()


def test_what_a_crashed_client_of_a_network_file_system_left_blocks_nobody(path):
    path.mkdir(parents=True)
    rest = path / ".nfs000000000001"
    rest.touch()
    with pytest.raises(Held):  # of a client that perhaps has it open
        take(path, wait=False, silence=Silence())
    os.utime(rest, (0, 0))
    silence = Silence()
    with pytest.raises(Held):
        take(path, wait=False, silence=silence)
    known = silence._seen[rest]
    silence._seen[rest] = known._replace(since=known.since - 3600)
    take(path, wait=False, silence=silence).release()


def test_a_lost_answer_to_the_rename_is_no_loss(path, monkeypatch):
    """A server that restarts may carry out a request twice: the second one fails."""
    rename = os.rename

    def twice(source: Path, target: Path) -> None:
        rename(source, target)
        rename(source, target)

    monkeypatch.setattr(locks.os, "rename", twice)
    with holding(path, wait=False) as lock:
        lock.require()


def test_a_file_system_that_renames_onto_no_folder_at_all(path, monkeypatch):
    """Where even an empty folder is not replaced, as some network file systems refuse it."""
    rename = os.rename

    def strict(source: Path, target: Path) -> None:
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "exists", str(target))
        rename(source, target)

    monkeypatch.setattr(locks.os, "rename", strict)
    path.mkdir(parents=True)  # of a holder that was killed between its two steps
    with holding(path, wait=False) as lock:
        lock.require()
        with pytest.raises(Held):
            take(path, wait=False)
    left_by(path, pid=ended_process())
    take(path, wait=False).release()
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_whoever_may_write_in_the_folder_may_take_its_locks(path, umask):
    path.parent.mkdir()
    path.parent.chmod(0o770)
    old = os.umask(umask)
    try:
        with holding(path) as lock:
            assert stat.S_IMODE(path.stat().st_mode) == 0o770
            assert stat.S_IMODE((path / lock.holder.name).stat().st_mode) == 0o660
    finally:
        os.umask(old)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_error_at_once(path):
    path.parent.mkdir(mode=0o500)
    started = time.monotonic()
    with pytest.raises(StoreError, match="cannot write to"), holding(path):
        pytest.fail("it cannot be held")
    assert time.monotonic() - started < 5


def test_a_file_in_the_place_of_a_lock_is_named(path):
    path.parent.mkdir()
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="is a file, where locks are folders"), holding(path):
        pytest.fail("it cannot be held")


def test_a_fork_of_the_holder_releases_nothing(path):
    with holding(path) as lock:
        copy = Lock(path, lock.holder._replace(pid=os.getpid() + 1))
        copy.release()
        lock.require()
