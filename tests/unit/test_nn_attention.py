"""Attention over pairs and attention to one row: every way equals the definition."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from matdata.nn import (
    Segments,
    SetMessages,
    WeightedAttentionPooling,
    attention_pooling,
    pair_attention,
)

LARGE = torch.tensor([[100.0, 0.0], [0.0, 100.0], [1e30, 0.0], [-1e30, 0.0]]).double()
PAIRS = [pair_attention.compiled, pair_attention.padded, pair_attention.ragged]
POOLS = [attention_pooling.compiled, attention_pooling.tensors]


def sets_of(*lengths: int) -> Segments:
    return Segments.of_lengths(lengths)


def drawn(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype)


def pool_inputs(sets: Segments, heads: int = 2, gates: int = 8, hidden: int = 12):
    both, shift, *rest = attention_inputs(sets, heads, gates, hidden)
    rows = both.detach()[:, : both.shape[1] // 2].clone().requires_grad_()
    return [rows, shift.detach()[0].requires_grad_(), *rest]


def attention_inputs(
    sets: Segments, heads: int = 2, gates: int = 8, hidden: int = 12, shifts: int = 1
):
    count, width = len(sets.owner), 2 * heads * (gates + hidden)
    shapes = ((count, width), (shifts, width // 2), (heads, gates), (count, heads))
    return [drawn(*shape, seed=k).requires_grad_() for k, shape in enumerate(shapes)]


def halves(both, shift, sets):
    """What nodes add to pairs as the first, with the shift of their set, and as the second."""
    own, other = both.chunk(2, 1)
    return own + shift.expand(sets.count, -1).repeat_interleave(sets.lengths, 0), other


def by_definition(both, shift, gate, prior, sets):
    """Eq. 4.2 and 4.3 of the thesis, one pair after another."""
    own, other = halves(both, shift, sets)
    heads, gates = gate.shape
    out = []
    for row in range(len(own)):
        begin, end = sets.offsets[sets.owner[row]], sets.offsets[sets.owner[row] + 1]
        x = F.leaky_relu(own[row] + other[begin:end])
        scores = torch.stack(
            [x[:, m * gates : (m + 1) * gates] @ gate[m] for m in range(heads)], dim=1
        )
        shares = torch.softmax(scores + prior[begin:end], 0)
        messages = x[:, heads * gates :].reshape(len(x), heads, -1)
        out.append((shares[:, :, None] * messages).sum(0).flatten())
    return torch.stack(out)


@pytest.mark.parametrize("of_sets", [False, True])
@pytest.mark.parametrize("way", PAIRS)
@pytest.mark.parametrize("lengths", [(3, 1, 5, 2), (1,), (12, 2)])
def test_ways_of_attention_equal_the_definition(way, lengths, of_sets):
    sets = sets_of(*lengths)
    inputs = attention_inputs(sets, shifts=sets.count if of_sets else 1)
    out, expected = way(*inputs, sets), by_definition(*inputs, sets)
    torch.testing.assert_close(out, expected, rtol=1e-12, atol=1e-12)
    towards = drawn(*out.shape, seed=9)
    ours = torch.autograd.grad((out * towards).sum(), inputs)
    theirs = torch.autograd.grad((expected * towards).sum(), inputs)
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


def between_different(way, both, shift, gate, prior, sets):
    """Attention of each node over the others of its set, pair after pair by tensors, or a loop."""
    if way == "compiled":
        return pair_attention.compiled(both, shift, gate, prior, sets, distinct=True)
    own, other = halves(both, shift, sets)
    return pair_attention.attend_pairs(own, other, gate, prior, *sets.distinct_pairs)


@pytest.mark.parametrize("way", ["compiled", "tensors"])
@pytest.mark.parametrize("lengths", [(3, 1, 5, 2), (1,), (12, 2), (1, 0, 4)])
def test_attention_between_different_nodes_equals_the_definition(way, lengths):
    sets = sets_of(*lengths)
    inputs = attention_inputs(sets)
    out = between_different(way, *inputs, sets)
    # a node as a pair with itself weighs nothing
    both, shift, gate, prior = inputs
    own, other = halves(both, shift, sets)
    rows = []
    for row in range(len(own)):
        begin, end = sets.offsets[sets.owner[row]], sets.offsets[sets.owner[row] + 1]
        others = [k for k in range(begin, end) if k != row]
        if not others:
            rows.append(own[row, : out.shape[1]] * 0.0)
            continue
        x = F.leaky_relu(own[row] + other[others])
        scores = torch.einsum("jmk,mk->jm", x[:, : gate.numel()].unflatten(1, gate.shape), gate)
        shares = torch.softmax(scores + prior[others], 0)
        messages = x[:, gate.numel() :].unflatten(1, (len(gate), -1))
        rows.append((shares[:, :, None] * messages).sum(0).flatten())
    expected = torch.stack(rows)
    torch.testing.assert_close(out, expected, rtol=1e-12, atol=1e-12)
    towards = drawn(*out.shape, seed=9)
    ours = torch.autograd.grad((out * towards).sum(), inputs)
    theirs = torch.autograd.grad((expected * towards).sum(), inputs, allow_unused=True)
    zero = [torch.zeros_like(one) for one in inputs]
    theirs = [z if one is None else one for one, z in zip(theirs, zero, strict=True)]
    torch.testing.assert_close(list(ours), theirs, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("way", PAIRS)
def test_attention_bears_large_gates_and_shows_nan(way):
    sets = sets_of(2, 2)
    both, shift, gate, _ = attention_inputs(sets)
    assert torch.isfinite(way(both, shift, gate, LARGE, sets)).all()
    both = both.detach().clone()
    both[0, : both.shape[1] // 2] = float("nan")
    out = way(both, shift, gate, LARGE, sets)
    assert out[0].isnan().all()
    assert torch.isfinite(out[2:]).all()


def pooled_by_definition(rows, shift, gate, prior, sets):
    """Eq. 4.3 of the thesis, one set after another."""
    heads, gates = gate.shape
    out = []
    for begin, end in zip(sets.offsets[:-1], sets.offsets[1:], strict=True):
        x = F.leaky_relu(rows[begin:end] + shift)
        scores = torch.einsum("jmk,mk->jm", x[:, : heads * gates].view(-1, heads, gates), gate)
        shares = torch.softmax(scores + prior[begin:end], 0)
        messages = x[:, heads * gates :].unflatten(1, (heads, -1))
        out.append((shares[:, :, None] * messages).sum(0).flatten())
    return torch.stack(out)


@pytest.mark.parametrize("way", POOLS)
@pytest.mark.parametrize("lengths", [(3, 1, 5, 2), (1,), (2, 0, 12)])
def test_ways_of_pooling_equal_the_definition(way, lengths):
    sets = sets_of(*lengths)
    inputs = pool_inputs(sets)
    out, expected = way(*inputs, sets), pooled_by_definition(*inputs, sets)
    torch.testing.assert_close(out, expected, rtol=1e-12, atol=1e-12)
    towards = drawn(*out.shape, seed=9)
    ours = torch.autograd.grad((out * towards).sum(), inputs)
    theirs = torch.autograd.grad((expected * towards).sum(), inputs)
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("way", POOLS)
def test_pooling_bears_large_gates_and_shows_nan(way):
    sets = sets_of(2, 2)
    rows, shift, gate, _ = pool_inputs(sets)
    assert torch.isfinite(way(rows, shift, gate, LARGE, sets)).all()
    rows = rows.detach().clone()
    rows[0] = float("nan")
    out = way(rows, shift, gate, LARGE, sets)
    assert out[0].isnan().all()
    assert torch.isfinite(out[1]).all()


@pytest.mark.parametrize(
    ("ours", "theirs", "make"),
    [
        (pair_attention.compiled, pair_attention.ragged, attention_inputs),
        (attention_pooling.compiled, attention_pooling.tensors, pool_inputs),
    ],
)
def test_threads_change_nothing(ours, theirs, make, monkeypatch):
    monkeypatch.setattr("matdata.nn.cpu.openmp.WORTH_A_THREAD", 1)
    sets = sets_of(*range(1, 12))
    inputs = make(sets)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        out = ours(*inputs, sets)
        found = torch.autograd.grad(out.sum(), inputs)
    finally:
        torch.set_num_threads(before)
    expected = theirs(*inputs, sets)
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(found, torch.autograd.grad(expected.sum(), inputs))


def held_to_its_members(kind, inputs):
    """A layer mapped over stacked weights, and its gradients, against each member alone."""
    members = [kind(6, 2, 5, 7) for _ in range(3)]
    stacked, _ = torch.func.stack_module_state(members)

    def loss(parameters):
        return torch.func.functional_call(members[0], parameters, inputs).square()

    mapped = torch.func.vmap(loss)(stacked)
    gradients = torch.func.vmap(torch.func.grad(lambda p: loss(p).sum()))(stacked)
    mapped.sum().backward()
    for number, member in enumerate(members):
        own = member(*inputs).square()
        torch.testing.assert_close(mapped[number], own)
        own.sum().backward()
        for name, parameter in member.named_parameters():
            for gradient in (gradients[name][number], stacked[name].grad[number]):
                torch.testing.assert_close(gradient, parameter.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["compiled", "padded", "ragged"])
def test_messages_map_over_stacked_weights(way, monkeypatch):
    monkeypatch.setattr("matdata.nn.attention.attend", getattr(pair_attention, way))
    nodes, weights = drawn(8, 6, dtype=torch.float32), torch.rand(8) + 0.1
    held_to_its_members(SetMessages, (nodes, weights, sets_of(3, 1, 4)))


@pytest.mark.parametrize("way", ["compiled", "tensors"])
def test_pooling_maps_over_stacked_weights(way, monkeypatch):
    monkeypatch.setattr("matdata.nn.attention.pool", getattr(attention_pooling, way))
    nodes, weights = drawn(8, 6, dtype=torch.float32), torch.rand(8) + 0.1
    held_to_its_members(WeightedAttentionPooling, (nodes, weights, sets_of(3, 1, 4)))


def test_pooling_takes_weights_and_ignores_order():
    pool, sets = WeightedAttentionPooling(6, 2, 5, 7), sets_of(3, 2)
    nodes, weights = drawn(5, 6, dtype=torch.float32), torch.rand(5) + 0.1
    pooled = pool(nodes, weights, sets)
    order = torch.tensor([2, 0, 1, 4, 3])
    torch.testing.assert_close(pool(nodes[order], weights[order], sets), pooled)
    assert not torch.allclose(pool(nodes, weights.flip(0), sets), pooled)


@pytest.mark.parametrize(
    ("way", "make"),
    [(pair_attention.compiled, attention_inputs), (attention_pooling.compiled, pool_inputs)],
)
def test_second_derivatives_of_compiled_loops_are_refused(way, make):
    sets = sets_of(3, 2)
    inputs = make(sets)
    (first,) = torch.autograd.grad(way(*inputs, sets).sum(), inputs[0], create_graph=True)
    with pytest.raises(NotImplementedError, match="first derivatives only"):
        first.square().sum().backward()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("way", "other", "make"),
    [
        (pair_attention.compiled, pair_attention.ragged, attention_inputs),
        (attention_pooling.compiled, attention_pooling.tensors, pool_inputs),
    ],
)
def test_a_head_that_diverged_leaves_the_others_alone(way, other, make, bad):
    sets = sets_of(3, 2)
    rows, shift, gate, prior = make(sets)
    gate = gate.detach().clone()
    gate[0, 0] = bad
    found, expected = (one(rows, shift, gate, prior, sets) for one in (way, other))
    hidden = found.shape[1] // 2
    assert torch.isfinite(found[:, hidden:]).all()
    torch.testing.assert_close(found[:, hidden:], expected[:, hidden:])


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.slow
def test_compiled_networks_leave_the_compiled_loops_out_of_their_graphs(backend, monkeypatch):
    """`torch.compiler.disable` is called when something is compiled, and holds then."""
    sets = sets_of(3, 1, 5, 2)
    inputs = [value.detach().float().requires_grad_() for value in pool_inputs(sets)]
    calls = []
    plain = attention_pooling._loops.forward

    def counted(*arguments):
        calls.append(True)
        return plain(*arguments)

    def network(*values):
        return attention_pooling.pool(*values, sets).sin()

    monkeypatch.setitem(attention_pooling._loops.__dict__, "forward", counted)
    expected = network(*inputs)
    torch._dynamo.reset()
    found = torch.compile(network, backend=backend)(*inputs)
    assert len(calls) >= 2
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    wanted, gradients = (torch.autograd.grad(out.sum(), inputs) for out in (expected, found))
    for one, other in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
