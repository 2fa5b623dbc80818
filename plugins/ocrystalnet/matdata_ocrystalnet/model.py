"""OCrystalNet (X. Yang, arXiv:2211.11543): communicative message passing over directed edges."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from matdata.plugin import Batch, GraphBatch, Schema
from matdata.plugin.nn import Linear, segment_max, segment_mean, segment_sum
from matdata_ocrystalnet.common import ACTIVATION, Distances
from matdata_ocrystalnet.edges import edges_of
from matdata_ocrystalnet.hypers import OCrystalNetHypers
from matdata_ocrystalnet.sites import SiteLinear


class Aggregate(nn.Module):
    """Eq. 5: messages of the edges that enter a site.

    "The same as CMPNN" (Song et al., IJCAI 2020, 2831): the booster is the sum times the maximum,
    number by number. The published code pads sites with zeros up to the site of the batch with
    the most edges, so its maximum depends on the batch; here it is that of the edges.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, states: Tensor, site: Tensor, count: int) -> Tensor:
        """Edge states (E, d) and the site each enters, to (count, d)."""
        if self.kind == "max":
            return segment_max(states, site, count)
        if self.kind == "mean":
            return segment_mean(states, site, count)
        total = segment_sum(states, site, count)
        return total if self.kind == "sum" else total * segment_max(states, site, count)


class Communicate(nn.Module):
    """Eq. 6: the new state of a site from its message and its state.

    ``add`` is the linear kernel of eq. 7, ``m + h``. The others are CMPNN's: ``product`` (inner
    product kernel), ``mlp`` (``act(W (m ⊕ h) + b)``) and ``gru`` (gated graph kernel, K. Cho et
    al., EMNLP 2014: the message is the input, the state is kept).
    """

    def __init__(self, kind: str, width: int, activation: str) -> None:
        super().__init__()
        self.kind = kind
        self.activation = ACTIVATION[activation]
        if kind == "mlp":
            self.linear = Linear(2 * width, width)
        elif kind == "gru":
            self.of_message = Linear(width, 3 * width)
            self.of_state = Linear(width, 3 * width)

    def forward(self, message: Tensor, state: Tensor) -> Tensor:
        """Message and state, both (N, d), to the new state."""
        if self.kind == "add":
            return message + state
        if self.kind == "product":
            return message * state
        if self.kind == "mlp":
            return self.activation(self.linear(torch.cat([message, state], 1)))
        reset, update, new = self.of_message(message).chunk(3, 1)
        reset_h, update_h, new_h = self.of_state(state).chunk(3, 1)
        share = torch.sigmoid(update + update_h)
        fresh = torch.tanh(new + torch.sigmoid(reset + reset_h) * new_h)
        return (1.0 - share) * fresh + share * state


class OCrystalNetModel(nn.Module):
    """A batch to (b, outputs).

    Where the paper is silent, its author's published code decides: first states are
    ``act(W x)``; after the last layer the state of a site is ``act(W_o W_j (m ⊕ h ⊕ h⁰) + b)``;
    the mean over sites (eq. 10) goes through one hidden layer; weights are drawn from Xavier's
    normal distribution and biases begin at 0. With the default hyperparameters, one target and
    sites of 1,056 + 438 channels it has the paper's 2,365,441 parameters.

    Parameters
    ----------
    hypers
        `OCrystalNetHypers`.
    schema
        Targets and inputs.
    specs
        Inputs that describe a site.
    """

    def __init__(self, hypers: OCrystalNetHypers, schema: Schema, specs: tuple[str, ...]) -> None:
        super().__init__()
        width, bias, sizes = hypers.hidden, hypers.bias, hypers.sizes()
        self.reverse, self.difference = hypers.reverse, hypers.message == "difference"
        self.activation = ACTIVATION[hypers.activation]
        self.dropout = nn.Dropout(hypers.dropout)
        self.sites = SiteLinear(specs, schema, width, hypers.scale, bias)
        self.basis = Distances(hypers.basis)
        self.edges = Linear(self.basis.width, width, bias=bias)
        self.aggregate = Aggregate(hypers.aggregate)
        self.communicate = nn.ModuleList(
            Communicate(hypers.communicate, width, hypers.activation)
            for _ in range(sizes.layers + (sizes.final == "communicate"))
        )
        self.passing = nn.ModuleList(Linear(width, width, bias=bias) for _ in range(sizes.layers))
        joint = sizes.final == "joint"
        self.joint = Linear(3 * width, width, bias=bias) if joint else None
        self.output = Linear(width, width)
        self.hidden = Linear(width, width)
        self.last = Linear(width, schema.outputs)
        self._draw()

    def _draw(self) -> None:
        for weights in self.parameters():
            if weights.dim() > 1:
                nn.init.xavier_normal_(weights)
            else:
                nn.init.zeros_(weights)

    def forward(self, batch: Batch) -> Tensor:
        """Predictions for the materials of a batch, (b, outputs)."""
        states = self.site_states(batch)
        pooled = batch.get("graph", GraphBatch).segments["site"].mean(states)  # eq. 10
        inner = self.activation(self.hidden(self.dropout(pooled)))
        out: Tensor = self.last(self.dropout(inner))
        return out

    def site_states(self, batch: Batch) -> Tensor:
        """States of all sites before pooling, (N, hidden)."""
        edges = edges_of(batch.get("graph", GraphBatch), self.reverse)
        first = node = self.activation(self.sites(batch))
        start = states = self.activation(self.edges(self.basis(edges.distance)))
        for layer, communicate in zip(self.passing, self.communicate, strict=False):
            # What enters u over (v, u) lies at the reverse of (u, v): one gather for eq. 5 and 8.
            back = states.index_select(0, edges.reverse)
            node = communicate(self.aggregate(back, edges.sender, len(node)), node)
            message = node.index_select(0, edges.sender)  # eq. 8
            if self.difference:
                message = message - back
            states = self.dropout(self.activation(start + layer(message)))  # eq. 9
        entering = states.index_select(0, edges.reverse)
        node = self._finish(self.aggregate(entering, edges.sender, len(node)), node, first)
        out: Tensor = self.dropout(self.activation(self.output(node)))
        return out

    def _finish(self, message: Tensor, node: Tensor, first: Tensor) -> Tensor:
        """The last update of the sites, after the last layer."""
        if self.joint is None:
            out: Tensor = self.communicate[-1](message, node)
            return out
        joint: Tensor = self.joint(torch.cat([message, node, first], 1))
        return joint
