"""A plain reading of eq. 5.1 and 5.2 of Goodall's thesis, with the weights of our network.

A row per pair of precursors and head, every layer of the text a layer of its own, `torch.nn.LSTM`;
softmaxes by `index_add`, weighted by molar shares, heads averaged, as the published code has them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def _hidden(width_in: int, weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(width_in, len(weight))
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)
    return layer


class Attention(nn.Module):
    """The heads of one layer: gates f and messages g of one hidden layer each."""

    @torch.no_grad()
    def __init__(self, ours: Any, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        heads, gates, hidden, width = ours.heads, ours.gates, ours.hidden, weight.shape[1]
        self.gates, self.messages = nn.ModuleList(), nn.ModuleList()
        for m in range(heads):
            rows = slice(m * gates, (m + 1) * gates)
            last = nn.Linear(gates, 1)
            last.weight.copy_(ours.gate[m : m + 1])
            first = _hidden(width, weight[rows], bias[rows])
            self.gates.append(nn.Sequential(first, nn.LeakyReLU(), last))
            start = heads * gates + m * hidden
            rows = slice(start, start + hidden)
            first = _hidden(width, weight[rows], bias[rows])
            last = _hidden(hidden, ours.out[:, m * hidden : (m + 1) * hidden], ours.bias[m])
            self.messages.append(nn.Sequential(first, nn.LeakyReLU(), last))

    def forward(self, rows: Tensor, weights: Tensor, index: Tensor, count: int) -> Tensor:
        """Messages to `count` places, from rows that go to the place `index`."""
        received = []
        for gate, message in zip(self.gates, self.messages, strict=True):
            raised = weights[:, None] * gate(rows).exp()
            total = raised.new_zeros(count, 1).index_add(0, index, raised)
            sent = raised / total[index] * message(rows)
            received.append(sent.new_zeros(count, sent.shape[1]).index_add(0, index, sent))
        return torch.stack(received).mean(0)


class Reading(nn.Module):
    """The network of the thesis with element logits as its output."""

    @torch.no_grad()
    def __init__(self, ours: Any) -> None:
        super().__init__()
        width, vector = ours.embedding.weight.shape[0] + 1, ours.embedding.weight.shape[1]
        self.embedding = nn.Linear(vector, width - 1, bias=False)
        self.embedding.weight.copy_(ours.embedding.weight)
        self.tokens, self.lstm = None, None
        if ours.actions is not None:
            self._actions(ours.actions)
        self.layers = nn.ModuleList()
        for layer in ours.layers:
            first, second = layer.pair.weight.chunk(2, 0)
            parts = [first, second, *([] if layer.context is None else [layer.context])]
            self.layers.append(Attention(layer, torch.cat(parts, 1), layer.pair.bias))
        self.pool = Attention(ours.pool, ours.pool.first.weight, ours.pool.first.bias)
        self.head = ours.heads[0]

    def _actions(self, own: Any) -> None:
        self.tokens = nn.Linear(len(own.tokens), own.tokens.shape[1])
        self.tokens.weight.copy_(own.tokens.T)
        self.tokens.bias.copy_(own.bias)
        self.lstm = nn.LSTM(own.tokens.shape[1], own.width, batch_first=True)
        self.lstm.weight_ih_l0.copy_(own.input)
        self.lstm.weight_hh_l0.copy_(own.recurrent)
        self.lstm.bias_ih_l0.copy_(own.gates)
        self.lstm.bias_hh_l0.zero_()

    def represent(self, reaction: Any) -> Tensor:
        """Reaction embeddings."""
        weights, owner = reaction.shares, reaction.crystal
        context = weights.new_zeros(reaction.size, 0)
        if self.tokens is not None and self.lstm is not None:
            known = F.one_hot(reaction.sequences, self.tokens.in_features).float()
            packed = nn.utils.rnn.pack_padded_sequence(
                self.tokens(known), reaction.sequence_lengths, True, enforce_sorted=False
            )
            context = self.lstm(packed)[1][0][0]
        nodes = torch.cat([self.embedding(reaction.vectors), weights[:, None]], 1)
        first, second = reaction.pairs
        for layer in self.layers:
            pairs = torch.cat([nodes[first], nodes[second], context[owner[first]]], 1)
            nodes = nodes + layer(pairs, weights[second], first, len(nodes))
        return self.pool(nodes, weights, owner, reaction.size)

    def forward(self, reaction: Any) -> Tensor:
        """Logits of the elements, masked."""
        return self.head(self.represent(reaction)).masked_fill(~reaction.allowed, -30.0)
