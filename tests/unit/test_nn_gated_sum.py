"""Gated sums over edges: the compiled loops and the tensors equal the definition."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from matdata.nn import CountedBatchNorm, GaussianBasis, Gaussians, gated_sum
from matdata.nn.cpu.autograd import loops_available
from matdata.nn.gated_sum import Links, compiled, tensors

CORES = {"softplus": F.softplus, "silu": F.silu}
WAYS = [compiled, tensors]
needs_loops = pytest.mark.skipif(not loops_available(), reason="no compiled loops")


def drawn(*shape: int, seed: int = 0, scale: float = 2.0, offset: float = 0.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(*shape, generator=generator, dtype=torch.float64) + offset


class Case:
    """Sites, edges and a normalisation, in float64 and as copies in other types."""

    def __init__(self, sites: int, edges: int, width: int, counted: bool) -> None:
        ends = torch.Generator().manual_seed(1)
        self.sender = torch.randint(0, sites, (edges,), generator=ends).sort()[0]
        self.receiver = torch.randint(0, sites, (edges,), generator=ends)
        self.both = drawn(sites, 4 * width, seed=2, offset=3.0)
        self.edge = drawn(edges, 2 * width, seed=3)
        self.weight, self.bias = drawn(2 * width, seed=4), drawn(2 * width, seed=5)
        self.towards = drawn(sites, width, seed=6)
        self.count = self.of_all = None
        if counted:
            self.count = torch.randint(1, 4, (edges, 1), generator=ends).double()
            self.of_all = torch.randint(1, 9, (edges, 1), generator=ends).double()

    def norm(self, kind: torch.dtype) -> CountedBatchNorm:
        norm = CountedBatchNorm(len(self.bias)).to(kind)
        with torch.no_grad():
            norm.weight.copy_(self.weight)
            norm.bias.copy_(self.bias)
        return norm

    def run(self, way, core: str, kind: torch.dtype = torch.float32, training: bool = True):
        """Output, gradients and running statistics."""
        norm = self.norm(kind).train(training)
        both, edge = (x.detach().to(kind).clone().requires_grad_() for x in (self.both, self.edge))
        counts = [None if c is None else c.to(kind) for c in (self.count, self.of_all)]
        out = way(both, edge, Links(self.sender, self.receiver, *counts), norm, core)
        out.backward(self.towards.to(kind))
        grads = both.grad, edge.grad, norm.weight.grad, norm.bias.grad
        return [out.detach(), *grads, norm.running_mean, norm.running_var]

    def by_definition(self, core: str, training: bool = True):
        """Eq. 5 of Xie and Grossman (2018), one edge after another, each as often as it counts."""
        width = self.edge.shape[1] // 2
        leaves = [
            x.clone().requires_grad_() for x in (self.both, self.edge, self.weight, self.bias)
        ]
        both, edge, weight, bias = leaves
        own, other = both[:, : 2 * width], both[:, 2 * width :]
        z = (
            torch.stack(
                [own[i] + other[j] for i, j in zip(self.sender, self.receiver, strict=True)]
            )
            + edge
        )
        once = torch.ones(len(z), dtype=torch.int64)
        rows = z.repeat_interleave(once if self.of_all is None else self.of_all[:, 0].long(), 0)
        mean, variance = rows.mean(0), rows.var(0, unbiased=False)
        if not training:
            mean, variance = torch.zeros_like(mean), torch.ones_like(variance)
        y = (z - mean) / torch.sqrt(variance + 1e-5) * weight + bias
        messages = torch.sigmoid(y[:, :width]) * CORES[core](y[:, width:])
        out = torch.zeros(len(both), width, dtype=torch.float64)
        for e, site in enumerate(self.sender.tolist()):
            out[site] = out[site] + messages[e] * (1 if self.count is None else self.count[e])
        grads = torch.autograd.grad((out * self.towards).sum(), leaves)
        running = [torch.zeros_like(bias), torch.ones_like(bias)]
        if training:
            running = [0.1 * mean, 0.9 + 0.1 * rows.var(0)]
        return [x.detach() for x in (out, *grads, *running)]


def assert_near(ours, theirs, tolerance: float) -> None:
    for one, other in zip(ours, theirs, strict=True):
        largest = other.abs().max()
        assert float((one.double() - other).abs().max()) <= tolerance * max(float(largest), 1e-3)


@needs_loops
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("sites", "edges", "width"), [(7, 70, 32), (9, 131, 37), (3, 5, 1)])
def test_both_ways_equal_the_definition(way, core, counted, training, sites, edges, width):
    case = Case(sites, edges, width, counted)
    ours, theirs = case.run(way, core, training=training), case.by_definition(core, training)
    assert_near(ours, theirs, 3e-6)


@needs_loops
@pytest.mark.parametrize("core", CORES)
def test_values_of_any_size_are_right_and_nan_is_shown(core):
    case = Case(4, 6, 3, False)
    case.edge[0], case.edge[1] = 80.0, -80.0
    case.edge[2], case.edge[3] = 1e4, -1e4
    case.weight[:], case.bias[:] = 1.0, 0.0
    ours = case.run(compiled, core, training=False)
    assert all(torch.isfinite(x).all() for x in ours)
    assert_near(ours, case.by_definition(core, training=False), 3e-6)
    case.edge[4, 0] = case.edge[5, 4] = float("nan")
    out = case.run(compiled, core, training=False)[0]
    expected = case.run(tensors, core, training=False)[0]
    torch.testing.assert_close(out.isnan(), expected.isnan())
    assert out.isnan().any()


@needs_loops
def test_threads_change_no_bit(monkeypatch):
    monkeypatch.setattr("matdata.nn.cpu.openmp.WORTH_A_THREAD", 16)
    case, before = Case(20, 300, 96, True), torch.get_num_threads()
    try:
        runs = []
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            runs.append(case.run(compiled, "softplus"))
    finally:
        torch.set_num_threads(before)
    for other in runs[1:]:
        assert all(torch.equal(a, b) for a, b in zip(runs[0], other, strict=True))


@needs_loops
def test_equal_edges_may_be_counted_in_any_order():
    case = Case(6, 40, 8, True)
    ours = case.run(compiled, "softplus")[0]
    within = torch.argsort(case.sender * 1000 + torch.arange(40).flip(0), stable=True)
    for name in ("sender", "receiver", "edge", "count", "of_all"):
        setattr(case, name, getattr(case, name)[within])
    torch.testing.assert_close(case.run(compiled, "softplus")[0], ours, rtol=1e-6, atol=1e-6)


def test_what_loops_do_not_know_goes_by_tensors():
    exact = Case(4, 9, 2, False)
    given = exact.both, exact.edge, exact.sender, exact.receiver
    out = gated_sum(*given, exact.norm(torch.float64))
    assert out.dtype == torch.float64
    torch.testing.assert_close(out, exact.by_definition("softplus")[0])
    none = Case(4, 0, 2, False)
    norm = none.norm(torch.float32).eval()
    given = none.both.float(), none.edge.float(), none.sender, none.receiver
    assert torch.equal(gated_sum(*given, norm), torch.zeros(4, 2))


@pytest.mark.parametrize("counted", [False, True])
def test_a_batch_without_edges_leaves_running_statistics_as_they_are(counted):
    case = Case(4, 0, 2, counted)
    norm = case.norm(torch.float32)
    norm.running_mean.fill_(3.0)
    given = case.both.float(), case.edge.float(), case.sender, case.receiver
    count = case.count if case.count is None else case.count.float()
    assert torch.equal(gated_sum(*given, norm, count=count), torch.zeros(4, 2))
    assert torch.equal(norm.running_mean, torch.full((4,), 3.0))
    assert torch.equal(norm.running_var, torch.ones(4))


@needs_loops
def test_half_precision_is_computed_in_float32_and_given_back():
    case = Case(5, 30, 4, False)
    half = [x.to(torch.bfloat16) for x in (case.both, case.edge)]
    out = gated_sum(*half, case.sender, case.receiver, case.norm(torch.float32))
    assert out.dtype == torch.bfloat16
    case.both, case.edge = (x.double() for x in half)
    torch.testing.assert_close(
        out.double(), case.by_definition("softplus")[0], rtol=1e-2, atol=1e-2
    )


@needs_loops
@pytest.mark.parametrize("end", [-1, 4])
@pytest.mark.parametrize("ends", ["sender", "receiver"])
def test_an_end_that_is_no_site_is_refused(ends, end):
    case = Case(4, 9, 2, False)
    getattr(case, ends)[3] = end
    with pytest.raises(IndexError):
        case.run(compiled, "softplus")


@needs_loops
@pytest.mark.parametrize("name", ["sender", "receiver", "count", "of_all"])
def test_fewer_ends_or_counts_than_edges_are_refused(name):
    case = Case(4, 9, 2, True)
    setattr(case, name, getattr(case, name)[:5])
    with pytest.raises(IndexError, match=r"9 edges with .*\(5,\)"):
        case.run(compiled, "softplus")
    case.both = case.both[:, :6]
    with pytest.raises(IndexError):
        case.run(compiled, "softplus")


@needs_loops
def test_a_single_edge_is_normalised_by_running_statistics():
    case = Case(2, 1, 4, False)
    norm = case.norm(torch.float32)
    given = case.both.float(), case.edge.float(), case.sender, case.receiver
    out = gated_sum(*given, norm)
    torch.testing.assert_close(out, gated_sum(*given, norm.eval()))
    assert torch.equal(norm.running_mean, torch.zeros(8))


@needs_loops
def test_it_is_mapped_over_stacked_members():
    case = Case(5, 20, 4, False)
    norm = case.norm(torch.float32).eval()
    edges = torch.stack([case.edge.float(), 2 * case.edge.float()])

    def one(edge):
        return gated_sum(case.both.float(), edge, case.sender, case.receiver, norm)

    torch.testing.assert_close(torch.func.vmap(one)(edges), torch.stack([*map(one, edges)]))


@needs_loops
def test_it_is_computed_again_under_checkpointing():
    case = Case(5, 20, 4, False)
    edge = case.edge.float().requires_grad_()

    def total(edge):
        given = case.both.float(), edge, case.sender, case.receiver
        return gated_sum(*given, case.norm(torch.float32)).sum()

    checkpoint(total, edge, use_reentrant=False).backward()
    assert torch.equal(edge.grad, torch.autograd.grad(total(edge), edge)[0])


@needs_loops
def test_there_is_no_second_derivative():
    case = Case(3, 5, 2, False)
    edge = case.edge.float().requires_grad_()
    given = case.both.float(), edge, case.sender, case.receiver
    (grad,) = torch.autograd.grad(
        gated_sum(*given, case.norm(torch.float32)).sum(), edge, create_graph=True
    )
    with pytest.raises(NotImplementedError, match=r"gated sums .* first derivatives only"):
        grad.sum().backward()


def test_gaussians_are_no_subnormal_numbers():
    distance = torch.linspace(0.0, 10.0, 2001)
    values = Gaussians(GaussianBasis(0.0, 8.0, 41, 0.2))(distance)
    smallest = torch.finfo(torch.float32).tiny
    assert not ((values > 0) & (values < smallest)).any()
    exact = torch.exp(-(((distance.double()[:, None] - torch.linspace(0, 8, 41)) / 0.2) ** 2))
    torch.testing.assert_close(values.double(), exact, rtol=2e-4, atol=1e-20)
    near = exact > 1e-6
    torch.testing.assert_close(values.double()[near], exact[near], rtol=1e-4, atol=0)
