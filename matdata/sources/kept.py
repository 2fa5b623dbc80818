"""A snapshot of the cache in place of the source that it was taken from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import ClassVar

from matdata.core.documents import JsonObject
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.snapshot import Snapshot


class Kept(Source[Chunk]):
    """A snapshot of the cache in place of its source: nothing is read again.

    Parameters
    ----------
    snapshot
        The snapshot.
    """

    name: ClassVar[str] = "kept"

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @classmethod
    def make(cls, request: Request) -> Kept:
        """Kept snapshots are found by `find_source`.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError(request)

    def origin(self) -> Origin:
        """What the source reported of itself; the snapshot is found by its request."""
        return origin_of(self._snapshot.origin)

    def raw_chunks(self, start: int = 0) -> Iterator[Chunk]:
        """The chunks of the snapshot."""
        yield from list(self._snapshot.chunks())[start:]

    def parse(self, raw: Chunk) -> Chunk:
        """A chunk as it is."""
        return raw


def origin_of(content: JsonObject) -> Origin:
    """An origin from a manifest; keys that a newer version wrote are left out."""
    known = {field.name for field in fields(Origin)}
    return Origin(**{key: value for key, value in content.items() if key in known})
