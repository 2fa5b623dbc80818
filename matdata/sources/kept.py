"""A snapshot of the cache in place of the source that it was taken from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, ClassVar

from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.snapshot import Snapshot


class Kept(Source):
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

    def raw_chunks(self, start: int = 0) -> Iterator[Any]:
        """The chunks of the snapshot."""
        yield from list(self._snapshot.chunks())[start:]

    def parse(self, raw: Any) -> Chunk:
        """A chunk as it is."""
        chunk: Chunk = raw
        return chunk


def origin_of(content: dict[str, Any]) -> Origin:
    """An origin from a manifest; keys that a newer version wrote are left out."""
    known = {field.name for field in fields(Origin)}
    return Origin(**{key: value for key, value in content.items() if key in known})
