"""What is computed of stored crystal graphs when they are read: line graphs with angles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Float, Int, Ragged, offsets_of
from matdata.features.base import Column


class EdgePairs(NamedTuple):
    """Pairs of edges of which the second leaves the site that the first enters.

    Attributes
    ----------
    first, second
        Ragged int64, one row per crystal: indices of edges within the crystal.
    cosine
        Ragged float32: cosine of the angle at the site where they meet.
    """

    first: Ragged
    second: Ragged
    cosine: Ragged


def line_graph(fields: Mapping[str, Column], backtrack: bool = False) -> EdgePairs:
    """The line graph of stored graphs, with angles.

    Edges (i, j) and (j, k) are paired (ALIGNN: K. Choudhary and B. DeCost, npj Comput. Mater. 7,
    185, 2021). The angle is the one between the bonds from j to i and from j to k.

    Parameters
    ----------
    fields
        Stored fields of `graph` or `line-graph`.
    backtrack
        Whether an edge is paired with its own reverse (cosine 1).
    """
    sender, receiver = cast(Ragged, fields["sender"]), cast(Ragged, fields["receiver"])
    image, place = cast(Ragged, fields["image"]), cast(Ragged, fields["place"])
    products = cast(Float, fields["metric"])
    firsts, seconds, cosines = [], [], []
    for row in range(len(sender)):
        out, into = sender[row].astype(np.int64), receiver[row].astype(np.int64)
        shift, frac = image[row].astype(np.float64), place[row].astype(np.float64)
        step = frac[into] + shift - frac[out]
        first, second = _meeting(out, into, len(frac))
        if not backtrack:
            back = (into[second] == out[first]) & (shift[second] == -shift[first]).all(axis=1)
            first, second = first[~back], second[~back]
        firsts.append(first)
        seconds.append(second)
        cosines.append(_cosines(step, first, second, products[row]))
    offsets = offsets_of([len(part) for part in firsts])
    none = np.empty(0, np.int64)
    return EdgePairs(
        Ragged(np.concatenate([none, *firsts]), offsets),
        Ragged(np.concatenate([none, *seconds]), offsets),
        Ragged(np.concatenate([np.empty(0, np.float32), *cosines]), offsets),
    )


def _meeting(out: Int, into: Int, n_sites: int) -> tuple[Int, Int]:
    """All pairs of edges with ``into[first] == out[second]``; edges are sorted by sender."""
    counts = np.bincount(out, minlength=n_sites)
    begins = offsets_of(counts)
    many = counts[into]
    first = np.repeat(np.arange(len(out)), many)
    place = np.arange(len(first)) - np.repeat(np.cumsum(many) - many, many)
    return first, begins[into[first]] + place


def _cosines(step: Float, first: Int, second: Int, products: Float) -> npt.NDArray[np.float32]:
    """Cosines between the reverse of the first and the second edge."""
    aa, bb, cc, bc, ac, ab = products
    tensor = np.array([[aa, ab, ac], [ab, bb, bc], [ac, bc, cc]])
    lengths = np.sqrt(np.einsum("ei,ij,ej->e", step, tensor, step))
    dots = -np.einsum("ei,ij,ej->e", step[first], tensor, step[second])
    cosines: Float = dots / (lengths[first] * lengths[second])
    return np.asarray(np.clip(cosines, -1.0, 1.0), dtype=np.float32)
