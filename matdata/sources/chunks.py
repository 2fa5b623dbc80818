"""Records in chunks: so many, or as many as fit a bound on memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from matdata.sources.limits import CHUNK_ROWS, CHUNK_WEIGHT


class Weighed(Protocol):
    """What knows how many bytes of memory it takes, about."""

    @property
    def weight(self) -> int:
        """Bytes."""
        ...


W = TypeVar("W", bound=Weighed)


def chunked(records: Iterable[W], start: int = 0, rows: int | None = None) -> Iterator[list[W]]:
    """Chunks of `rows` records, or of fewer where these take more than `CHUNK_WEIGHT`.

    Where a chunk ends depends on the records alone, so a resumed read cuts them the same.

    Parameters
    ----------
    records
        From the first one on.
    start
        Chunks to pass over.
    rows
        Most records in a chunk; `CHUNK_ROWS` if not given.
    """
    rows = CHUNK_ROWS if rows is None else rows
    number, count, weight = 0, 0, 0
    chunk: list[W] = []
    for record in records:
        if count and (count == rows or weight + record.weight > CHUNK_WEIGHT):
            if number >= start:
                yield chunk
            number, count, weight, chunk = number + 1, 0, 0, []
        count, weight = count + 1, weight + record.weight
        if number >= start:
            chunk.append(record)
    if chunk:
        yield chunk


def first_of(records: Iterable[W], rows: int) -> list[W]:
    """The first records, to see what columns there are."""
    return next(chunked(records, 0, rows), [])
