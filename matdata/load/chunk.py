"""Several batches gathered at once: the cost of a call is shared, and a batch is a view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Array, Int
from matdata.features.base import CRYSTAL
from matdata.load.columns import Columns, Layout
from matdata.load.targets import Targets

if TYPE_CHECKING:
    from torch import Tensor

#: What the fields of a batch are.
Values = TypeVar("Values", "Tensor", Array)

#: Bytes that are gathered at once: much more than a call costs, and small enough for a cache.
CHUNK_BYTES = 1 << 21
#: Wide targets fill a cache with one batch, which puts out what a call works with: so many batches
#: share a call, as long as they have no more bytes together.
WIDE_BATCHES, WIDE_BYTES = 5, 1 << 24


@dataclass(frozen=True, eq=False)
class Chunk:
    """Materials of consecutive batches.

    Attributes
    ----------
    rows : (m,) int64
        Materials, by their number in the loader.
    bounds : (batches + 1,) int64
        Where batches begin.
    inputs
        Columns of each input.
    targets, weights
        Of the same materials.
    """

    rows: Int
    bounds: Int
    inputs: Mapping[str, Columns]
    targets: Targets
    weights: npt.NDArray[np.float32] | None

    def __len__(self) -> int:
        return len(self.bounds) - 1


@dataclass(frozen=True, eq=False)
class Cuts:
    """Where the entries of each batch of a chunk lie.

    Attributes
    ----------
    entries
        By level the first entry of each batch, (batches + 1,) list of int.
    offsets
        By ragged level the offsets of all batches one after another, each counted from its own
        first entry: batch k holds ``[bounds[k] + k : bounds[k + 1] + k + 1]``.
    """

    entries: Mapping[str, list[int]]
    offsets: Mapping[str, Int]


def cuts(columns: Columns, bounds: Int) -> Cuts:
    """Cut the columns of a chunk at its batches."""
    sizes = np.diff(bounds) + 1
    which = np.repeat(np.arange(len(sizes)), sizes)
    index = np.arange(len(which)) - which
    entries = {CRYSTAL: bounds.tolist()}
    offsets = {}
    for level, ends in columns.offsets.items():
        first = ends[bounds]
        entries[level] = first.tolist()
        offsets[level] = ends[index] - first[which]
    return Cuts(entries, offsets)


class Fields(Mapping[str, Values]):
    """Fields of one batch, cut from the blocks of its chunk when they are asked for."""

    def __init__(
        self, layout: Layout, blocks: Sequence[Values], entries: Mapping[str, tuple[int, int]]
    ):
        self._layout = layout
        self._blocks: Sequence[Values] = blocks
        self._entries = entries
        self._fields: dict[str, Values] = {}

    def __getitem__(self, name: str) -> Values:
        if name not in self._fields:
            place = self._layout.places[name]
            first, last = self._entries[self._layout.levels[place.block]]
            block = self._blocks[place.block][first:last]
            self._fields[name] = block if place.columns is None else block[:, place.columns]
        return self._fields[name]

    def __reduce__(self) -> tuple[type[dict[str, Values]], tuple[dict[str, Values]]]:
        """Sent to another process as a dictionary of what belongs to this batch."""
        return dict, ({name: self[name] for name in self},)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layout.places)

    def __len__(self) -> int:
        return len(self._layout.places)
