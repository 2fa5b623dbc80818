"""Line graphs of a batch, with angles, on its device: ALIGNN's second graph."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from matdata.core.crystals import Int
from matdata.features.line_graph import PAIR, LineGraph
from matdata.load.inputs.graph import GraphBatch
from matdata.load.memory import require_memory

#: Pairs that are computed at once, which bounds the intermediate tensors.
PAIRS_AT_ONCE = 1 << 22
#: Bytes of a pair in the result: two edges and a cosine.
PAIR_BYTES = 20


@dataclass(frozen=True, eq=False)
class LineGraphs:
    """Pairs of edges of which the second leaves the site that the first enters.

    Attributes
    ----------
    first, second : (P,) int64
        Edges of the batch, ascending by the first. A crystal's own numbers, which
        `matdata.features.graph_views.line_graph` gives, are these less its first edge.
    cosine : (P,) float32
        Cosine of the angle at the site where they meet.
    """

    first: Tensor
    second: Tensor
    cosine: Tensor


class LineGraphBatch(GraphBatch):
    """``line-graph``: a crystal graph in which each edge has its reverse, and its line graph.

    All that `GraphBatch` has, and ``line_graph``. ``segments["pair"]`` says where the pairs of each
    material are; their number was stored, so a GPU is not waited for.
    """

    @functools.cached_property
    def line_graph(self) -> LineGraphs:
        """Pairs of edges that meet and the cosines of their angles, computed on the device.

        Raises
        ------
        DeviceError
            If they do not fit into the memory that is free, with the budget that would do.
        """
        self.require_memory(PAIR_BYTES)
        featurizer = self.featurizer
        assert isinstance(featurizer, LineGraph)
        return _line_graphs(self, featurizer.backtrack)

    def require_memory(self, bytes_per_pair: int) -> None:
        """Check that the device has this much memory for each pair of the batch.

        A network passes what its own channels of pairs take.

        Parameters
        ----------
        bytes_per_pair
            Memory that a pair takes.

        Raises
        ------
        DeviceError
            If not, with the budget that would do.
        """
        require_memory(self.segments[PAIR], PAIR, bytes_per_pair, self.device)


def wide(device: torch.device) -> torch.dtype:
    """The widest floating-point type of a device."""
    return torch.float32 if device.type == "mps" else torch.float64


def _line_graphs(graph: GraphBatch, backtrack: bool) -> LineGraphs:
    """Line graphs of all crystals of a batch, a few crystals at a time."""
    edges, pairs = graph.segments["edge"], graph.segments[PAIR]
    sender, receiver = graph.edge_index
    degree = torch.zeros(graph.segments["site"].total, dtype=torch.int64, device=graph.device)
    degree.index_add_(0, sender, torch.ones_like(sender))
    begins = torch.cumsum(degree, 0) - degree
    directions = _directions(graph)
    first = torch.empty(pairs.total, dtype=torch.int64, device=graph.device)
    second, cosine = torch.empty_like(first), torch.empty_like(first, dtype=torch.float32)
    for low, high in _pieces(pairs.host_offsets):
        own = slice(int(edges.host_offsets[low]), int(edges.host_offsets[high]))
        part = slice(int(pairs.host_offsets[low]), int(pairs.host_offsets[high]))
        count = part.stop - part.start
        entered = receiver[own]
        total = count if backtrack else count + own.stop - own.start
        left, right = _meeting(degree, begins, entered, total)
        left = left + own.start
        if not backtrack:
            left, right = _without(_reverses(graph, left, right), count, left, right)
        first[part], second[part] = left, right
        cosine[part] = _cosines(*directions, left, right)
    return LineGraphs(first, second, cosine)


def _pieces(offsets: Int) -> Iterator[tuple[int, int]]:
    """Stretches of crystals, first and last, of no more than `PAIRS_AT_ONCE` pairs or one alone."""
    low, count = 0, len(offsets) - 1
    while low < count:
        reach = int(np.searchsorted(offsets, offsets[low] + PAIRS_AT_ONCE, side="right")) - 1
        high = min(max(reach, low + 1), count)
        yield low, high
        low = high


def _meeting(degree: Tensor, begins: Tensor, entered: Tensor, total: int) -> tuple[Tensor, Tensor]:
    """Pairs of edges that enter these sites, counted from 0, and edges that leave them."""
    many = degree.index_select(0, entered)
    first = torch.repeat_interleave(many, output_size=total)
    shift = begins.index_select(0, entered) - (torch.cumsum(many, 0) - many)
    ascending = torch.arange(total, device=many.device)
    return first, ascending + shift.index_select(0, first)


def _reverses(graph: GraphBatch, first: Tensor, second: Tensor) -> Tensor:
    """Whether the second edge is the reverse of the first, (P,) bool; they meet already."""
    back = graph.sender.index_select(0, first) == graph.receiver.index_select(0, second)
    images = graph.image.index_select(0, first) + graph.image.index_select(0, second)
    return back & (images == 0).all(1)


def _without(left_out: Tensor, count: int, *columns: Tensor) -> list[Tensor]:
    """Columns without the entries that are left out, of which `count` stay; waits for nothing."""
    place = torch.cumsum(~left_out, 0) - 1
    place = torch.where(left_out, count, place)  # behind the end, which is cut off
    return [column.new_empty(count + 1).scatter_(0, place, column)[:count] for column in columns]


def _directions(graph: GraphBatch) -> tuple[Tensor, Tensor]:
    """Unit vectors of the edges in fractions, and the same times the metric; two (E, 3)."""
    place = graph.fields["place"].to(wide(graph.device))
    sender, receiver = graph.edge_index
    step = place.index_select(0, receiver) + graph.image - place.index_select(0, sender)
    metric = graph.fields["metric"].to(step.dtype)
    aa, bb, cc, bc, ac, ab = metric.unbind(1)
    rows = [torch.stack(row, 1) for row in ((aa, ab, ac), (ab, bb, bc), (ac, bc, cc))]
    tensors = torch.stack(rows, 1).index_select(0, graph.edge_crystal)
    lowered = (tensors @ step[:, :, None])[:, :, 0]
    length = (lowered * step).sum(1, keepdim=True).sqrt()
    return step / length, lowered / length


def _cosines(unit: Tensor, lowered: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Cosines between the reverse of the first and the second edge."""
    dots = -(lowered.index_select(0, first) * unit.index_select(0, second)).sum(1)
    return dots.clamp_(-1.0, 1.0).to(torch.float32)
