"""Files that are read by range, as a store of Zarr."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from zarr.abc.store import RangeByteRequest, Store, SuffixByteRequest

from matdata.sharing.remote_file import RemoteFile


def zarr_store(files: Mapping[str, RemoteFile]) -> Store:
    """A store of Zarr that reads files, which are given by Zarr's names for them."""
    return _FileStore(files)


class _FileStore(Store):
    """Files by key; each is read in the thread that asks, block by block."""

    supports_writes = False
    supports_deletes = False
    supports_partial_writes = False
    supports_listing = True

    def __init__(self, files: Mapping[str, RemoteFile]) -> None:
        super().__init__(read_only=True)
        self._files = files

    def __eq__(self, other: object) -> bool:
        return self is other

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
        file = self._files.get(key)
        if file is None:
            return None
        size = file.seek(0, 2)
        if byte_range is None:
            start, stop = 0, size
        elif isinstance(byte_range, RangeByteRequest):
            start, stop = byte_range.start, byte_range.end
        elif isinstance(byte_range, SuffixByteRequest):
            start, stop = max(0, size - byte_range.suffix), size
        else:
            start, stop = byte_range.offset, size
        return prototype.buffer.from_bytes(file.read_range(start, stop))

    async def get_partial_values(
        self, prototype: Any, key_ranges: Iterable[tuple[str, Any]]
    ) -> list[Any]:
        return [await self.get(key, prototype, one) for key, one in key_ranges]

    async def exists(self, key: str) -> bool:
        return key in self._files

    async def set(self, key: str, value: Any) -> None:
        raise NotImplementedError("a shared folder is read only")

    async def set_partial_values(self, key_start_values: Iterable[tuple[str, int, Any]]) -> None:
        raise NotImplementedError("a shared folder is read only")  # zarr 3.0 wants it to be there

    async def delete(self, key: str) -> None:
        raise NotImplementedError("a shared folder is read only")

    async def list(self) -> AsyncIterator[str]:
        for key in self._files:
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        for key in self._files:
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        inside = f"{prefix.rstrip('/')}/" if prefix else ""
        names = (key.removeprefix(inside) for key in self._files if key.startswith(inside))
        for name in sorted({one.partition("/")[0] for one in names}):
            yield name
