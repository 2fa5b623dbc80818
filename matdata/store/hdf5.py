"""Shards as HDF5 files: one file per shard, one dataset per array."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SUFFIX = ".h5"
CHUNK_BYTES = 1 << 18  # read granularity inside a shard


def chunk_rows(array: npt.NDArray[np.generic]) -> int:
    """Number of entries along the first axis that take about `CHUNK_BYTES`."""
    entry = max(1, int(array.itemsize * np.prod(array.shape[1:], dtype=np.int64)))
    return int(max(1, min(len(array), CHUNK_BYTES // entry)))


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
            layout: dict[str, Any] = {"track_times": False}
            if array.size:
                layout["chunks"] = (chunk_rows(array), *array.shape[1:])
                layout |= {"compression": "gzip", "compression_opts": 1, "shuffle": True}
            file.create_dataset(name, data=array, **layout)
        file.flush()
        image: bytes = file.id.get_file_image()
    path.write_bytes(image)


class Shard:
    """An open shard."""

    def __init__(self, path: Path) -> None:
        import h5py

        self._file = h5py.File(path, "r")

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
