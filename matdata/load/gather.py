"""Gathering entries of materials: compiled where numba is there, NumPy else."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.crystals import Int

Copy = Callable[..., None]


@functools.cache
def compiled() -> Copy | None:
    """The compiled copy, or None on a machine without numba."""
    try:
        from matdata.load.kernels import copy_stretches
    except ImportError:
        return None
    two, nothing = np.zeros(2, np.int64), np.empty(0, np.uint8)
    copy_stretches(nothing, two[:1], two, 1, nothing)  # compiles it, or reads it from the disk
    return copy_stretches  # type: ignore[no-any-return]


def _bytes(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)


def gather_entries(
    source: npt.NDArray[Any], starts: Int, ends: Int, target: npt.NDArray[Any]
) -> None:
    """Copy the stretches of some materials one after another.

    Parameters
    ----------
    source : (N, ...)
        Entries of all materials.
    starts : (b,) int64
        Where the stretches begin in `source`.
    ends : (b + 1,) int64
        Where they begin in `target`; the last is its length.
    target : (M, ...)
        Where they go.
    """
    if not target.size:
        return
    copy = compiled()
    if copy is not None:
        item = source.itemsize * int(np.prod(source.shape[1:], dtype=np.int64))
        copy(_bytes(source), starts, ends, item, _bytes(target))
        return
    index = np.arange(ends[-1], dtype=np.int64)
    index += np.repeat(starts - ends[:-1], np.diff(ends))
    np.take(source, index, axis=0, out=target, mode="clip")


def gather_rows(source: npt.NDArray[Any], rows: Int, target: npt.NDArray[Any]) -> None:
    """Copy rows; ``mode="clip"`` spares NumPy a buffer, positions were checked before."""
    np.take(source, rows, axis=0, out=target, mode="clip")
