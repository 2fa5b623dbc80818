"""Shards as HDF5 files: one file per shard, one dataset per array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.store.files import reserve

SUFFIX = ".h5"
CHUNK_BYTES = 1 << 18  # read granularity inside a shard


def chunk_rows(array: npt.NDArray[np.generic]) -> int:
    """Number of entries along the first axis that take about `CHUNK_BYTES`."""
    return _chunk_rows(array.shape, array.itemsize)


def _chunk_rows(shape: tuple[int, ...], itemsize: int) -> int:
    entry = max(1, int(itemsize * np.prod(shape[1:], dtype=np.int64)))
    return int(max(1, min(shape[0], CHUNK_BYTES // entry)))


def _layout(shape: tuple[int, ...], itemsize: int) -> dict[str, Any]:
    """How an array is stored."""
    layout: dict[str, Any] = {"track_times": False}
    if np.prod(shape, dtype=np.int64):
        layout["chunks"] = (_chunk_rows(shape, itemsize), *shape[1:])
        layout |= {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    return layout


def write(path: Path, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Write named arrays; equal arrays give equal bytes (no times are stored).

    The file is assembled in memory: on a full disk HDF5 fails in ways that no caller can
    catch, where a plain write raises an `OSError`.
    """
    import h5py

    options: dict[str, Any] = {"driver": "core", "backing_store": False, "libver": "v110"}
    with h5py.File("memory", "w", **options) as file:
        for name in sorted(arrays):
            array = np.ascontiguousarray(arrays[name])
            file.create_dataset(name, data=array, **_layout(array.shape, array.itemsize))
        file.flush()
        image: bytes = file.id.get_file_image()
    path.write_bytes(image)


class RawArray(NamedTuple):
    """An array whose bytes are the content of a file.

    Attributes
    ----------
    name
        Under which it is stored.
    path
        The file.
    length
        Entries along the first axis.
    dtype, inner_shape
        Of its numbers, and of an entry.
    """

    name: str
    path: Path
    length: int
    dtype: str
    inner_shape: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return (self.length, *self.inner_shape)


def write_raw(path: Path, arrays: Sequence[RawArray]) -> None:
    """Write arrays that do not fit in memory, in the bytes of `write`.

    The space is reserved beforehand, since HDF5 fails in ways that no caller can catch where the
    disk is full.

    Raises
    ------
    OSError
        If there is no space for it.
    """
    import h5py

    reserve(path, sum(one.path.stat().st_size for one in arrays) * 65 // 64 + (1 << 16))
    with h5py.File(path, "w", libver="v110") as file:
        for one in sorted(arrays):
            dtype = np.dtype(one.dtype)
            layout = _layout(one.shape, dtype.itemsize)
            dataset = file.create_dataset(one.name, shape=one.shape, dtype=dtype, **layout)
            _copy(one, dataset, layout.get("chunks", (1,))[0])
            dataset.flush()  # else what is left of it lies behind the next one's


def _copy(raw: RawArray, dataset: Any, rows: int) -> None:
    """Copy the bytes of a file, so many entries at a time."""
    entries = int(np.prod(raw.inner_shape, dtype=np.int64))
    with open(raw.path, "rb") as file:
        for start in range(0, raw.length, rows):
            stop = min(start + rows, raw.length)
            block = np.fromfile(file, dtype=raw.dtype, count=(stop - start) * entries)
            dataset[start:stop] = block.reshape(-1, *raw.inner_shape)


class Shard:
    """An open shard.

    Parameters
    ----------
    source
        Its path, or a file that can be read and sought in.
    """

    def __init__(self, source: Path | IO[bytes]) -> None:
        import h5py

        self._file = h5py.File(source, "r")

    def __contains__(self, name: str) -> bool:
        return name in self._file

    def length(self, name: str) -> int:
        """Entries along the first axis of an array."""
        return len(self._file[name])

    def read(self, name: str, start: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
        """Entries `start` to `stop` along the first axis of an array (n, ...)."""
        array: npt.NDArray[Any] = self._file[name][start:stop]
        return array

    def close(self) -> None:
        """Close the file."""
        self._file.close()
