from __future__ import annotations

import importlib
import math

import pytest
import torch

from matdata.core.cpu_kernels import cpu_kernels
from matdata.nn import Segments, query_attention
from matdata.nn.cpu.autograd import loops_available

needs_loops = pytest.mark.skipif(not loops_available(), reason="no compiled loops")
module = importlib.import_module("matdata.nn.query_attention")
SETS = Segments.of_lengths([3, 0, 1, 6, 2])


def given(dtype=torch.float32):
    """Entries, queries and logarithms of weights."""
    torch.manual_seed(0)
    entries, query = torch.randn(SETS.total, 4), torch.randn(SETS.count, 4)
    log_weights = torch.randint(1, 5, (SETS.total, 1)).float().log()
    entries, query = (one.to(dtype).requires_grad_() for one in (entries, query))
    return entries, query, log_weights.to(dtype)


def both_gradients(out, *inputs):
    return torch.autograd.grad(out.pow(3).sum(), inputs)


def require_near(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == torch.float32
        assert float((one.double() - other).detach().norm()) <= 1e-6 * float(other.detach().norm())


@needs_loops
@pytest.mark.parametrize("weighted", [True, False])
def test_loops_agree_with_tensors_in_double(weighted):
    entries, query, log_weights = given()
    exact, asked, logs = given(torch.float64)
    found = query_attention(entries, query, SETS, log_weights if weighted else None)
    expected = query_attention(exact, asked, SETS, logs if weighted else None)
    require_near([found], [expected])
    require_near(both_gradients(found, entries, query), both_gradients(expected, exact, asked))
    assert found[1].tolist() == [0.0] * 4


def test_tensors_pass_gradcheck():
    entries, query, logs = given(torch.float64)
    assert torch.autograd.gradcheck(
        lambda entries, query: query_attention(entries, query, SETS, logs), (entries, query)
    )


@needs_loops
def test_large_scores_give_finite_shares():
    entries, query, logs = given()
    out = query_attention(1e4 * entries, 1e4 * query, SETS, logs)
    assert out.isfinite().all()


@needs_loops
def test_threads_change_no_bit(monkeypatch):
    monkeypatch.setattr("matdata.nn.cpu.openmp.WORTH_A_THREAD", 4)
    entries, query, logs = given()
    before, runs = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            out = query_attention(entries, query, SETS, logs)
            runs.append([out, *both_gradients(out, entries, query)])
    finally:
        torch.set_num_threads(before)
    assert all(map(torch.equal, *runs))


@needs_loops
def test_stacks_and_second_derivatives():
    entries, query, logs = given()
    factors = torch.tensor([1.0, -2.0])

    def total(factor):
        return query_attention(factor * entries, query, SETS, logs).pow(2).sum()

    stacked = torch.func.vmap(torch.func.grad(total))(factors)
    single = [torch.func.grad(total)(factor) for factor in factors]
    torch.testing.assert_close(stacked, torch.stack(single))
    curves = []
    for dtype in (torch.float32, torch.float64):
        entries, query, logs = given(dtype)
        out = query_attention(entries, query, SETS, logs)
        slopes = torch.autograd.grad(out.pow(2).sum(), (entries, query), create_graph=True)
        curves.append(
            torch.autograd.grad(sum(one.square().sum() for one in slopes), (entries, query))
        )
    require_near(*curves)


def test_weights_that_are_trained_have_their_gradient():
    slopes = []
    for dtype in (torch.float32, torch.float64):
        entries, query, logs = given(dtype)
        logs.requires_grad_()
        out = query_attention(entries, query, SETS, logs)
        slopes.append(both_gradients(out, entries, query, logs))
    require_near(*slopes)


@needs_loops
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("places", [slice(0, 1), slice(0, 3), slice(4, 10)])
def test_weights_of_0_and_what_is_no_number_are_as_with_tensors(value, places):
    entries, query, logs = given()
    logs[places] = value
    results = []
    for by_loops in (True, False):
        with cpu_kernels(by_loops):
            out = query_attention(entries, query, SETS, logs)
            results.append([out, *both_gradients(out.nan_to_num(), entries, query)])
    torch.testing.assert_close(*results, equal_nan=True)


@needs_loops
def test_weights_of_other_entries_are_refused():
    entries, query, logs = given()
    for wrong in (logs[:-1], logs.flatten(), logs.expand(-1, 2)):
        with pytest.raises(IndexError, match="weights"):
            query_attention(entries, query, SETS, wrong)


@needs_loops
def test_entries_of_other_sets_are_refused():
    entries, query, logs = given()
    for wrong in ((entries[:-1], query), (entries, query[:-1]), (entries[:, :3], query)):
        with pytest.raises(IndexError, match="entries"):
            query_attention(*wrong, SETS, logs[: len(wrong[0])])


@needs_loops
def test_loops_are_left_out_where_they_are_switched_off(monkeypatch):
    entries, query, logs = given()
    with cpu_kernels(False):
        off = query_attention(entries, query, SETS, logs)
    torch.testing.assert_close(query_attention(entries, query, SETS, logs), off)
    monkeypatch.setattr(module, "_compiled", None)  # would be called
    with cpu_kernels(False):
        assert torch.equal(query_attention(entries, query, SETS, logs), off)
