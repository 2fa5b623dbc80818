"""Work that several processes do at once; a module that new processes can import."""

from __future__ import annotations

import multiprocessing

import matdata as md
from matdata.cli import main
from matdata.core.errors import SplitError
from matdata.store.latest import mark_last


def mark(folder, count):
    for _ in range(count):
        mark_last(folder)


def split(folder, cache, seed, barrier, answers):
    dataset = md.Dataset(folder, cache)
    barrier.wait()
    try:
        dataset.split(method="random", name="x", seed=seed)
        answers.put((seed, "saved"))
    except SplitError as error:
        answers.put((seed, error.what))


def export(cache, ref, path, barrier):
    barrier.wait()
    for _ in range(5):
        assert main(["export", ref, str(path), "--format", "npz", "--cache", str(cache)]) == 0


def together(work, arguments):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=one) for one in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * len(processes)
