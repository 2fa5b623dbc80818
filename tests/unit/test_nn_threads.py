"""Every part of the sets is done once, by whatever threads, and failures come through."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from matdata.nn import threads

OFFSETS = np.cumsum([0, *range(1, 40)])
LARGE = 100 * threads.WORTH_A_THREAD


@pytest.fixture(params=["openmp", "own"])
def team(request, monkeypatch):
    if request.param == "openmp" and threads._openmp() is None:
        pytest.skip("torch's OpenMP cannot be called here")
    if request.param == "own":
        monkeypatch.setattr(threads, "_openmp", lambda: None)


@pytest.fixture(params=[1, 2, 3])
def count(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_parts_cover_the_sets_in_order_and_once(team, count):
    done = []
    threads.in_threads(lambda *part: done.append(part), OFFSETS, LARGE)
    assert len(done) == threads.how_many_parts(LARGE) == (1 if count == 1 else 4 * count)
    numbers, first, last = zip(*sorted(done), strict=True)
    assert numbers == tuple(range(len(done)))
    assert (first[0], last[-1]) == (0, len(OFFSETS) - 1)
    assert first[1:] == last[:-1]


def test_parts_have_about_equally_many_entries(team, count):
    sizes = []
    threads.in_threads(lambda _, a, b: sizes.append(OFFSETS[b] - OFFSETS[a]), OFFSETS, LARGE)
    assert max(sizes) <= OFFSETS[-1] / len(sizes) + 2 * 39


def test_small_work_stays_in_this_thread(team, count):
    seen = set()
    threads.in_threads(lambda *_: seen.add(threading.get_ident()), OFFSETS, 10)
    assert seen == {threading.get_ident()}


def test_several_threads_take_part(team, count):
    meet = threading.Barrier(count, timeout=30)
    seen = set()

    def work(part, *_):
        if part < count:
            meet.wait()  # passes only if so many threads are here at once
        seen.add(threading.get_ident())

    threads.in_threads(work, OFFSETS, LARGE)
    assert len(seen) == count


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_failures_come_through(team, count, error):
    def work(part, *_):
        if part == 0:
            raise error("here")

    with pytest.raises(error, match="here"):
        threads.in_threads(work, OFFSETS, LARGE)


def test_no_sets_are_no_work(team, count):
    seen = []
    threads.in_threads(lambda _, a, b: seen.append(b - a), np.zeros(1, np.int64), LARGE)
    assert sum(seen) == 0
