"""Networks on element fractions."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from matdata.plugin import ELEMENT_SETS, Batch, FractionBatch, Schema
from matdata.plugin.nn import Linear, start_as_keras
from matdata_rescnn.hypers import ElemNetHypers, ResCNNHypers


class ResCNNModel(nn.Module):
    """Convolutions, global maximum, dense layers with skip connections.

    Ihalage and Hao 2022, 2.2 and methods: filters of 64, 128, 256 and 256, then a global max
    pooling layer, then "post-processing dense layers similar to that of Finder … with skip
    connections". Where skips begin is not stated; as in the authors' code, the maps of the third
    convolution join the last dense layer but one and those of the second the last (for dielectric
    functions the second and the first, and the last maps are not pooled). Without them
    nothing would show in which column a pattern lies, so they are more than shortcuts.
    Convolutions take what lies within the columns (no padding), ReLU everywhere.
    """

    def __init__(self, hypers: ResCNNHypers, schema: Schema) -> None:
        super().__init__()
        self.dropout, self.pool = hypers.dropout, hypers.pool
        self.last_dropout = hypers.dropout if hypers.last_dropout else 0.0
        last = len(hypers.dense) - 1
        #: By dense layer the convolution whose maps join it.
        self.joins: dict[int, int] = {}
        if hypers.skip:
            self.joins = dict(zip((last - 1, last), (k - 1 for k in hypers.joins), strict=True))
        sizes = itertools.pairwise((1, *hypers.filters))
        self.convolutions = nn.ModuleList(nn.Conv1d(a, b, hypers.kernel) for a, b in sizes)
        columns = len(ELEMENT_SETS["103"])
        shrink = hypers.kernel - 1
        maps = [f * (columns - (k + 1) * shrink) for k, f in enumerate(hypers.filters)]
        joined = [maps[self.joins[k]] if k in self.joins else 0 for k in range(last + 1)]
        pooled = hypers.filters[-1] if hypers.pool == "max" else maps[-1]
        widths = itertools.pairwise((pooled, *hypers.dense))
        self.dense = nn.ModuleList(
            Linear(a + more, b) for (a, b), more in zip(widths, joined, strict=True)
        )
        self.last = Linear(hypers.dense[-1], schema.outputs)
        start_as_keras(self)

    def forward(self, batch: Batch) -> Tensor:
        """Predictions, (b, outputs)."""
        values = batch.get("fractions", FractionBatch).values[:, None, :]
        maps = []
        for convolution in self.convolutions:
            values = functional.relu(convolution(values))
            maps.append(values)
        values = values.amax(2) if self.pool == "max" else values.flatten(1)
        for place, layer in enumerate(self.dense):
            if place in self.joins:
                values = torch.cat([values, maps[self.joins[place]].flatten(1)], 1)
            values = functional.relu(layer(values))
            share = self.last_dropout if place == len(self.dense) - 1 else self.dropout
            values = functional.dropout(values, share, self.training)
        out: Tensor = self.last(values)
        return out


class ElemNetModel(nn.Module):
    """Dense layers with ReLU; dropout after the last layer of a width (Jha et al. 2018, table 1).

    The table gives the share that is kept (0.8, 0.9, 0.7, 0.8) after the layers of 1,024, 512, 256
    and 128.
    """

    def __init__(self, hypers: ElemNetHypers, schema: Schema) -> None:
        super().__init__()
        sizes = (len(ELEMENT_SETS[hypers.elements]), *hypers.layers)
        self.layers = nn.ModuleList(Linear(a, b) for a, b in itertools.pairwise(sizes))
        self.last = Linear(sizes[-1], schema.outputs)
        ends = [
            place
            for place, width in enumerate(hypers.layers)
            if hypers.layers[place + 1 : place + 2] != (width,)
        ]
        self.dropout = dict(zip(ends, hypers.dropout, strict=False))
        start_as_keras(self)  # those of PyTorch vanish over 17 layers

    def forward(self, batch: Batch) -> Tensor:
        """Predictions, (b, outputs)."""
        values = batch.get("fractions", FractionBatch).values
        for place, layer in enumerate(self.layers):
            values = functional.relu(layer(values))
            if place in self.dropout:
                values = functional.dropout(values, self.dropout[place], self.training)
        out: Tensor = self.last(values)
        return out
