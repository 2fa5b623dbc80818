"""The autoencoder of operations: equal to a plain reading, and what it refuses."""

from __future__ import annotations

import pytest
import torch
from matdata_reaction_graph.actions import ActionEncoder, SequenceDecoder
from matdata_reaction_graph.hypers import Hypers
from matdata_reaction_graph.model import ReactionNet
from torch import nn
from torch.nn import functional

from matdata.plugin import ConfigError, Head, Schema, Target

CLASSES, POSITIONS = 4, 6
STEPS = Target("steps", CLASSES * POSITIONS, task="sequence", classes=("a", "b", "c"))
SCHEMA = Schema((STEPS,), (Head("steps", (STEPS.size,)),), {})


def plain(own, tokens, state):
    """One step of `torch.nn.LSTMCell` on a linear layer on one-hot tokens."""
    cell = nn.LSTMCell(own.tokens.shape[1], own.width).double()
    named = {"weight_ih": own.input, "weight_hh": own.recurrent, "bias_ih": own.gates}
    weights = {**named, "bias_hh": torch.zeros_like(own.gates)}
    hot = functional.one_hot(tokens, own.tokens.shape[0]).double()
    return torch.func.functional_call(cell, weights, (hot @ own.tokens + own.bias, state))


def test_encoder_and_decoder_are_a_plain_reading_with_equal_gradients():
    torch.manual_seed(0)
    encoder, decoder = ActionEncoder(8, 32).double(), SequenceDecoder(4, 6, 8, 32, 0.0).double()
    sequences = torch.tensor([[1, 4, 5, 2], [1, 2, 0, 0], [1, 9, 2, 0]])
    lengths = torch.tensor([4, 2, 3])
    state = encoder.state(sequences, lengths)
    found = decoder(state)
    rows = []
    for sequence, length in zip(sequences, lengths, strict=True):
        hidden = (torch.zeros(1, 32).double(), torch.zeros(1, 32).double())
        for token in sequence[:length]:
            hidden = plain(encoder, token[None], hidden)
        token, logits = torch.tensor([CLASSES]), []
        for _ in range(POSITIONS):
            hidden = plain(decoder, token, hidden)
            logits.append(decoder.output(hidden[0]))
            token = logits[-1].argmax(-1)
        rows.append(torch.cat(logits, -1))
    wanted = torch.cat(rows)
    torch.testing.assert_close(found, wanted)
    weights = [*encoder.parameters(), *decoder.parameters()]
    mine, theirs = (torch.autograd.grad(one.square().sum(), weights) for one in (found, wanted))
    for own, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(own, other)


def test_dropout_is_of_training_alone_and_of_each_place():
    torch.manual_seed(0)
    encoder = ActionEncoder(8, 32, dropout=0.5)
    sequences, lengths = torch.tensor([[1, 4, 2]] * 2), torch.tensor([3, 3])
    first, second = encoder(sequences, lengths)
    assert not torch.equal(first, second)
    encoder.eval()
    first, second = encoder(sequences, lengths)
    assert torch.equal(first, second)


def test_an_autoencoder_has_no_weights_of_precursors():
    names = {name.split(".")[0] for name in ReactionNet(Hypers(), SCHEMA).state_dict()}
    assert names == {"actions", "heads"}
    assert ReactionNet(Hypers(), SCHEMA).actions.dropout == 0.2


def test_nothing_is_decoded_from_operations_that_are_not_read():
    with pytest.raises(ConfigError, match="actions=false leaves out"):
        ReactionNet(Hypers(actions=False), SCHEMA)
