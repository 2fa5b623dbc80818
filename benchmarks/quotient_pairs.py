"""Quotient graphs with their line graphs: which pairs of edges there are, and how many times.

Two edges that leave one site are a pair, with the cosine of the angle between them. What message
passing with angles does not distinguish is one site, one edge and one pair with a count. Classes
are found by refining colours as in `matdata_quotient.partition`, of edges beside those of sites.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from matdata.core.crystals import Crystals
from matdata.plugin import (
    Block,
    Column,
    Dense,
    FeatureInput,
    Featurizer,
    Field,
    Ragged,
    Settings,
    setting,
)
from matdata_quotient.batch import QuotientGraphBatch
from matdata_quotient.feature import (
    Neighbours,
    QuotientGraph,
    QuotientGraphSettings,
    graphs,
    neighbours,
    offsets_of_owners,
)
from matdata_quotient.partition import STEP, Bits, Int, grouped, mixed, ranks


@dataclass(frozen=True)
class PairSettings(QuotientGraphSettings):
    """Which edges of a site make pairs."""

    firsts: int = setting(0, "nearest edges of a site that messages reach; 0 for all", minimum=0)
    seconds: int = setting(0, "nearest edges of a site that send messages; 0 for all", minimum=0)


class Graph(NamedTuple):
    """Sites, edges and pairs of edges of several crystals, before equal ones are joined.

    `first` and `second` edge and rounded `angle` (P,), ascending by first.
    """

    whole: Neighbours
    first: Int
    second: Int
    angle: Int


class QuotientPairs(Featurizer[PairSettings]):
    """A quotient graph and the pairs of its edges at each node, with their cosines."""

    name: ClassVar[str] = "quotient-pairs"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = QuotientGraph.citation
    requires = frozenset({"structure"})
    Settings: ClassVar[type[Settings]] = PairSettings
    batch_form = f"{__name__}:QuotientPairsBatch"

    @property
    def fields(self) -> tuple[Field, ...]:
        """Those of the quotient graph, and pairs."""
        return (
            *QuotientGraph().fields,
            Field("first", "pair", (), "int32", "1", "edge that a message reaches"),
            Field("second", "pair", (), "int32", "1", "edge of the same node that sends it"),
            Field("cosine", "pair", (), "float32", "1", "of the angle between them, rounded"),
            Field("pairs", "pair", (), "int32", "1", "pairs of one first edge that it stands for"),
        )

    def featurize(self, batch: FeatureInput) -> Block:
        """Find all edges and pairs, then the classes."""
        found = graphs(self.settings, batch)
        graph = self.graph(self.crystals(batch).take(found.rows), found)
        return Block(
            found.rows, self.joined(graph, *classes(graph), len(found.rows)), found.rejects
        )

    def graph(self, crystals: Crystals, found: Block) -> Graph:
        """All sites, edges and pairs of crystals whose neighbours are found."""
        image = found.fields["image"]
        assert isinstance(image, Ragged)
        unit = self.settings.resolution
        whole = neighbours(found, unit)
        sender, length, count = whole.sender, whole.length, len(whole.numbers)
        places = crystals.frac_coords  # in full precision: equal angles must round to one number
        steps = places[whole.receiver] + image.values - places[sender]
        steps = np.einsum("ei,eij->ej", steps, crystals.lattice[whole.owner])
        steps /= np.linalg.norm(steps, axis=1, keepdims=True)
        firsts, seconds = (
            _nearest(sender, length, limit, count)
            for limit in (self.settings.firsts, self.settings.seconds)
        )
        first, second = _pairs(sender, firsts, seconds, count)
        cosine = (steps[first] * steps[second]).sum(1)
        angle = np.rint((cosine + 1) / unit).astype(np.int64).clip(0)
        return Graph(whole, first, second, angle)

    def joined(self, graph: Graph, sites: Int, edges: Bits, size: int) -> dict[str, Column]:
        """The fields: the sites of each class once, and the edges and pairs of those sites.

        Parameters
        ----------
        graph
            All sites, edges and pairs.
        sites, edges : (N,), (E,)
            Class of each site, ascending with the crystal, and a number that tells the edges of one
            class of sites apart.
        size
            Crystals.
        """
        whole = graph.whole
        _, chosen, multiplicity = np.unique(sites, return_index=True, return_counts=True)
        kept = np.flatnonzero(np.isin(np.arange(len(sites)), chosen)[whole.sender])
        ends = [sites[end[kept]] for end in (whole.sender, whole.receiver)]
        order, begin, count = grouped(*ends, whole.length[kept], edges[kept])
        edge = kept[order[begin]]
        place = np.full(len(whole.sender), -1)  # of edges of chosen sites among the classes
        place[kept[order]] = np.repeat(np.arange(len(begin)), count)
        own = np.flatnonzero(np.isin(np.arange(len(place)), edge)[graph.first])
        joins = [place[end[own]] for end in (graph.first, graph.second)]
        order, begin, pairs = grouped(*joins, graph.angle[own])
        first, second, angle = (values[order[begin]] for values in (*joins, graph.angle[own]))
        owner, unit = whole.owner[edge], self.settings.resolution
        crystal = owner[first]
        nodes, links, lines = (
            offsets_of_owners(each, size) for each in (whole.crystal[chosen], owner, crystal)
        )
        base = nodes[owner]
        columns = {
            "sender": (sites[whole.sender[edge]] - base, links),
            "receiver": (sites[whole.receiver[edge]] - base, links),
            "distance": (whole.length[edge] * unit, links),
            "count": (count, links),
            "numbers": (whole.numbers[chosen], nodes),
            "multiplicity": (multiplicity, nodes),
            "first": (first - links[crystal], lines),
            "second": (second - links[crystal], lines),
            "cosine": (angle * unit - 1, lines),
            "pairs": (pairs, lines),
        }
        kinds = {field.name: field.dtype for field in self.fields}
        return {
            name: Ragged(values.astype(kinds[name]), at) for name, (values, at) in columns.items()
        }

    def dense(self, fields: dict[str, Column]) -> Dense:  # type: ignore[override]
        """Not needed: networks read the fields."""
        raise NotImplementedError

    labels = units = QuotientGraph.labels  # type: ignore[assignment]


class QuotientPairsBatch(QuotientGraphBatch):
    """``quotient-pairs``: first and second (P,) among the E edges, cosine (P,), pairs (P, 1)."""

    @functools.cached_property
    def ends(self) -> tuple[Tensor, Tensor]:
        """First and second edge of each pair, two (P,) int64."""
        begin = self.segments["edge"].offsets.index_select(0, self.segments["pair"].owner)
        first, second = (self.fields[name].to(torch.int64) + begin for name in ("first", "second"))
        return first, second

    @property
    def cosine(self) -> Tensor:
        """Of the angle between the two, (P,) float32."""
        return self.fields["cosine"]

    @functools.cached_property
    def pairs(self) -> Tensor:
        """Pairs of one first edge that each stands for, (P, 1) float32."""
        return self.fields["pairs"].to(torch.float32)[:, None]


def classes(graph: Graph) -> tuple[Int, Bits]:
    """The class of each site, (N,), and a number for each edge, (E,).

    Sites of one class have the same element and as many edges of each number; edges of one number
    at sites of one class have the same length, class of the neighbour, and as many pairs with edges
    of each number at each angle.
    """
    begin, owner = np.flatnonzero(np.diff(graph.whole.crystal, prepend=-1)), graph.whole.crystal
    sites = ranks(graph.whole.crystal, graph.whole.numbers.astype(np.uint64))
    lengths, angles = (mixed(n.astype(np.uint64) + STEP) for n in (graph.whole.length, graph.angle))
    edges, found = lengths, (-1, -1)
    while True:
        own = sites - np.minimum.reduceat(sites, begin)[owner]  # from 0 in each crystal
        ends = mixed(lengths ^ mixed(own[graph.whole.receiver].astype(np.uint64) + STEP))
        others = mixed(angles ^ mixed(edges[graph.second] + STEP))
        around = _sums(graph.first, others, len(edges))
        edges = mixed(mixed(edges + STEP) ^ mixed(ends + mixed(around)))
        sites = ranks(sites, _sums(graph.whole.sender, edges, len(sites)))
        now = int(sites.max(initial=0)), int(ranks(sites[graph.whole.sender], edges).max(initial=0))
        if now == found:  # classes are only ever split
            return sites, edges
        found = now


def _sums(owner: Int, numbers: Bits, size: int) -> Bits:
    """Sums that wrap around, (size,), by ascending owners."""
    total = np.zeros(size, np.uint64)
    begin = np.flatnonzero(np.diff(owner, prepend=-1))
    if len(begin):
        total[owner[begin]] = np.add.reduceat(numbers, begin)
    return total


def _nearest(sender: Int, length: Int, limit: int, sites: int) -> npt.NDArray[np.bool_]:
    """Which edges are among so many nearest of their sender, with those that tie; all for 0."""
    if not limit or not len(sender):
        return np.ones(len(sender), dtype=bool)
    ends = np.cumsum(np.bincount(sender, minlength=sites))
    begin = np.concatenate([[0], ends[:-1]])
    last = np.minimum(begin + limit, ends) - 1
    near: npt.NDArray[np.bool_] = length <= length[last][sender] + 1
    return near


def _pairs(
    sender: Int, firsts: npt.NDArray[np.bool_], seconds: npt.NDArray[np.bool_], sites: int
) -> tuple[Int, Int]:
    """All pairs of two edges of one sender, ascending by the first."""
    sending = np.flatnonzero(seconds)
    counts = np.bincount(sender[sending], minlength=sites)
    begin = np.cumsum(counts) - counts
    reached = np.flatnonzero(firsts)
    many = counts[sender[reached]]
    first = np.repeat(reached, many)
    place = np.arange(len(first)) - np.repeat(np.cumsum(many) - many, many)
    second = sending[begin[sender[first]] + place]
    return first[first != second], second[first != second]
