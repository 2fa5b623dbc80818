"""The network of Wren (R. E. A. Goodall, thesis, ch. 6 and app. A.3)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin import Batch, Head, WyckoffBatch
from matdata.plugin import nn as blocks
from matdata_wren.hypers import Hypers


class WrenNet(blocks.TrunkAndHeads):
    """Wyckoff orbits pass messages; what is pooled is averaged over equivalent labellings.

    Averaging follows message passing and pooling and precedes the output network (thesis 6.3.4),
    so that no labelling is preferred and no material counts more because it has many.

    Parameters
    ----------
    hypers
        Sizes.
    heads
        Columns to return, see `matdata.nn.OutputHeads`.
    """

    def __init__(self, hypers: Hypers, heads: Sequence[Head]) -> None:
        super().__init__()
        width = hypers.element_width + hypers.position_width
        attention = hypers.gates, hypers.hidden
        self.elements = blocks.ElementEmbedding(hypers.table, hypers.element_width)
        self.positions = blocks.PositionEmbedding(hypers.position_width)
        self.layers = nn.ModuleList(
            blocks.SetMessages(width, hypers.heads, *attention) for _ in range(hypers.layers)
        )
        self.pool = blocks.WeightedAttentionPooling(width, hypers.pool_heads, *attention)
        shared, *own = hypers.output
        self.end_with(
            blocks.ResidualNetwork(width, shared, hypers.trunk),
            lambda out: blocks.ResidualNetwork(shared, out, own),
            heads,
        )

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o) of a batch."""
        orbits = batch.get("wyckoff", WyckoffBatch)
        labellings = self.represent(orbits)
        return self.predict(orbits.segments["labelling"].mean(labellings))

    def represent(self, orbits: WyckoffBatch) -> Tensor:
        """Rows of the labellings (L, width) from their orbits."""
        weights = orbits.weights
        sets = orbits.orbits
        elements = self.elements.rows(orbits.numbers)
        tables, places = zip(elements, self.positions.rows(orbits.positions), strict=True)
        of_shares = F.pad(self.positions.of_shares, (tables[0].shape[1], 0))
        held = blocks.TableNodes(tables, places, weights, of_shares)
        nodes: Tensor | blocks.TableNodes = held if self.layers else held.dense
        for layer in self.layers:
            nodes = layer(nodes, weights, sets)
        pooled: Tensor = self.pool(nodes, weights, sets)
        return pooled
