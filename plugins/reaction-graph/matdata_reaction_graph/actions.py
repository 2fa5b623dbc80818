"""Sequences of operations as vectors, and back (R. E. A. Goodall, thesis, 5.2.2).

Both are long short-term memories (S. Hochreiter and J. Schmidhuber, Neural Comput. 9, 1735, 1997),
with gates in the order i, f, g, o as `torch.nn.LSTM` has them, whose two biases, which are only
ever added, are one here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from matdata.plugin import N_OPERATION_TOKENS
from matdata.plugin.nn import Linear, linear, uniform

State = tuple[Tensor, Tensor]


class _Memory(nn.Module):
    """A linear layer on one-hot tokens, and the gates of a memory that receives them.

    Parameters
    ----------
    tokens
        How many there are.
    embedding
        Numbers of an embedded token (8 in the thesis).
    width
        Numbers of the state (32 in the thesis).
    dropout
        Share of the numbers of an embedded token that are dropped in training.
    """

    def __init__(self, tokens: int, embedding: int, width: int, dropout: float) -> None:
        super().__init__()
        self.width, self.dropout = width, dropout
        self.tokens = uniform(tokens, embedding, fan_in=tokens)
        self.bias = uniform(embedding, fan_in=tokens)
        self.input = uniform(4 * width, embedding, fan_in=width)
        self.recurrent = uniform(4 * width, width, fan_in=width)
        self.gates = uniform(4 * width, fan_in=width)

    def received(self) -> Tensor | None:
        """What the gates receive of each token, (tokens, 4 width), which is computed once; None
        where numbers are dropped, for each place anew.
        """
        if self.training and self.dropout > 0.0:
            return None
        return linear(self.tokens + self.bias, self.input, self.gates)

    def step(self, tokens: Tensor, state: State, received: Tensor | None) -> State:
        """The next state (b, width) twice: what is shown, and what is kept."""
        hidden, memory = state
        if received is None:
            embedded = (self.tokens + self.bias).index_select(0, tokens)
            dropped = functional.dropout(embedded, self.dropout, True)
            own = linear(dropped, self.input, self.gates)
        else:
            own = received.index_select(0, tokens)
        i, f, g, o = (own + linear(hidden, self.recurrent)).chunk(4, -1)
        kept = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(kept), kept


class ActionEncoder(_Memory):
    """The encoder of the published autoencoder; see `_Memory` for its parameters."""

    def __init__(self, embedding: int = 8, width: int = 32, dropout: float = 0.0) -> None:
        super().__init__(N_OPERATION_TOKENS, embedding, width, dropout)

    def forward(self, sequences: Tensor, lengths: Tensor) -> Tensor:
        """Hidden state (b, width) after the last token of each sequence: its vector.

        Parameters
        ----------
        sequences : (b, L) int64
            Tokens, padded.
        lengths : (b,) int64
            Tokens of each sequence, of which there is at least one.
        """
        return self.state(sequences, lengths)[0]

    def state(self, sequences: Tensor, lengths: Tensor) -> State:
        """What `forward` returns, and the memory beside it, (b, width) each."""
        received = self.received()
        hidden = memory = self.gates.new_zeros(len(sequences), self.width)
        for place in range(sequences.shape[1]):
            shown, kept = self.step(sequences[:, place], (hidden, memory), received)
            goes_on = (place < lengths)[:, None]
            memory = torch.where(goes_on, kept, memory)
            hidden = torch.where(goes_on, shown, hidden)
        return hidden, memory


class SequenceDecoder(_Memory):
    """The decoder of the published autoencoder: it begins with the state of the encoder and with a
    token for the start, and reads at each position the word that it found most probable before.

    Parameters
    ----------
    classes
        Words and the end of a sequence.
    positions
        Of the longest sequence, its end included.
    embedding, width, dropout
        As of the encoder.
    """

    def __init__(
        self, classes: int, positions: int, embedding: int, width: int, dropout: float
    ) -> None:
        super().__init__(classes + 1, embedding, width, dropout)
        self.classes, self.positions = classes, positions
        self.output = Linear(width, classes)

    def forward(self, state: State) -> Tensor:
        """Logits of each class at each position, (b, positions * classes)."""
        received = self.received()
        tokens = torch.full_like(state[0][:, 0], self.classes, dtype=torch.int64)  # the start
        logits = []
        for _ in range(self.positions):
            state = self.step(tokens, state, received)
            logits.append(self.output(state[0]))
            tokens = logits[-1].detach().argmax(-1)
        return torch.cat(logits, -1)
