"""A process takes no more memory than there is: requests that do not fit fail as errors."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import numpy as np
import pytest
import torch

from matdata.core import memory_limit as module
from matdata.core.errors import DeviceError
from matdata.core.memory_limit import memory_limit
from matdata.load.device_errors import device_errors

resource = pytest.importorskip("resource", reason="systems without limits of a process")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone counts mapped memory")

MB = 1 << 20


def limits():
    return resource.getrlimit(resource.RLIMIT_DATA)


@pytest.fixture
def free(monkeypatch):
    """What is free beside what this process takes from now on: at first 256 MB, and no swap."""
    now, start = {"memory": 256 * MB, "swap": 0}, module.own_memory().held
    monkeypatch.setattr(
        module, "memory_free", lambda: max(0, now["memory"] + start - module.own_memory().held)
    )
    monkeypatch.setattr(module, "swap_free", lambda: now["swap"])
    before = limits()
    yield now
    assert limits() == before, "put back"


def beyond(size):
    """Bytes that are `size` more than all that the allocator may have kept of what was freed."""
    return module.own_memory().mapped + size


def test_what_does_not_fit_fails_within_and_fits_afterwards(free):
    with memory_limit():
        assert np.empty(100 * MB, dtype=np.uint8).nbytes == 100 * MB
        with pytest.raises(MemoryError):
            np.empty(beyond(300 * MB), dtype=np.uint8)
        with pytest.raises(RuntimeError, match="DefaultCPUAllocator"):
            torch.empty(beyond(300 * MB), dtype=torch.uint8)
    size = beyond(300 * MB)
    assert torch.empty(size, dtype=torch.uint8).nbytes == size


def test_swap_counts_and_a_sixteenth_is_left(free):
    free.update(memory=160 * MB, swap=40 * MB)
    mapped = module.own_memory().mapped
    with memory_limit():
        assert limits()[0] - mapped == pytest.approx(190 * MB, abs=12 * MB)
        np.empty(160 * MB, dtype=np.uint8)
        with pytest.raises(MemoryError):
            np.empty(beyond(230 * MB), dtype=np.uint8)


def test_it_follows_what_is_free(free, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.01)

    def until(memory, at_least, at_most):
        free["memory"] = memory
        for _ in range(500):
            if at_least <= limits()[0] - before <= at_most:
                return
            time.sleep(0.01)
        pytest.fail(f"{(limits()[0] - before) // MB} MB")

    with memory_limit():
        before = limits()[0]
        until(1256 * MB, 900 * MB, 1000 * MB)
        until(56 * MB, -250 * MB, -150 * MB)


def test_a_lower_limit_of_the_user_stays(free):
    before = limits()
    resource.setrlimit(resource.RLIMIT_DATA, (module.own_memory().mapped + 64 * MB, before[1]))
    try:
        own = limits()
        with memory_limit():
            assert limits() == own
        assert limits() == own
        assert 0 < module.room() <= 64 * MB
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def test_a_limit_that_somebody_sets_within_stays(free):
    before = limits()
    other = (module.own_memory().mapped + 900 * MB, before[1])
    try:
        with memory_limit():
            resource.setrlimit(resource.RLIMIT_DATA, other)
        assert limits() == other
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def test_the_last_of_several_threads_puts_it_back(free):
    before, entered, leave = limits(), threading.Event(), threading.Event()

    def work():
        with memory_limit():
            entered.set()
            leave.wait(30)

    thread = threading.Thread(target=work)
    with memory_limit():
        thread.start()
        assert entered.wait(30)
        limited = limits()
        assert limited != before
    assert limits() == limited
    leave.set()
    thread.join()
    assert limits() == before
    assert "matdata-memory" not in {one.name for one in threading.enumerate()}


def test_a_child_that_is_forked_within_has_no_limit(free):
    before = limits()
    with memory_limit():
        child = os.fork()
        if child == 0:
            with memory_limit():
                limited = limits() != before
            os._exit(0 if limited and limits() == before else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert limits() != before


def test_a_fork_waits_for_a_change_of_the_limit(free, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.01)
    before, changing, own = limits(), threading.Event(), resource.setrlimit

    def slow(*given):
        if threading.current_thread().name == "matdata-memory":
            changing.set()
            time.sleep(0.3)
        own(*given)

    with memory_limit():
        monkeypatch.setattr(resource, "setrlimit", slow)
        free["memory"] = 1256 * MB
        assert changing.wait(30)
        child = os.fork()
        if child == 0:
            os._exit(limits() != before)
        for _ in range(300):
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.1)
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.fail("the child waits for a thread that it has not")
        assert os.waitstatus_to_exitcode(status) == 0


def test_a_child_that_leaves_what_it_was_forked_in_limits_itself_again(free):
    before = limits()
    child = -1
    try:
        with memory_limit():
            child = os.fork()
        if child == 0:
            with memory_limit():
                limited = limits() != before
            os._exit(0 if limited and limits() == before else 1)
    finally:
        if child == 0:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_it_follows_after_a_look_for_which_there_was_no_memory(free, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.01)
    known, refused = module.own_memory, threading.Event()

    def scarce():
        if threading.current_thread().name == "matdata-memory" and not refused.is_set():
            refused.set()
            raise MemoryError
        return known()

    with memory_limit():
        before = limits()[0]
        monkeypatch.setattr(module, "own_memory", scarce)
        assert refused.wait(30)
        free["memory"] = 1256 * MB
        for _ in range(3000):
            if limits()[0] - before > 900 * MB:
                return
            time.sleep(0.01)
        pytest.fail("the limit stays")


@pytest.mark.parametrize("where", ["join", "start"])
def test_an_interrupt_of_its_own_steps_leaves_no_limit(free, monkeypatch, where):
    def interrupted(thread, *given):
        if where == "start":
            own(thread)
        raise KeyboardInterrupt

    before, own = limits(), getattr(threading.Thread, where)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, where, interrupted)
        with pytest.raises(KeyboardInterrupt), memory_limit():
            pass
    assert limits() == before
    with memory_limit():
        assert limits() != before
    assert limits() == before


def test_a_beginning_for_which_there_is_no_memory_counts_nobody_within(free, monkeypatch):
    def scarce():
        raise MemoryError

    before = limits()
    with monkeypatch.context() as patched:
        patched.setattr(module, "own_memory", scarce)
        with pytest.raises(MemoryError), memory_limit():
            pass
    with memory_limit():
        assert limits() != before


@pytest.mark.parametrize("missing", ["platform", "status", "thread", "permission"])
def test_where_there_is_no_such_limit_nothing_happens(free, monkeypatch, missing):
    def refuse(*given):
        raise {"thread": RuntimeError, "permission": ValueError}[missing]

    if missing == "platform":
        monkeypatch.setattr(sys, "platform", "darwin")
    elif missing == "status":
        monkeypatch.setattr(module, "own_memory", lambda: None)
    elif missing == "thread":
        monkeypatch.setattr(threading.Thread, "start", refuse)
    else:
        monkeypatch.setattr(resource, "setrlimit", refuse)
    before = limits()
    with memory_limit():
        assert limits() == before


def test_a_computation_on_the_cpu_ends_with_what_it_wanted_and_what_is_kept(free):
    first = torch.ones(2_000_000, requires_grad=True)

    def compute():
        with device_errors(torch.device("cpu"), kept="the checkpoint is whole"):
            values = first
            for _ in range(beyond(400 * MB) // (8 * MB)):  # 8 MB each, kept for gradients
                values = torch.tanh(values)
            values.sum().backward()

    told = r"does not suffice for 8\.0 MB more: .* are free for it"
    with pytest.raises(DeviceError, match=told) as one:
        compute()
    assert "pairs of sites" in one.value.cause
    assert "batch_size" in one.value.next_step
    assert one.value.next_step.endswith("the checkpoint is whole")


def test_computations_on_other_devices_are_not_limited(free):
    before = limits()
    with device_errors(torch.device("cuda:0")):
        assert limits() == before
    with device_errors(torch.device("cpu")):
        assert limits() != before
