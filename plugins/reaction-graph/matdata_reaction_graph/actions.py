"""Sequences of operations as vectors (R. E. A. Goodall, thesis, 5.2.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from matdata.plugin import N_OPERATION_TOKENS
from matdata.plugin.nn import linear, uniform


class ActionEncoder(nn.Module):
    """The encoder of the published autoencoder: a linear layer on one-hot tokens, then an LSTM.

    S. Hochreiter and J. Schmidhuber, Neural Comput. 9, 1735 (1997), with gates in the order i, f,
    g, o as `torch.nn.LSTM` has them, whose two biases, which are only ever added, are one here.
    What the gates receive of a token is computed once per token, not per operation.

    Parameters
    ----------
    embedding
        Numbers of an embedded token (8 in the thesis).
    width
        Numbers of a sequence (32 in the thesis).
    """

    def __init__(self, embedding: int = 8, width: int = 32) -> None:
        super().__init__()
        self.width = width
        self.tokens = uniform(N_OPERATION_TOKENS, embedding, fan_in=N_OPERATION_TOKENS)
        self.bias = uniform(embedding, fan_in=N_OPERATION_TOKENS)
        self.input = uniform(4 * width, embedding, fan_in=width)
        self.recurrent = uniform(4 * width, width, fan_in=width)
        self.gates = uniform(4 * width, fan_in=width)

    def forward(self, sequences: Tensor, lengths: Tensor) -> Tensor:
        """Hidden state (b, width) after the last token of each sequence.

        Parameters
        ----------
        sequences : (b, L) int64
            Tokens, padded.
        lengths : (b,) int64
            Tokens of each sequence, of which there is at least one.
        """
        received = linear(self.tokens + self.bias, self.input, self.gates)
        hidden = memory = received.new_zeros(len(sequences), self.width)
        for step in range(sequences.shape[1]):
            own = received.index_select(0, sequences[:, step])
            i, f, g, o = (own + linear(hidden, self.recurrent)).chunk(4, -1)
            kept = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
            shown = torch.sigmoid(o) * torch.tanh(kept)
            goes_on = (step < lengths)[:, None]
            memory = torch.where(goes_on, kept, memory)
            hidden = torch.where(goes_on, shown, hidden)
        return hidden
