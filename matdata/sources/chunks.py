"""Records in chunks, bounded in number and in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from matdata.sources.limits import CHUNK_ROWS, CHUNK_WEIGHT


class HasWeight(Protocol):
    """An object with an estimate of its memory."""

    @property
    def weight(self) -> int:
        """Approximate size in memory, bytes."""
        ...


W = TypeVar("W", bound=HasWeight)


def chunked(records: Iterable[W], start: int = 0, rows: int | None = None) -> Iterator[list[W]]:
    """Chunks of `rows` records, or of fewer if these exceed `CHUNK_WEIGHT` bytes.

    The ends of chunks depend on the records only, so a resumed read gives the same chunks.

    Parameters
    ----------
    records
        All records, from the first.
    start
        Number of chunks to skip.
    rows
        Maximum number of records per chunk; `CHUNK_ROWS` if not given.
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
    """The first records, from which columns are inferred."""
    return next(chunked(records, 0, rows), [])
