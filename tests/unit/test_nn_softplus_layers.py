from __future__ import annotations

import importlib
import itertools
import math

import numpy as np
import pytest
import torch

from matdata.core.cpu_kernels import cpu_kernels
from matdata.nn import EdgeSums, Linear, Segments, edge_sums, softplus_edge_layers, softplus_layers
from matdata.nn.cpu.autograd import loops_available

needs_loops = pytest.mark.skipif(not loops_available(), reason="no compiled loops")
module = importlib.import_module("matdata.nn.softplus_layers")
WIDTHS = (5, 7, 6, 3)


@pytest.fixture
def loops(monkeypatch):
    """Loops for few rows too, in small blocks; how often they ran, forwards and backwards."""
    monkeypatch.setattr(module, "WORTH_LOOPS", 1)
    monkeypatch.setattr(module, "ROWS", 16)
    monkeypatch.setattr(edge_sums, "ROWS", 16)
    calls = []
    for kind in (module._Layers, module._Gradient):
        monkeypatch.setattr(kind, "forward", _counted(kind, calls))
    return calls


def _counted(kind, calls):
    forward = kind.forward

    def run(*inputs):
        calls.append(kind.__name__)
        return forward(*inputs)

    return staticmethod(run)


@pytest.fixture
def layers():
    torch.manual_seed(0)
    return [Linear(one, other) for one, other in itertools.pairwise(WIDTHS)]


def graph(counted=True):
    """Edges of 7 crystals, one of them without any, and what sites add to them."""
    rng = np.random.default_rng(1)
    sites, edges = Segments.of_lengths([2, 1, 3, 2, 4, 1, 2]), [9, 2, 20, 0, 31, 5, 8]
    ends = [
        rng.integers(*sites.host_offsets[k : k + 2], (2, count)) for k, count in enumerate(edges)
    ]
    sender, receiver = np.concatenate(ends, 1)
    sender = np.sort(sender)
    count = torch.from_numpy(rng.integers(1, 5, (len(sender), 1))).float() if counted else None
    sums = EdgeSums(
        *(torch.from_numpy(sender), torch.from_numpy(receiver), count),
        *(sites, Segments.of_lengths(edges)),
    )
    return sums, [torch.randn(sites.total, WIDTHS[1]) for _ in range(2)]


def in_double(layers):
    copies = [Linear(layer.in_features, layer.out_features).double() for layer in layers]
    for copy, layer in zip(copies, layers, strict=True):
        copy.load_state_dict(layer.state_dict())
    return copies


def run_edges(rows, ends, layers, sums):
    return softplus_edge_layers(rows, layers[0].weight, tuple(ends), layers[1:], sums)


def gradients(outputs, inputs, layers, first_bias=True):
    parameters = [value for layer in layers for value in layer.parameters()]
    if not first_bias:
        del parameters[1]
    torch.manual_seed(2)
    total = sum((out * torch.randn(out.shape).to(out.dtype)).sum() for out in outputs)
    return torch.autograd.grad(total, [*inputs, *parameters])


def require_near(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == torch.float32
        assert float((one.double() - other).detach().norm()) <= 1e-6 * float(other.detach().norm())


@needs_loops
@pytest.mark.parametrize("count", [3, 50])
@pytest.mark.parametrize("depth", [1, 3])
def test_loops_agree_with_tensors_in_double(loops, layers, count, depth):
    layers = layers[:depth]
    rows = torch.randn(count, WIDTHS[0], requires_grad=True)
    exact, doubled = rows.detach().double().requires_grad_(), in_double(layers)
    found, expected = softplus_layers(rows, layers), softplus_layers(exact, doubled)
    require_near([found], [expected])
    require_near(gradients([found], [rows], layers), gradients([expected], [exact], doubled))
    assert loops == ["_Layers", "_Gradient"]


@needs_loops
@pytest.mark.parametrize(("counted", "depth"), [(True, 3), (False, 3), (True, 1)])
def test_loops_of_edges_agree_with_tensors_in_double(loops, layers, counted, depth):
    layers = layers[:depth]
    sums, ends = graph(counted)
    assert sums.cut.count > 2
    inputs = [torch.randn(len(sums.sender), WIDTHS[0]), *ends]
    exact = [one.double().requires_grad_() for one in inputs]
    inputs = [one.requires_grad_() for one in inputs]
    doubled = in_double(layers)
    found = run_edges(inputs[0], inputs[1:], layers, sums)
    expected = run_edges(exact[0], exact[1:], doubled, sums)
    require_near(found, expected)
    for chosen in (slice(0, 2), slice(0, 1), slice(1, 2)):  # either output may go without use
        kept = found[chosen], expected[chosen]
        again = run_edges(inputs[0], inputs[1:], layers, sums)[chosen]
        exactly = run_edges(exact[0], exact[1:], doubled, sums)[chosen]
        require_near(kept[0], kept[1])
        require_near(
            gradients(again, inputs, layers, False), gradients(exactly, exact, doubled, False)
        )
    assert loops.count("_Gradient") == 3


@needs_loops
def test_memory_may_have_any_order(loops, layers):
    sums, ends = graph()
    layers = layers[:2]
    inputs = [torch.randn(len(sums.sender), WIDTHS[0]), *ends]
    by_columns = [one.T.contiguous().T.requires_grad_() for one in inputs]
    for layer in layers:
        layer.weight = torch.nn.Parameter(layer.weight.detach().T.contiguous().T)
    exact, doubled = [one.double().requires_grad_() for one in inputs], in_double(layers)
    found, expected = (
        run_edges(one[0], one[1:], own, sums)
        for one, own in ((by_columns, layers), (exact, doubled))
    )
    require_near(found, expected)
    require_near(
        torch.autograd.grad(found[0].sum(), [*by_columns, layers[1].weight]),
        torch.autograd.grad(expected[0].sum(), [*exact, doubled[1].weight]),
    )
    assert loops == ["_Layers", "_Gradient"]


@needs_loops
def test_senders_may_have_any_order_within_their_crystal(loops, layers):
    sums, ends = graph()
    torch.manual_seed(3)
    order = torch.argsort(sums.edges.owner + torch.rand(len(sums.sender)))
    assert (sums.sender[order].diff() < 0).any()
    mixed = EdgeSums(*(one[order] for one in (sums.sender, sums.receiver, sums.count)),
                     sums.sites, sums.edges)  # fmt: skip
    rows = torch.randn(len(order), WIDTHS[0])
    out, summed = run_edges(rows, ends, layers, sums)
    again, total = run_edges(rows[order], ends, layers, mixed)
    torch.testing.assert_close(again, out[order])
    torch.testing.assert_close(total, summed)
    assert loops == ["_Layers", "_Layers"]


@needs_loops
def test_threads_change_no_bit(loops, layers):
    sums, ends = graph()
    inputs = [one.requires_grad_() for one in (torch.randn(len(sums.sender), WIDTHS[0]), *ends)]
    before, runs = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            outputs = run_edges(inputs[0], inputs[1:], layers, sums)
            runs.append([*outputs, *gradients(outputs, inputs, layers, False)])
            with torch.inference_mode():
                plain = run_edges(inputs[0], inputs[1:], layers, sums)
            assert all(map(torch.equal, plain, outputs))
    finally:
        torch.set_num_threads(before)
    assert all(map(torch.equal, *runs))


@needs_loops
def test_stacked_weights_are_members_one_by_one(loops, layers):
    sums, ends = graph()
    rows = torch.randn(len(sums.sender), WIDTHS[0])
    weights = [
        torch.stack([value, 2.0 * value]).requires_grad_()
        for layer in layers
        for value in layer.parameters()
    ]

    def network(*values):
        for place, value in enumerate(values):
            setattr(layers[place // 2], ("weight", "bias")[place % 2], value)
        out, summed = run_edges(rows, ends, layers, sums)
        return softplus_layers(rows, layers).sum() + (out * out).sum() + (summed * summed).sum()

    for layer in layers:
        for name in ("weight", "bias"):
            delattr(layer, name)
    stacked = torch.vmap(network)(*weights)
    found = torch.autograd.grad(stacked.sum(), weights)
    single = torch.stack([network(*(value[member] for value in weights)) for member in range(2)])
    torch.testing.assert_close(stacked, single)
    for one, other in zip(found, torch.autograd.grad(single.sum(), weights), strict=True):
        torch.testing.assert_close(one, other)
    one = torch.func.vmap(torch.func.grad(network))(*(value.detach() for value in weights))
    torch.testing.assert_close(one, found[0], rtol=1e-4, atol=1e-4)


@needs_loops
def test_gradients_have_gradients(loops, layers):
    sums, ends = graph()
    curves = []
    for dtype in (torch.float32, torch.float64):
        own = layers if dtype is torch.float32 else in_double(layers)
        torch.manual_seed(4)
        rows = torch.randn(len(sums.sender), WIDTHS[0]).to(dtype).requires_grad_()
        out, summed = run_edges(rows, [one.to(dtype) for one in ends], own, sums)
        total = out.square().sum() + summed.square().sum()
        (slope,) = torch.autograd.grad(total, rows, create_graph=True)
        curves.append(torch.autograd.grad(slope.square().sum(), [rows, own[1].weight]))
    require_near(*curves)


def test_tensors_pass_gradcheck(layers):
    sums, ends = graph()
    doubled, rows = in_double(layers), torch.randn(len(sums.sender), WIDTHS[0]).double()
    inputs = [one.double().requires_grad_() for one in (rows, *ends)]

    def call(rows, *ends):
        return run_edges(rows, ends, doubled, sums)

    assert torch.autograd.gradcheck(call, inputs)
    assert torch.autograd.gradcheck(lambda rows: softplus_layers(rows, doubled), inputs[:1])


@needs_loops
def test_what_is_no_number_is_shown(loops, layers):
    rows = torch.randn(3, WIDTHS[0])
    rows[1, 0], rows[2, 0] = math.nan, math.inf
    out = softplus_layers(rows, layers)
    assert out.isfinite().all(1).tolist() == [True, False, False]


@needs_loops
def test_edges_that_loops_cannot_read_are_refused(loops, layers):
    sums, ends = graph()
    rows = torch.randn(len(sums.sender), WIDTHS[0])
    receiver = sums.receiver.clone()
    receiver[0] = 5
    for wrong in (
        {"sender": sums.sender.flip(0)},
        {"receiver": receiver},
        {"receiver": sums.receiver[:-1]},
        {"count": sums.count[:-1]},
        {"edges": Segments.of_lengths([len(rows)])},
    ):
        names = ("sender", "receiver", "count", "sites", "edges")
        given = {name: getattr(sums, name) for name in names} | wrong
        with pytest.raises(IndexError, match="edges"):
            run_edges(rows, ends, layers, EdgeSums(**given))
    for wrong_ends in ((ends[0][:5], ends[1]), (ends[0], ends[1][:, :-1])):
        with pytest.raises((IndexError, RuntimeError), match=r"index out of range|must match"):
            run_edges(rows, wrong_ends, layers, sums)


@needs_loops
def test_loops_are_left_out_where_they_are_switched_off(loops, layers):
    rows = torch.randn(20, WIDTHS[0])
    with cpu_kernels(False):
        off = softplus_layers(rows, layers)
    assert loops == []
    torch.testing.assert_close(softplus_layers(rows, layers), off)
    assert loops == ["_Layers"]


@needs_loops
def test_without_a_routine_for_products_tensors_do_it(loops, layers, monkeypatch):
    rows = torch.randn(20, WIDTHS[0])
    by_loops = softplus_layers(rows, layers)
    monkeypatch.setattr(module, "sgemm", lambda: 0)
    torch.testing.assert_close(softplus_layers(rows, layers), by_loops)
    assert loops == ["_Layers"]


@needs_loops
def test_shapes_that_do_not_fit_are_not_read_by_loops(loops, layers):
    sums, ends = graph()
    edges = torch.randn(len(sums.sender), WIDTHS[0])
    wide = [Linear(5, 7), Linear(8, 6)]
    for refused in (
        lambda: softplus_layers(edges[:, :-1], layers),
        lambda: softplus_layers(edges, wide),
        lambda: softplus_edge_layers(edges[:, 1:], layers[0].weight, tuple(ends), layers[1:], sums),
        lambda: softplus_edge_layers(edges, layers[0].weight, tuple(ends), wide[1:], sums),
        lambda: run_edges(edges[:-1], ends, layers, sums),
        lambda: run_edges(torch.cat([edges, edges]), ends, layers, sums),
    ):
        with pytest.raises(RuntimeError, match=r"shapes|must match the size"):
            refused()
    once = layers[:1]
    once[0].bias = torch.nn.Parameter(torch.zeros(1))  # which torch repeats
    assert softplus_layers(edges, once).shape == (len(edges), WIDTHS[1])
    stack = edges[:6].view(2, 3, -1)
    assert softplus_layers(stack, [Linear(5, 2)]).shape == (2, 3, 2)
    none = [Linear(5, 4), Linear(4, 0), Linear(0, 3)]
    for end in (2, 3):
        found = softplus_layers(edges, none[:end])
        torch.testing.assert_close(
            found.double(), softplus_layers(edges.double(), in_double(none[:end]))
        )
    assert loops == []
