"""Parts of a feature that lie in a shared folder, as its storage formats open them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from matdata.sharing.record import FileRecord
from matdata.sharing.remote_file import BlockSource, RemoteFile


class RemoteParts:
    """Opens the parts of an artefact of a shared folder.

    Parameters
    ----------
    source
        Where blocks come from.
    files
        The files of the artefact by name.
    """

    def __init__(self, source: BlockSource, files: Mapping[str, FileRecord]) -> None:
        self._source = source
        self._files = dict(files)

    def opened(self, part: str) -> Any:
        """A file of one part (HDF5), or what Zarr reads a folder from."""
        if part in self._files:
            return RemoteFile(self._source, self._files[part])
        inside = f"{part}/"
        files = {
            name.removeprefix(inside): one
            for name, one in self._files.items()
            if name.startswith(inside)
        }
        return zarr_store({name: RemoteFile(self._source, one) for name, one in files.items()})


def zarr_store(files: Mapping[str, RemoteFile]) -> Any:
    """A store of Zarr that reads files by range."""
    from zarr.abc.store import RangeByteRequest, Store, SuffixByteRequest

    class FileStore(Store):
        """Files by key; each is read in the thread that asks, block by block."""

        supports_writes = False
        supports_deletes = False
        supports_partial_writes = False
        supports_listing = True

        def __init__(self) -> None:
            super().__init__(read_only=True)

        def __eq__(self, other: object) -> bool:
            return self is other

        async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
            file = files.get(key)
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
            return key in files

        async def set(self, key: str, value: Any) -> None:
            raise NotImplementedError("a shared folder is read only")

        async def delete(self, key: str) -> None:
            raise NotImplementedError("a shared folder is read only")

        async def list(self) -> AsyncIterator[str]:
            for key in files:
                yield key

        async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
            for key in files:
                if key.startswith(prefix):
                    yield key

        async def list_dir(self, prefix: str) -> AsyncIterator[str]:
            inside = f"{prefix.rstrip('/')}/" if prefix else ""
            names = (key.removeprefix(inside) for key in files if key.startswith(inside))
            for name in sorted({one.partition("/")[0] for one in names}):
                yield name

    return FileStore()
