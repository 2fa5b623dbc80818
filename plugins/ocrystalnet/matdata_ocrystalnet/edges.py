"""Directed edges that all have their reverse, matched on the device without a loop."""

from __future__ import annotations

import weakref
from typing import NamedTuple

import torch
from torch import Tensor

from matdata.plugin import GraphBatch


class Edges(NamedTuple):
    """Edges of a batch, each with its reverse.

    Attributes
    ----------
    sender, receiver : (E,) int64
        Sites that edges leave and enter.
    distance : (E,) float32
        Lengths in Å.
    reverse : (E,) int64
        The edge from receiver to sender over the opposite translation; its own inverse.
    """

    sender: Tensor
    receiver: Tensor
    distance: Tensor
    reverse: Tensor


#: Edges by graph of a batch and by mode; they go when the batch goes.
_EDGES: weakref.WeakKeyDictionary[GraphBatch, dict[str, Edges]] = weakref.WeakKeyDictionary()


def edges_of(graph: GraphBatch, mode: str) -> Edges:
    """The edges of a batch's ``graph`` input, computed once per batch.

    A radius alone gives a symmetric graph. A cut after the nearest neighbours does not: u can be
    near to v among the neighbours of v, and v not among those of u.

    Parameters
    ----------
    graph
        The input ``graph`` of a batch.
    mode
        What becomes of an edge without reverse. ``add``: its reverse joins the graph. ``drop``:
        it leaves the graph. ``both``: every edge, also one that has its reverse, gets a reverse of
        its own, so mutual neighbours are joined twice each way, as in the published code.
    """
    by_mode = _EDGES.setdefault(graph, {})
    if mode not in by_mode:
        ends = (graph.sender, graph.receiver, graph.image, graph.distance)
        by_mode[mode] = complete(*ends, mode)
    return by_mode[mode]


def reverse_index(sender: Tensor, receiver: Tensor, image: Tensor) -> Tensor:
    """Where the reverse of each edge is, (E,) int64; -1 where there is none.

    The reverse of (u, v, T) is (v, u, -T); that of a site and its own image, (u, u, T), is
    (u, u, -T). Edges are packed into one integer each, sorted once, and looked up by bisection.
    Integers may overflow: equal edges stay equal, and comparing reveals a false match.

    Parameters
    ----------
    sender, receiver : (E,) int64
        Sites in the batch.
    image : (E, 3) int64
        Lattice translation of the receiver. No edge occurs twice.
    """
    if not len(sender):
        return sender
    span = 2 * image.abs().max() + 1
    sites = torch.maximum(sender.max(), receiver.max()) + 1
    keys = _pack(sender, receiver, image, sites, span)
    wanted = _pack(receiver, sender, -image, sites, span)
    ordered, order = torch.sort(keys)
    place = torch.searchsorted(ordered, wanted).clamp(max=len(keys) - 1)
    match = order[place]
    same = (sender[match] == receiver) & (receiver[match] == sender)
    same &= (image[match] == -image).all(1)
    return torch.where(same, match, -1)


def _pack(first: Tensor, second: Tensor, image: Tensor, sites: Tensor, span: Tensor) -> Tensor:
    packed = first * sites + second
    for axis in range(3):
        packed = packed * span + image[:, axis] + span // 2
    return packed


def complete(sender: Tensor, receiver: Tensor, image: Tensor, distance: Tensor, mode: str) -> Edges:
    """Edges of which each has its reverse; see `edges_of` for the modes."""
    ascending = torch.arange(len(sender), device=sender.device)
    if mode == "both":
        return Edges(
            torch.cat([sender, receiver]),
            torch.cat([receiver, sender]),
            torch.cat([distance, distance]),
            torch.cat([ascending + len(sender), ascending]),
        )
    reverse = reverse_index(sender, receiver, image)
    # how many edges have no reverse is known on the device alone: a GPU is waited for here
    if mode == "drop":
        paired = torch.nonzero(reverse >= 0).flatten()
        place = torch.zeros_like(reverse).index_copy(0, paired, ascending[: len(paired)])
        return Edges(sender[paired], receiver[paired], distance[paired], place[reverse[paired]])
    single = torch.nonzero(reverse < 0).flatten()
    added = torch.arange(len(single), device=sender.device) + len(sender)
    return Edges(
        torch.cat([sender, receiver[single]]),
        torch.cat([receiver, sender[single]]),
        torch.cat([distance, distance[single]]),
        torch.cat([reverse.index_copy(0, single, added), single]),
    )
