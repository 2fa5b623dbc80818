"""Shards as Zarr v3 groups: each array uses the sharding codec and lies in one file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.store.hdf5 import chunk_rows
from matdata.store.wholeness import gone_error

SUFFIX = ".zarr"
METADATA = "zarr.json"


def write(path: Path, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Write named arrays; equal arrays give equal bytes."""
    import zarr
    from zarr.codecs import ZstdCodec

    group = zarr.create_group(store=path, zarr_format=3)
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        rows = chunk_rows(array)
        in_shard = -(-max(len(array), 1) // rows) * rows
        inner = tuple(max(1, size) for size in array.shape[1:])
        stored = group.create_array(
            name,
            shape=array.shape,
            dtype=array.dtype,
            chunks=(rows, *inner),
            shards=(in_shard, *inner),
            compressors=ZstdCodec(level=3),
        )
        if array.size:
            stored[...] = array


class Shard:
    """An open shard.

    Parameters
    ----------
    source
        Its path, or a store of Zarr.
    """

    def __init__(self, source: Any) -> None:
        import zarr

        self._path = source if isinstance(source, Path) else None
        self._group = zarr.open_group(source, mode="r")
        self._arrays: dict[str, Any] = {}

    def read(self, name: str, start: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
        """Entries `start` to `stop` along the first axis of an array (n, ...).

        Raises
        ------
        StoreError
            If the shard was removed since it was opened.
        """
        try:
            if name not in self._arrays:
                self._arrays[name] = self._group[name]
            values = np.asarray(self._arrays[name][start:stop])
        except (KeyError, OSError) as error:
            self._require_there(error)
            raise
        self._require_there()
        return values

    def _require_there(self, error: Exception | None = None) -> None:
        """Check after a read that the folder still had its name: a missing chunk reads as zeros.

        It is renamed as a whole before anything in it is deleted.
        """
        if self._path is not None and not (self._path / METADATA).exists():
            raise gone_error(self._path) from error

    def close(self) -> None:
        """Nothing is kept open."""
