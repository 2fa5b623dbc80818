"""A file of a shared folder, read by blocks: each is compared with its digest before it is used."""

from __future__ import annotations

import io
from collections import OrderedDict
from typing import Any

from matdata.core.digest import digest_bytes
from matdata.sharing.address import Address
from matdata.sharing.block_cache import BlockCache
from matdata.sharing.connecting import open_folder
from matdata.sharing.folder import SharedFolder
from matdata.sharing.reading import reading_blob
from matdata.sharing.record import BLOCK, FileRecord
from matdata.sharing.retrying import WrongBytesError

#: Blocks that an open file holds in memory.
HELD = 8


class BlockSource:
    """Blocks of blobs, from the cache of blocks or else from their shared folder.

    Copies of other processes open the folder again. Credentials of its address are copied in memory
    alone.

    Parameters
    ----------
    address
        Of the shared folder.
    blocks
        Where blocks are kept.
    """

    def __init__(self, address: Address, blocks: BlockCache) -> None:
        self.address = address
        self.blocks = blocks
        self._folder: SharedFolder | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"address": self.address, "home": self.blocks.folder.parent}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["address"], BlockCache(state["home"]))  # type: ignore[misc]

    @property
    def folder(self) -> SharedFolder:
        """The shared folder, opened when it is first needed."""
        if self._folder is None:
            self._folder = open_folder(self.address)
        return self._folder

    def block(self, one: FileRecord, index: int) -> bytes:
        """A block of a file.

        Raises
        ------
        DamageError
            If its file is missing there, or other bytes come again and again.
        StoreError
            If the store fails for good.
        """
        digest = one.blocks[index] if one.blocks else one.sha256
        data = self.blocks.get(digest)
        if data is None:
            data = self._fetched(one, index, digest)
            self.blocks.put(digest, data)
        return data

    def _fetched(self, one: FileRecord, index: int, digest: str) -> bytes:
        start = index * BLOCK if one.blocks else 0
        stop = min(start + BLOCK, one.size) if one.blocks else one.size

        def attempt(name: str) -> bytes:
            data = self.folder.read_range(name, start, stop)
            if digest_bytes(data) != digest:
                raise WrongBytesError("other bytes came than those of the record")
            return data

        return reading_blob(self.folder, one, attempt)


class RemoteFile(io.RawIOBase):
    """A file of a shared folder as a file that can be read.

    Parameters
    ----------
    source
        Where its blocks come from.
    record
        Its size and digests.
    """

    def __init__(self, source: BlockSource, record: FileRecord) -> None:
        self._source, self._record = source, record
        self._position = 0
        self._block_size = BLOCK if record.blocks else max(record.size, 1)
        self._held: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where it is read next."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._record.size}
        self._position = max(0, starts[whence] + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; what is returned is less only at the end of the file."""
        view = memoryview(buffer).cast("B")
        data = self.read_range(self._position, self._position + len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def read_range(self, start: int, stop: int) -> bytes:
        """Bytes from `start` to `stop`, as far as the file goes."""
        stop = min(stop, self._record.size)
        pieces = []
        while start < stop:
            index, inside = divmod(start, self._block_size)
            piece = self._block(index)[inside : inside + stop - start]
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)

    def _block(self, index: int) -> bytes:
        data = self._held.pop(index, None)
        if data is None:
            data = self._source.block(self._record, index)
        self._held[index] = data
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        return data
