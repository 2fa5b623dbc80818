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


def in_threads(work: Callable[[int, int, int], None], offsets: Any, size: int) -> None:
    """Call ``work(part, first, last)`` for as many parts as torch has threads.

    Parameters
    ----------
    work
        Compiled loops that hold no interpreter lock, over sets from `first` to before `last`.
    offsets
        Where the entries of each set begin, (b + 1,); parts have about equally many.
    size
        Numbers that the loops touch in all.
    """
    parts = min(torch.get_num_threads(), 1 + size // WORTH_A_THREAD)
    entries = offsets[-1]
    cuts = np.searchsorted(offsets, entries * np.arange(1, parts) / parts)
    edges = [0, *cuts.tolist(), len(offsets) - 1]
    if parts == 1:
        work(0, 0, len(offsets) - 1)
        return
    waiting = [_pool().submit(work, k, edges[k], edges[k + 1]) for k in range(1, parts)]
    work(0, edges[0], edges[1])
    for one in waiting:
        one.result()


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="matdata-nn")


def array(tensor: Tensor) -> Any:
    """A tensor's numbers for a compiled loop, rows without gaps."""
    return tensor.detach().contiguous().numpy()
