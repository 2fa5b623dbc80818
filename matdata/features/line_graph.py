"""Crystal graphs with their line graphs: ALIGNN's pairs of edges, counted when they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from matdata.core.crystals import Crystals, Int, Ragged, offsets_of
from matdata.core.errors import ConfigError
from matdata.core.settings import Settings, setting
from matdata.features.base import Block, Column, FeatureInput, Field
from matdata.features.graph import Graph, GraphSettings
from matdata.features.graph_views import EdgePairs, line_graph

if TYPE_CHECKING:
    from matdata.features.kernels.edges import Edges

#: The level of the pairs, of which a material stores only how many it has.
PAIR = "pair"
#: Images within ± 2^20 cells make one 63-bit number; those that are further away are refused.
_CELLS = 1 << 20


@dataclass(frozen=True)
class LineGraphSettings(GraphSettings):
    """Which sites are neighbours, and which edges make pairs."""

    radius: float = setting(0.0, "cutoff in Å; 0 for none", minimum=0.0)
    backtrack: bool = setting(True, "whether an edge is paired with its own reverse (cosine 1)")


class LineGraph(Graph):
    """Crystal graphs in which every edge has its reverse, and their line graphs.

    The neighbours are those of `graph`; where a site is a neighbour of another and not the other
    way round, the edge that lacks is added. Two edges of which the second leaves the site that the
    first enters are a pair (K. Choudhary and B. DeCost, npj Comput. Mater. 7, 185, 2021). With the
    default settings, 12 neighbours however far and all that tie with the last one, these are the
    graphs of the package alignn, which widens its cutoff of 8 Å until each site has 12 (it lists
    edges between a site and its own images twice, here they are once).

    Stored are the graph and the number of pairs of each crystal, so that batches can be limited by
    it (``max_entries={"pair": …}``); a batch makes the pairs and their angles on its device.
    """

    name: ClassVar[str] = "line-graph"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Choudhary and DeCost, npj Comput. Mater. 7, 185 (2021)"
    Settings: ClassVar[type[Settings]] = LineGraphSettings
    batch_form = "matdata.load.inputs.line_graph:LineGraphBatch"

    def __init__(self, settings: GraphSettings | None = None) -> None:
        super().__init__(settings)
        if self.settings.images != "all":
            raise ConfigError("pairs of edges are of all images; images=nearest is for `graph`")

    @property
    def backtrack(self) -> bool:
        """Whether an edge is paired with its own reverse."""
        return cast(LineGraphSettings, self.settings).backtrack

    @property
    def fields(self) -> tuple[Field, ...]:
        """The graph, and how many pairs its edges make."""
        meaning = "pairs of edges of which the second leaves the site that the first enters"
        return (*super().fields, Field("pairs", "crystal", (), "int64", "1", meaning))

    @property
    def counted(self) -> Mapping[str, str]:
        """Pairs are counted, not stored."""
        return {PAIR: "pairs"}

    def featurize(self, batch: FeatureInput) -> Block:
        """Find the neighbours of all sites of a batch, and count pairs of edges."""
        block = super().featurize(batch)
        sender, numbers = (cast(Ragged, block.fields[name]) for name in ("sender", "numbers"))
        pairs = _pairs(sender, numbers.lengths, self.backtrack)
        return Block(block.rows, {**block.fields, "pairs": pairs}, block.rejects)

    def edges(self, crystals: Crystals) -> Edges:
        """Edges of all crystals, each with its reverse, and the status of each crystal."""
        return with_reverses(super().edges(crystals))

    def line_graph(self, fields: Mapping[str, Column]) -> EdgePairs:
        """Pairs of edges that meet, and the cosine of their angle; see `graph_views.line_graph`."""
        return line_graph(fields, self.backtrack)


def _pairs(sender: Ragged, sites: Int, backtrack: bool) -> Int:
    """Pairs of each crystal: each site joins all edges that enter it to all that leave it, (n,)."""
    begins = offsets_of(sites)
    owner = np.repeat(np.arange(len(sites)), sender.lengths)
    degree = np.bincount(sender.values + begins[:-1][owner], minlength=begins[-1])
    totals = offsets_of(degree**2)
    pairs: Int = totals[begins[1:]] - totals[begins[:-1]]
    return pairs if backtrack else pairs - sender.lengths


def with_reverses(edges: Edges) -> Edges:
    """Edges and those of their reverses that lack, by sender, receiver and image.

    An edge and its reverse have the same distance to the bit.
    """
    count = len(edges.ends) - 1
    crystal = np.tile(np.repeat(np.arange(count), np.diff(edges.ends)), 2)
    reverse = np.concatenate([edges.ints[:, 1::-1], -edges.ints[:, 2:]], axis=1)
    ints, distance = np.concatenate([edges.ints, reverse]), np.tile(edges.distance, 2)
    ends = (crystal << 32) | (ints[:, 0] << 16) | ints[:, 1]
    cells = np.clip(ints[:, 2:], -_CELLS, _CELLS - 1) + _CELLS
    image = (cells[:, 0] << 42) | (cells[:, 1] << 21) | cells[:, 2]
    order = np.lexsort((image, ends))
    differs = np.diff(ends[order], prepend=-1) != 0
    differs |= np.diff(image[order], prepend=-1) != 0
    begins = np.flatnonzero(differs)
    chosen = order[begins]
    shortest = np.minimum.reduceat(distance[order], begins) if len(begins) else distance[:0]
    kept = np.bincount(crystal[chosen], minlength=count)
    return edges._replace(ints=ints[chosen], distance=shortest, ends=offsets_of(kept))
