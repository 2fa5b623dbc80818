"""Gathering entries of materials: compiled where numba is there and the switch of
`matdata.core.cpu_kernels` is on, NumPy else."""

from __future__ import annotations

import functools
from types import ModuleType

import numpy as np
import numpy.typing as npt

from matdata.core.cpu_kernels import cpu_kernels_enabled
from matdata.core.crystals import Array, Int

#: Bytes of columns from which compiled copying is worth the import of numba: half a second, in
#: which NumPy copies some hundred times as much.
WORTH_COMPILING = 1 << 20


def compiled() -> ModuleType | None:
    """The module `matdata.load.kernels`, made ready to run; None without numba, or switched off."""
    return _kernels() if cpu_kernels_enabled() else None


def make_ready(size: int) -> None:
    """Have the compiled loops ready before the first epoch, for columns of so many bytes."""
    if size >= WORTH_COMPILING:
        compiled()


def ready() -> ModuleType | None:
    """The compiled loops, if some loader or caller has made them ready and the switch is on."""
    return compiled() if _kernels.cache_info().currsize else None


@functools.cache
def _kernels() -> ModuleType | None:
    try:
        from matdata.load import kernels
    except ImportError:
        return None
    # the first call compiles, or reads what was compiled from the disk
    two, nothing = np.zeros(2, np.int64), np.empty(0, np.uint8)
    kernels.copy_stretches(nothing, two[:1], two, 1, nothing)
    ends = np.empty((0, 5), np.uint16)
    kernels.edge_index(ends[:, 0], ends[:, 1], two, two, np.empty((2, 0), np.int64))
    return kernels


def _bytes(array: Array) -> npt.NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)


def gather_entries(source: Array, starts: Int, ends: Int, target: Array) -> None:
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
    kernels = ready()
    if kernels is not None:
        item = source.itemsize * int(np.prod(source.shape[1:], dtype=np.int64))
        kernels.copy_stretches(_bytes(source), starts, ends, item, _bytes(target))
        return
    index = np.arange(ends[-1], dtype=np.int64)
    index += np.repeat(starts - ends[:-1], np.diff(ends))
    np.take(source, index, axis=0, out=target, mode="clip")


def gather_rows(source: Array, rows: Int, target: Array) -> None:
    """Copy rows; ``mode="clip"`` spares NumPy a buffer, positions were checked before."""
    np.take(source, rows, axis=0, out=target, mode="clip")
