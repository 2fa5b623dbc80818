"""The stream of the sample's records: originals first, then further originals and copies in turn.

Nothing depends on how many records are asked for, so a longer sample starts with a shorter one.
No record is kept: copies are made of originals that are drawn again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

from matdata.core.errors import SourceError
from matdata.sources._compositions import further_pools, pools
from matdata.sources._copies import ROUNDS, copies_of
from matdata.sources._draws import Draws
from matdata.sources._sampler import blocks

N_ORIGINALS = 140_000  # reached by every seed; their compositions run out some thousands later
MAX_SIZE = 1_000_000  # reached by every seed
FURTHER_BLOCKS = 2  # of further originals, between the copies of two blocks


def draw_chunks(seed: int, size: int, chunk: int, start: int = 0) -> Iterator[Draws]:
    """Divide the first `size` records into chunks, and yield them from chunk `start` on.

    Raises
    ------
    SourceError
        If the records run out before `size` is reached.
    """
    first_record = start * chunk
    pending: Draws | None = None
    for block in _records(seed, size > N_ORIGINALS):
        part = block.take(max(first_record - block.first, 0), max(size - block.first, 0))
        if len(part):
            pending = pending.then(part) if pending else part
        while pending and len(pending) >= chunk:
            yield pending.take(0, chunk)
            pending = pending.take(chunk, len(pending))
        if block.first + len(block) >= size:
            if pending:
                yield pending
            return
    raise SourceError(
        f"the sample with seed {seed} ends before {size:,} records",
        cause="the installed pymatgen holds fewer prototypes than expected",
        next_step="request a smaller sample",
    )


def _records(seed: int, with_copies: bool) -> Iterator[Draws]:
    """All records in order, by blocks."""
    if not with_copies:
        yield from _originals(seed)
        return
    first = 0
    for block in chain(_originals(seed), _further(seed)):
        yield replace(block, first=first, marks_copies=True)
        first += len(block)


def _originals(seed: int) -> Iterator[Draws]:
    for block in blocks(seed, pools()):
        part = block.take(0, max(N_ORIGINALS - block.first, 0))
        if not len(part):
            return
        yield part


def _further(seed: int) -> Iterator[Draws]:
    """Originals of further stoichiometries while there are some, and copies of the first ones."""
    further = blocks(seed, further_pools(), fewest=1)
    for round_ in range(ROUNDS):
        for block in _originals(seed):
            yield from islice(further, FURTHER_BLOCKS)
            yield copies_of(seed, block, round_)
