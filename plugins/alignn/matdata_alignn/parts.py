"""What the network computes on: sites, edges and pairs of edges; of equal ones each once.

Symmetry makes sites, edges and pairs of a crystal equal for a network that sees elements,
distances and angles. Colour refinement (B. Weisfeiler and A. Leman 1968) finds them: two edges are
equal if their ends are, and the edges that they meet at the same angles; two sites if their
elements and the edges that leave them are. Of equal ones every layer computes the same numbers, so
they are computed once and counted; sums, means and variances over all are weighted ones over the
distinct, by the same algebra.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from matdata.plugin import LineGraphBatch
from matdata.plugin.nn import segment_sum

#: Distances (Å) and cosines that lie in order with no larger gaps are equal: they are float32, and
#: so are the coordinates that they come from.
SAME_DISTANCE, SAME_COSINE = 2e-6, 1e-6
_FACTORS = (-0x61C8_8646_80B5_83EB, -0x40A7_B892_E31B_1A47, -0x6B2F_B644_ECCE_EE15)


@dataclass(frozen=True, eq=False)
class Links:
    """Along which messages go: edges between sites, or pairs between edges.

    Attributes
    ----------
    target, source : (E,) int64
        Ends; messages go to the target, by which links are sorted.
    weight : (E, 1) float32, optional
        How many links of its target each stands for; one if not given.
    count : (E, 1) float32, optional
        How many links of the batch each stands for; one if not given.
    """

    target: Tensor
    source: Tensor
    weight: Tensor | None = None
    count: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Parts:
    """Sites, edges and pairs of a batch.

    Attributes
    ----------
    numbers : (N,) int64
        Atomic numbers.
    crystal : (N,) int64
        Material of each site.
    count : (N, 1) float32, optional
        How many sites of the batch each stands for; one if not given.
    edges : Links
        Edges (E).
    distance : (E,) float32
        Their lengths, Å.
    pairs : Links
        Pairs of edges (P); none without `with_pairs`.
    cosine : (P,) float32
        Cosines of their angles.
    """

    numbers: Tensor
    crystal: Tensor
    count: Tensor | None
    edges: Links
    distance: Tensor
    pairs: Links
    cosine: Tensor

    @classmethod
    def of(cls, graph: LineGraphBatch, with_pairs: bool, images_twice: bool = False) -> Parts:
        """All of a batch.

        Parameters
        ----------
        graph
            The batch.
        with_pairs
            Whether to make the pairs, which layers on the line graph alone read.
        images_twice
            Whether edges between a site and its own images count twice, as in the package alignn.
        """
        ends = graph.sender, graph.receiver
        weight = None
        if images_twice:
            weight = 1.0 + (graph.sender == graph.receiver).to(torch.float32)[:, None]
        edges = Links(*ends, weight, weight)
        sites, distance = (graph.numbers, graph.crystal, None), graph.distance
        if not with_pairs:
            return cls(*sites, edges, distance, Links(ends[0][:0], ends[1][:0]), distance[:0])
        line = graph.line_graph
        pairs = Links(line.first, line.second)
        if weight is not None:
            of_first, of_second = (weight.index_select(0, end) for end in (line.first, line.second))
            # an edge is no pair with itself there, but with the other one
            of_second = of_second - (line.first == line.second).to(torch.float32)[:, None]
            pairs = Links(line.first, line.second, of_second, of_first * of_second)
        return cls(*sites, edges, distance, pairs, line.cosine)

    def distinct(self) -> Parts:
        """Of equal ones one each, on a CPU; elsewhere it would wait for how many there are."""
        if self.numbers.device.type != "cpu":
            return self
        angle = _equal(self.cosine, SAME_COSINE)
        site_colour, edge_colour = _colours(self, angle)
        site_class, sites = _classes(site_colour)
        edge_class, edges = _classes(edge_colour)
        if len(edges) == len(edge_class):  # none are equal, so no pairs are either
            return self
        count = _totals(None, site_class, len(sites))
        target = site_class.index_select(0, self.edges.target.index_select(0, edges))
        edge_count = _totals(self.edges.count, edge_class, len(edges))
        links = Links(
            target,
            site_class.index_select(0, self.edges.source.index_select(0, edges)),
            edge_count / count.index_select(0, target),
            edge_count,
        )
        pairs, cosine = self._distinct_pairs(angle, edge_class, edges, edge_count)
        return Parts(
            self.numbers.index_select(0, sites),
            self.crystal.index_select(0, sites),
            count,
            links,
            self.distance.index_select(0, edges),
            pairs,
            cosine,
        )

    def _distinct_pairs(
        self, angle: Tensor, edge_class: Tensor, edges: Tensor, edge_count: Tensor
    ) -> tuple[Links, Tensor]:
        """Pairs whose first edge stands for its class, those with equal second and angle once."""
        stands = torch.zeros(len(edge_class), dtype=torch.bool)
        stands[edges] = True
        (held,) = torch.nonzero(stands.index_select(0, self.pairs.target), as_tuple=True)
        first, second = (
            edge_class.index_select(0, ends.index_select(0, held))
            for ends in (self.pairs.target, self.pairs.source)
        )
        ends = (first * len(edges) + second) * len(angle)
        keys, place = torch.unique(ends + angle.index_select(0, held), return_inverse=True)
        chosen = _first(place, len(keys))
        target = first.index_select(0, chosen)
        weight = self.pairs.weight
        weight = _totals(None if weight is None else weight[held], place, len(keys))
        count = weight * edge_count.index_select(0, target)
        links = Links(target, second.index_select(0, chosen), weight, count)
        return links, self.cosine.index_select(0, held.index_select(0, chosen))


def _colours(parts: Parts, angle: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers of 64 bits that are equal for equal sites, and for equal edges.

    Pairs with equal angles have the same number in `angle`. What differs is equal by chance
    alone: among 100,000 with a probability of 3e-10.
    """
    edges, pairs = parts.edges, parts.pairs
    site = _mixed(parts.crystal * 1024 + parts.numbers)
    edge = _mixed(_equal(parts.distance, SAME_DISTANCE))
    if edges.weight is not None:
        edge = _mixed(edge + edges.weight[:, 0].to(torch.int64))
    met_at = _mixed(angle)
    if pairs.weight is not None:
        met_at = _mixed(met_at + pairs.weight[:, 0].to(torch.int64))
    number = (0, 0)
    while True:
        ends = site.index_select(0, edges.target) * _FACTORS[0]
        ends += site.index_select(0, edges.source) * _FACTORS[1]
        met = _mixed(met_at + edge.index_select(0, pairs.source))
        edge = _mixed(edge * _FACTORS[2] + ends + segment_sum(met, pairs.target, len(edge)))
        site = _mixed(site * _FACTORS[2] + segment_sum(edge, edges.target, len(site)))
        finer = len(torch.unique(site)), len(torch.unique(edge))
        if finer == number:
            return site, edge
        number = finer


def _mixed(numbers: Tensor) -> Tensor:
    """Numbers of 64 bits, scattered (G. Steele et al., OOPSLA 2014: the finalizer of SplitMix)."""
    for shift, factor in ((30, _FACTORS[1]), (27, _FACTORS[2])):
        numbers = (numbers ^ (numbers >> shift)) * factor
    return numbers ^ (numbers >> 31)


def _equal(values: Tensor, gap: float) -> Tensor:
    """Numbers (n,) int64 that are the same for equal values: those without a gap between them.

    Rounding would part values that noise puts on both sides of a border.
    """
    ordered, order = torch.sort(values)
    number = torch.zeros_like(order)
    number[order[1:]] = torch.cumsum(ordered.diff() > gap, 0)
    return number


def _classes(colours: Tensor) -> tuple[Tensor, Tensor]:
    """Class of each entry and the first entry of each class; classes ascend by it."""
    distinct, place = torch.unique(colours, return_inverse=True)
    first, order = torch.sort(_first(place, len(distinct)))
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order))
    return rank.index_select(0, place), first


def _first(place: Tensor, count: int) -> Tensor:
    """The first entry of each class."""
    entries = torch.arange(len(place))
    return entries.new_zeros(count).scatter_reduce_(0, place, entries, "amin", include_self=False)


def _totals(counts: Tensor | None, classes: Tensor, number: int) -> Tensor:
    """How many entries each class has, (number, 1) float32, by what each stands for (n, 1)."""
    if counts is None:
        return torch.bincount(classes, minlength=number).to(torch.float32)[:, None]
    return segment_sum(counts, classes, number)
