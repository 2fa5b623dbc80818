"""Ordered maps over threads, processes and executors of others."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from types import SimpleNamespace

import pytest
from support.executors import DieOnce, Dropping, InCaller, Never, die, refuse, square

from matdata.core.errors import ConfigError, FeatureError, MatdataError
from matdata.core.executors import SEQUENTIAL, Workers, ordered_map
from matdata.core.retries import MOST_LOST, RETRIES, LossLog, is_lost
from matdata.core.worker_identity import OnWorker, worker_identity
from matdata.plugin import Executor


def spawned() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"))


def test_results_keep_their_order_wherever_they_come_from():
    expected = [square(k) for k in range(50)]
    assert list(ordered_map(square, range(50), SEQUENTIAL)) == expected
    assert list(ordered_map(square, range(50), Workers(2), "thread")) == expected
    with ThreadPoolExecutor(3) as threads:
        assert list(ordered_map(square, range(50), Workers(3, threads))) == expected
    stranger: Executor = InCaller()
    assert list(ordered_map(square, range(50), Workers(1, stranger))) == expected


def test_no_more_tasks_are_taken_than_the_window_holds():
    taken: list[int] = []

    def tasks():
        for k in range(20):
            taken.append(k)
            yield k

    workers = Workers(3, InCaller())
    for done, _ in enumerate(ordered_map(square, tasks(), workers), 1):
        assert len(taken) <= done - 1 + workers.window
    assert len(taken) == 20


def test_what_has_not_begun_is_cancelled_when_the_caller_stops():
    lazy = Never()
    running = ordered_map(square, range(100), Workers(2, lazy))
    waiting = threading.Timer(0.2, lambda: lazy.futures[0].set_result(0))
    waiting.start()
    assert next(running) == 0
    running.close()
    assert len(lazy.futures) == Workers(2).window
    assert all(future.cancelled() for future in lazy.futures[1:])


def test_an_executor_that_was_given_stays_open():
    with ThreadPoolExecutor(1) as threads:
        with pytest.raises(FeatureError):
            list(ordered_map(refuse, range(3), Workers(1, threads)))
        assert threads.submit(square, 3).result() == 9


def test_errors_of_worker_processes_read_as_they_were_raised():
    with pytest.raises(FeatureError) as here:
        refuse(0)
    again = pickle.loads(pickle.dumps(here.value))
    assert vars(again) == vars(here.value)
    with spawned() as processes, pytest.raises(FeatureError) as there:
        list(ordered_map(refuse, range(3), Workers(1, processes)))
    assert str(there.value) == str(here.value) == str(again)
    assert "\n  likely cause: a cause\n" in str(there.value)


def test_a_dead_worker_and_a_closed_executor_are_errors_with_a_next_step():
    with spawned() as processes, pytest.raises(MatdataError, match="exited without"):
        list(ordered_map(die, range(3), Workers(1, processes)))
    with ThreadPoolExecutor(1) as closed:
        pass
    with pytest.raises(MatdataError, match=r"takes no task.*\n.*shut down"):
        list(ordered_map(square, range(3), Workers(1, closed)))
    dropping = Dropping(always=True)
    with pytest.raises(MatdataError, match="dropped a task"):
        next(ordered_map(square, range(3), Workers(2, dropping)))
    assert dropping.submitted.count(0) == 1 + RETRIES


def test_the_task_of_a_lost_worker_is_done_again():
    dropping = Dropping()
    workers = Workers(2, dropping)
    assert list(ordered_map(square, range(9), workers)) == [k * k for k in range(9)]
    assert [dropping.submitted.count(k) for k in range(9)] == [2] * 9
    assert len(workers.losses.lines) <= 9
    assert "a worker was lost in square (CancelledError)" in workers.losses.lines[0]


@pytest.mark.slow
def test_a_lost_process_of_our_own_is_replaced(tmp_path):
    workers = Workers(2)
    results = list(ordered_map(DieOnce(tmp_path, 5), range(12), workers, "process"))
    assert results == [k * k for k in range(12)]
    assert any("in DieOnce" in line for line in workers.losses.lines)


@pytest.mark.slow
def test_a_task_that_kills_each_process_ends_in_one_error():
    workers = Workers(2)
    with pytest.raises(MatdataError, match=r"exited without.*\n.*\n.*fewer --workers"):
        list(ordered_map(die, range(3), workers, "process"))
    assert len(workers.losses.lines) == RETRIES


class Killing:
    """A scheduler of dask that gives a task to four workers and loses them all, each time."""

    def __init__(self) -> None:
        self.submitted: list[int] = []

    def submit(self, function, task, /) -> Future:
        from distributed.scheduler import KilledWorker

        self.submitted.append(task)
        future: Future = Future()
        future.set_exception(KilledWorker("read", SimpleNamespace(address="tcp://a"), 3))
        return future


def test_the_workers_that_one_task_may_lose_are_bounded():
    """Retries of ours and of dask multiply; the product is bounded for each task."""
    pytest.importorskip("distributed")
    killing, printed = Killing(), []
    workers = Workers(2, killing, losses=LossLog(report=printed.append))
    with pytest.raises(MatdataError, match="the same task lost 8 of them"):
        list(ordered_map(square, range(9), workers))
    assert {killing.submitted.count(k) for k in killing.submitted} == {2}
    assert 4 * killing.submitted.count(0) == MOST_LOST
    assert printed == workers.losses.lines
    assert "KilledWorker" in printed[0]
    assert "attempt 2 begins" in printed[0]


def test_what_dask_says_of_lost_workers_is_known_by_name():
    comm = pytest.importorskip("distributed.comm")
    scheduler = pytest.importorskip("distributed.scheduler")
    assert is_lost(comm.CommClosedError("in <TCP>: Stream is closed"))
    killed = scheduler.KilledWorker("compute_pass-1", None, 3)
    assert isinstance(killed, Exception)
    assert is_lost(killed)
    assert is_lost(CancelledError())
    assert not is_lost(MemoryError())
    assert not is_lost(FeatureError("no"))


def test_a_process_that_could_give_other_bits_is_refused(monkeypatch):
    expected = {**worker_identity(), "numpy": "1.0", "processor for numba": "z80 alu,fpu"}
    with pytest.raises(ConfigError) as refused:
        OnWorker(square, expected)(3)
    message = str(refused.value)
    assert "differs from where the command was given in numpy, processor for numba" in message
    assert "numpy: 1.0 for the command" in message
    assert "only the command has alu, fpu, z80" in message
    assert OnWorker(square, worker_identity())(3) == 9


def test_what_cannot_take_tasks_is_refused():
    with pytest.raises(ConfigError, match="str is no executor"):
        Workers(1, "tcp://scheduler")
    with pytest.raises(ConfigError, match="ThreadPoolExecutor is no executor: it is a class"):
        Workers(1, ThreadPoolExecutor)


class NoFutures:
    def submit(self, function, task):
        return function(task)


def test_an_executor_without_futures_is_refused():
    with pytest.raises(ConfigError, match=r"NoFutures is no .* returned int, which has no"):
        list(ordered_map(square, range(3), Workers(1, NoFutures())))
