"""Line graphs of a batch, with angles, on its device: ALIGNN's second graph."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from matdata.nn.segments import Segments

#: Pairs that are computed at once; while it is, a pair takes about 120 bytes, afterwards 20.
PAIRS_AT_ONCE = 1 << 22
#: Images are 16-bit integers: three of them make one 48-bit number.
_IMAGE_BASE = 1 << 16


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
    offsets : (b + 1,) int64
        Where the pairs of each material begin.
    """

    first: Tensor
    second: Tensor
    cosine: Tensor
    offsets: Tensor

    @functools.cached_property
    def segments(self) -> Segments:
        """Where the pairs of each material are; waits once for a GPU, which counted them."""
        return Segments(self.offsets, self.offsets.cpu().numpy())


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges of a batch of crystals, ascending by sender.

    Attributes
    ----------
    index : (2, E) int64
        Sender and receiver among the sites of the batch.
    step : (E, 3)
        From sender to receiver in fractions of the lattice vectors, of the type `wide`.
    image : (E, 3) int64
        Lattice translation of the receiver.
    crystal : (E,) int64
        Material of each edge.
    metric : (b, 6)
        Scalar products of lattice vectors, as `matdata.features.graph_views.metric` orders them.
    """

    index: Tensor
    step: Tensor
    image: Tensor
    crystal: Tensor
    metric: Tensor

    def directions(self) -> tuple[Tensor, Tensor]:
        """Unit vectors in fractions, and the same times the metric; two (E, 3)."""
        aa, bb, cc, bc, ac, ab = self.metric.unbind(1)
        rows = [torch.stack(row, 1) for row in ((aa, ab, ac), (ab, bb, bc), (ac, bc, cc))]
        tensors = torch.stack(rows, 1).index_select(0, self.crystal)
        lowered = (tensors @ self.step[:, :, None])[:, :, 0]
        length = (lowered * self.step).sum(1, keepdim=True).sqrt()
        return self.step / length, lowered / length

    def codes(self) -> tuple[Tensor, Tensor]:
        """A number for the image of each edge, and for that of its reverse."""
        places = self.image.new_tensor([_IMAGE_BASE**2, _IMAGE_BASE, 1])
        code = (self.image * places).sum(1)
        return code, -code


def wide(device: torch.device) -> torch.dtype:
    """The widest floating-point type of a device."""
    return torch.float32 if device.type == "mps" else torch.float64


def line_graphs(
    edges: Edges, sites: int, edge_offsets: Tensor, backtrack: bool, at_once: int | None = None
) -> LineGraphs:
    """Line graphs of all crystals of a batch.

    Parameters
    ----------
    edges, sites
        Edges, and the number of sites that they join.
    edge_offsets : (b + 1,) int64
        Where the edges of each material begin.
    backtrack
        Whether an edge is paired with its own reverse (cosine 1).
    at_once
        Pairs that are computed together, `PAIRS_AT_ONCE` if None; the memory that is needed beside
        the result grows with it.
    """
    sender, receiver = edges.index
    counts = torch.bincount(sender, minlength=sites)
    begins = torch.cumsum(counts, 0) - counts
    many = counts.index_select(0, receiver)
    (unit, lowered), (code, reverse) = edges.directions(), edges.codes()
    pieces = []
    for low, high, total in _pieces(many, at_once or PAIRS_AT_ONCE):
        part = many[low:high]
        local = torch.repeat_interleave(part, output_size=total)
        ends = torch.cumsum(part, 0)
        shift = begins.index_select(0, receiver[low:high]) - (ends - part)
        second = torch.arange(total, device=many.device) + shift.index_select(0, local)
        first = local + low
        if not backtrack:
            back = reverse.index_select(0, first) == code.index_select(0, second)
            back &= sender.index_select(0, first) == receiver.index_select(0, second)
            first, second = first[~back], second[~back]
        dots = -(lowered.index_select(0, first) * unit.index_select(0, second)).sum(1)
        pieces.append((first, second, dots.clamp_(-1.0, 1.0).to(torch.float32)))
    firsts, seconds, cosines = (torch.cat(parts) for parts in zip(*pieces, strict=True))
    return LineGraphs(firsts, seconds, cosines, torch.searchsorted(firsts, edge_offsets))


def _pieces(many: Tensor, at_once: int) -> Iterator[tuple[int, int, int]]:
    """Stretches of edges, first and last, that make so many pairs, and how many they make."""
    ends = torch.cat([many.new_zeros(1), torch.cumsum(many, 0)])
    total = int(ends[-1])
    marks = torch.arange(at_once, max(total, at_once), at_once, device=many.device)
    # a stretch ends with the edge that fills it
    cuts = torch.unique(torch.searchsorted(ends, marks))
    last = len(many)
    bounds = torch.cat([cuts.new_zeros(1), cuts[cuts < last], cuts.new_full((1,), last)])
    at, sums = bounds.tolist(), ends.index_select(0, bounds).tolist()
    for k in range(len(at) - 1):
        yield at[k], at[k + 1], sums[k + 1] - sums[k]
