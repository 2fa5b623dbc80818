"""Compiled loops of the CPU in as many threads as torch has."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

#: Numbers below which a second thread costs more than it brings.
WORTH_A_THREAD = 1 << 18
#: Parts a thread, so that one that starts late or shares its core has fewer of them.
PARTS_A_THREAD = 4


def how_many_parts(size: int) -> int:
    """Into how many parts to cut loops that touch so many numbers."""
    threads = _threads(size)
    return 1 if threads == 1 else PARTS_A_THREAD * threads


def in_threads(work: Callable[[int, int, int], None], offsets: Any, size: int) -> None:
    """Call ``work(part, first, last)`` for parts of the sets, in as many threads as torch has.

    Which thread does a part is open, what a part is is not: sums over parts are the same each time.

    Parameters
    ----------
    work
        Compiled loops that hold no interpreter lock, over sets from `first` to before `last`.
    offsets
        Where the entries of each set begin, (b + 1,); parts have about equally many.
    size
        Numbers that the loops touch in all; `how_many_parts` of it are the parts.
    """
    parts = how_many_parts(size)
    cuts = np.searchsorted(offsets, offsets[-1] * np.arange(1, parts) / parts)
    edges = [0, *cuts.tolist(), len(offsets) - 1]
    waiting = iter(range(parts))  # its next is atomic

    def drain() -> None:
        for part in waiting:
            work(part, edges[part], edges[part + 1])

    helpers = [_pool().submit(drain) for _ in range(1, _threads(size))]
    drain()
    for helper in helpers:
        if not helper.cancel():  # one that has not begun is not waited for
            helper.result()


def _threads(size: int) -> int:
    return min(torch.get_num_threads(), 1 + size // WORTH_A_THREAD)


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="matdata-nn")


def array(tensor: Tensor) -> Any:
    """A tensor's numbers for a compiled loop, rows without gaps."""
    return tensor.detach().contiguous().numpy()
