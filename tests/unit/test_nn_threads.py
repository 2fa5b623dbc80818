"""Every part of the sets is done once, by whatever threads, and failures come through."""

from __future__ import annotations

import functools
import threading
from concurrent.futures import Executor

import numpy as np
import pytest
import torch

from matdata.nn.cpu import openmp

OFFSETS = np.cumsum([0, *range(1, 40)])
LARGE = 100 * openmp.WORTH_A_THREAD


def run(work, team, offsets=OFFSETS, size=LARGE):
    openmp.in_threads(work, offsets, openmp.how_many_parts(size), team)


@pytest.fixture(params=["openmp", "own"])
def team(request):
    if request.param == "own":
        return openmp.own_team
    return openmp.openmp_team() or pytest.skip("torch's OpenMP cannot be called here")


@pytest.fixture(params=[1, 2, 3])
def count(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_parts_cover_the_sets_in_order_and_once(team, count):
    done = []
    run(lambda *part: done.append(part), team)
    assert len(done) == openmp.how_many_parts(LARGE) == (1 if count == 1 else 4 * count)
    numbers, first, last = zip(*sorted(done), strict=True)
    assert numbers == tuple(range(len(done)))
    assert (first[0], last[-1]) == (0, len(OFFSETS) - 1)
    assert first[1:] == last[:-1]


def test_parts_have_about_equally_many_entries(team, count):
    sizes = []
    run(lambda _, a, b: sizes.append(OFFSETS[b] - OFFSETS[a]), team)
    assert max(sizes) <= OFFSETS[-1] / len(sizes) + 2 * 39


def test_small_work_stays_in_this_thread(team, count):
    seen = set()
    run(lambda *_: seen.add(threading.get_ident()), team, size=10)
    assert seen == {threading.get_ident()}


def test_several_threads_take_part(team, count):
    meet = threading.Barrier(count, timeout=30)
    seen = set()

    def work(part, *_):
        if part < count:
            meet.wait()  # passes only if so many threads are here at once
        seen.add(threading.get_ident())

    run(work, team)
    assert len(seen) == count


@pytest.mark.parametrize("error", [ValueError, IndexError, KeyboardInterrupt])
def test_failures_come_through(team, count, error):
    def work(part, *_):
        if part == 0:
            raise error("here")

    with pytest.raises(error, match="here"):
        run(work, team)


def test_no_sets_are_no_work(team, count):
    seen = []
    run(lambda _, a, b: seen.append(b - a), team, np.zeros(1, np.int64))
    assert sum(seen) == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_outside_of_the_parts_is_not_lost():
    team = openmp.openmp_team()
    if team is None:
        pytest.skip("torch's OpenMP cannot be called here")
    here = threading.get_ident()

    def interrupted():
        if threading.get_ident() == here:
            raise KeyboardInterrupt  # as a signal before the first line of `drain` does

    with pytest.raises(KeyboardInterrupt):
        team(interrupted, 2)


def test_no_new_threads_are_no_failure(count):
    class Closed(Executor):
        def submit(self, call):
            raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    done = []
    run(lambda *part: done.append(part), functools.partial(openmp.own_team, pool=Closed()))
    assert len(done) == openmp.how_many_parts(LARGE)
