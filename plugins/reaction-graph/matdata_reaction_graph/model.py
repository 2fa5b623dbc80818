"""The reaction graph network (R. E. A. Goodall, thesis, ch. 5 and app. A.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from matdata.plugin import Batch, Head, ReactionBatch, Schema, Target
from matdata.plugin import nn as blocks
from matdata_reaction_graph.actions import ActionEncoder
from matdata_reaction_graph.hypers import Hypers, PredictionHypers
from matdata_reaction_graph.stoichiometry import Stoichiometry

#: Output of an element that the product cannot hold: a probability of 1e-13. The published code has
#: -999, with the same gradient, none; here a wrong label costs 30 in the logged loss, not 999.
MASKED = -30.0


class ReactionNet(nn.Module):
    """Precursors pass messages, are pooled by attention, and residual networks predict.

    Where thesis and published code differ, this is the code: softmaxes are weighted by molar
    shares, and heads are averaged (eq. 5.2 sums them).

    Parameters
    ----------
    hypers
        Sizes and variants.
    schema
        Targets and what to return for each; a multi-label target of elements and a distribution
        over elements are masked, and the latter is predicted from element vectors (eq. 5.3).
    """

    def __init__(self, hypers: Hypers, schema: Schema) -> None:
        super().__init__()
        width, attention = hypers.width, (hypers.gates, hypers.hidden)
        self.scale, self.mask = hypers.scale, hypers.mask
        vector = len(schema.featurizers["reaction"].labels()) - 1
        self.embedding = blocks.Linear(vector, width - 1, bias=False)
        self.actions: ActionEncoder | None = None
        context = 0
        if hypers.actions:
            context = hypers.action_width
            self.actions = ActionEncoder(hypers.action_embedding, context)
        self.layers = nn.ModuleList(
            blocks.ContextMessages(width, context, hypers.heads, *attention)
            for _ in range(hypers.layers)
        )
        self.pool = blocks.WeightedAttentionPooling(
            width, hypers.pool_heads, *attention, powers=False
        )
        self.targets = schema.targets
        self.heads = heads_of(hypers, schema, hypers.width)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Outputs of a batch by target, (b, width) each."""
        reaction = batch.get("reaction", ReactionBatch)
        rows = self.represent(reaction)
        return predicted(self.targets, self.heads, reaction, rows, self.mask)

    def represent(self, reaction: ReactionBatch) -> Tensor:
        """Rows of the reactions (b, width) from their weighted precursors."""
        weights, sets = reaction.shares, reaction.segments["precursor"]
        context = None
        if self.actions is not None:
            context = self.actions(reaction.sequences, reaction.sequence_lengths)
        vectors = reaction.vectors
        if self.scale == "log":
            vectors = vectors.sign() * vectors.abs().log1p()
        nodes = torch.cat([self.embedding(vectors), weights[:, None]], 1)
        for layer in self.layers:
            nodes = layer(nodes, weights, sets, context)
        pooled: Tensor = self.pool(nodes, weights, sets)
        return pooled

    def embeddings(self, batch: Batch) -> Tensor:
        """The reaction embedding r, (b, width)."""
        return self.represent(batch.get("reaction", ReactionBatch))


def heads_of(hypers: PredictionHypers, schema: Schema, width: int) -> nn.ModuleList:
    """A network for each target, on rows of so many numbers."""

    def head_of(target: Target, head: Head) -> nn.Module:
        if is_composition(target):
            chosen = hypers.stoichiometry, hypers.feed
            return Stoichiometry(hypers.elements, width, *chosen)
        return blocks.ResidualNetwork(width, head.width, hypers.output)

    return nn.ModuleList(
        head_of(target, head) for target, head in zip(schema.targets, schema.heads, strict=True)
    )


def predicted(
    targets: tuple[Target, ...],
    heads: nn.ModuleList,
    reaction: ReactionBatch,
    rows: Tensor,
    mask: bool,
) -> dict[str, Tensor]:
    """Outputs by target, (b, width) each, from the rows of the reactions.

    Compositions are those of the elements that another target of the run predicts, except in
    training, where they are scored for all that are allowed.
    """
    outputs: dict[str, Tensor] = {}
    found: Tensor | None = None  # elements of the product
    compositions = []
    for target, head in zip(targets, heads, strict=True):
        if is_composition(target):
            compositions.append((target, head))
            continue
        outputs[target.name] = head(rows)
        if target.is_of_elements:
            if mask:
                outputs[target.name] = outputs[target.name].masked_fill(~reaction.allowed, MASKED)
            found = outputs[target.name].detach() > 0
    for target, head in compositions:
        scores = head(reaction, rows)
        among = reaction.allowed if found is None or heads.training else found
        shares = _logarithms(scores, among & reaction.allowed, reaction.allowed)
        outputs[target.name] = shares[:, : target.size]
    return outputs


def is_composition(target: Target) -> bool:
    """Whether it is a distribution over elements."""
    return target.task == "distribution" and target.is_of_elements


def _logarithms(scores: Tensor, among: Tensor, allowed: Tensor) -> Tensor:
    """Logarithms of the softmax over some elements, `MASKED` for all others, (b, 118).

    Where none is among them, over all that are allowed.
    """
    chosen = torch.where(among.any(1, keepdim=True), among, allowed)
    logs = scores.masked_fill(~chosen, float("-inf")).log_softmax(1)
    return logs.masked_fill(~chosen, MASKED)
