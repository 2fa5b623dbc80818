"""The reaction graph network (R. E. A. Goodall, thesis, ch. 5 and app. A.2)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from matdata.plugin import Batch, ConfigError, Head, ReactionBatch, Schema, Target
from matdata.plugin import nn as blocks
from matdata_reaction_graph.actions import ActionEncoder, SequenceDecoder
from matdata_reaction_graph.hypers import Hypers, PredictionHypers
from matdata_reaction_graph.stoichiometry import Stoichiometry

#: Output of an element that the product cannot hold: a probability of 1e-13. The published code has
#: -999, with the same gradient, none; here a wrong label costs 30 in the logged loss, not 999.
MASKED = -30.0
#: The kind of a target that is decoded from the operations.
SEQUENCE = "sequence"


class ReactionNet(nn.Module):
    """Precursors pass messages, are pooled by attention, and residual networks predict.

    Where thesis and published code differ, this is the code: softmaxes are weighted by molar
    shares, and heads are averaged (eq. 5.2 sums them).

    A target of sequences is decoded from the vector of the operations: of the operations themselves
    it is the thesis's autoencoder. With no target beside it there are no precursors to read.

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
        self.scale, self.mask = hypers.scale, hypers.mask
        width, attention = hypers.width, (hypers.gates, hypers.hidden)
        self.reads_precursors = not all(target.task == SEQUENCE for target in schema.targets)
        if self.reads_precursors:
            vector = len(schema.featurizers["reaction"].labels()) - 1
            self.embedding = blocks.Linear(vector, width - 1, bias=False)
        self.actions = _encoder_of(hypers, schema)
        if self.reads_precursors:
            context = 0 if self.actions is None else hypers.action_width
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
        state = None
        if self.actions is not None:
            state = self.actions.state(reaction.sequences, reaction.sequence_lengths)
        pairs = list(zip(self.targets, self.heads, strict=True))
        outputs = {t.name: head(state) for t, head in pairs if t.task == SEQUENCE}
        if self.reads_precursors:
            rows = self.represent(reaction, None if state is None else state[0])
            others = [(target, head) for target, head in pairs if target.task != SEQUENCE]
            outputs |= predicted(others, reaction, rows, self.mask)
        return outputs

    def represent(self, reaction: ReactionBatch, context: Tensor | None = None) -> Tensor:
        """Rows of the reactions (b, width) from their weighted precursors; `context` are the
        vectors of the operations where they are at hand.
        """
        weights, sets = reaction.shares, reaction.segments["precursor"]
        if context is None and self.actions is not None:
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
        """The reaction embedding r, (b, width); of an autoencoder the vector of the operations."""
        reaction = batch.get("reaction", ReactionBatch)
        if self.reads_precursors:
            return self.represent(reaction)
        assert self.actions is not None
        vectors: Tensor = self.actions(reaction.sequences, reaction.sequence_lengths)
        return vectors


def _encoder_of(hypers: Hypers, schema: Schema) -> ActionEncoder | None:
    """The encoder of operations; None where they are not read.

    Raises
    ------
    ConfigError
        If a target is to be decoded from them.
    """
    decoded = [target.name for target in schema.targets if target.task == SEQUENCE]
    if not hypers.actions:
        if decoded:
            raise ConfigError(
                f"{', '.join(decoded)} is decoded from the operations, which actions=false leaves "
                "out",
                next_step="leave out --set actions=false",
            )
        return None
    dropout = hypers.action_dropout if decoded else 0.0
    return ActionEncoder(hypers.action_embedding, hypers.action_width, dropout)


def heads_of(hypers: PredictionHypers, schema: Schema, width: int) -> nn.ModuleList:
    """A network for each target, on rows of so many numbers."""

    def head_of(target: Target, head: Head) -> nn.Module:
        if target.task == SEQUENCE and isinstance(hypers, Hypers):
            sizes = hypers.action_embedding, hypers.action_width, hypers.action_dropout
            return SequenceDecoder(len(target.classes) + 1, target.columns, *sizes)
        if is_composition(target):
            chosen = hypers.stoichiometry, hypers.feed
            return Stoichiometry(hypers.elements, width, *chosen)
        return blocks.ResidualNetwork(width, head.width, hypers.output)

    return nn.ModuleList(
        head_of(target, head) for target, head in zip(schema.targets, schema.heads, strict=True)
    )


def predicted(
    pairs: Iterable[tuple[Target, nn.Module]],
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
    for target, head in pairs:
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
        among = reaction.allowed if found is None or head.training else found
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
