"""Compiled loops of the host: ragged rows, indices of edges. Importing this imports numba."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matdata.core.jit import kernel

if TYPE_CHECKING:
    from matdata.core.crystals import Array


@kernel
def copy_stretches(source: Array, starts: Array, ends: Array, item: int, target: Array) -> None:
    """Copy stretches of `item` bytes an entry one after another.

    Parameters
    ----------
    source, target : uint8
        Bytes.
    starts : (b,) int64
        First entry of each stretch in `source`.
    ends : (b + 1,) int64
        First entry of each stretch in `target`.
    item
        Bytes of an entry.
    """
    for k in range(len(starts)):
        # unsigned indices cannot count from the end, so that the loop becomes one block copy
        first, place = np.uint64(starts[k] * item), np.uint64(ends[k] * item)
        for byte in range(np.uint64((ends[k + 1] - ends[k]) * item)):
            target[place + byte] = source[first + byte]


@kernel
def edge_index(
    sender: Array, receiver: Array, edge_offsets: Array, site_offsets: Array, target: Array
) -> None:
    """Indices of sites in a batch, from those in each crystal.

    Parameters
    ----------
    sender, receiver : (E,) uint16
        Indices in the crystal.
    edge_offsets, site_offsets : (b + 1,) int64
        Where crystals begin.
    target : (2, E) int64
        Where the indices go.
    """
    for k in range(len(edge_offsets) - 1):
        start = site_offsets[k]
        first = np.uint64(edge_offsets[k])
        for place in range(np.uint64(edge_offsets[k + 1]) - first):
            target[0, first + place] = np.int64(sender[first + place]) + start
            target[1, first + place] = np.int64(receiver[first + place]) + start
