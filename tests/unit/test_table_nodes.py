"""Nodes as rows of tables: products, gradients, threads and stacks equal those of the nodes."""

from __future__ import annotations

import pytest
import torch

from matdata.nn import ElementEmbedding, PositionEmbedding, Segments, SetMessages, TableNodes
from matdata.nn.table_nodes import summed

WIDTHS, ROWS, NODES = (3, 2), (4, 6), 150


def drawn(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def places_of(count: int = NODES) -> list[torch.Tensor]:
    return [(torch.arange(count) * 7 + 1) % rows for rows in ROWS]


def parts_of(count: int = NODES, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    """Two tables, numbers, a direction."""
    tables = [
        drawn(*shape, seed=k, dtype=dtype) for k, shape in enumerate(zip(ROWS, WIDTHS, strict=True))
    ]
    numbers, direction = drawn(count, seed=5, dtype=dtype), drawn(sum(WIDTHS), seed=6, dtype=dtype)
    return [one.requires_grad_() for one in (*tables, numbers, direction)]


def nodes_of(one, other, numbers, direction) -> TableNodes:
    return TableNodes([one, other], places_of(len(numbers)), numbers, direction)


def test_products_of_tables_equal_those_of_the_nodes():
    parts, weight = parts_of(), drawn(700, sum(WIDTHS), seed=8).requires_grad_()
    nodes = nodes_of(*parts)
    found, expected = nodes.linear(weight), nodes.dense @ weight.T
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    towards = drawn(*found.shape, seed=9)
    ours = torch.autograd.grad((found * towards).sum(), [*parts, weight])
    theirs = torch.autograd.grad((expected * towards).sum(), [*parts, weight])
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


def test_gradients_are_those_of_differences():
    parts, weight = parts_of(7), drawn(4, sum(WIDTHS), seed=8).requires_grad_()
    torch.autograd.gradcheck(lambda w, *p: nodes_of(*p).linear(w), [weight, *parts])


def test_float32_sums_over_many_nodes_stay_near_those_in_float64():
    table, numbers, places = drawn(4, 5), drawn(20_000, seed=1).abs(), torch.arange(20_000) % 4
    found = []
    for dtype in (torch.float32, torch.float64):
        direction = drawn(5, seed=2).to(dtype).requires_grad_()
        out = summed([table.to(dtype)], [places], numbers.to(dtype), direction)
        found.append(torch.autograd.grad(out.sum(), direction)[0].double())
    torch.testing.assert_close(*found, rtol=1e-6, atol=0)


def test_bits_do_not_depend_on_the_number_of_threads(monkeypatch):
    monkeypatch.setattr("matdata.nn.cpu.openmp.WORTH_A_THREAD", 1)
    tables = [drawn(rows, 700, seed=k, dtype=torch.float32) for k, rows in enumerate(ROWS)]
    inputs = [one.requires_grad_() for one in (*tables, drawn(700, dtype=torch.float32))]
    numbers, towards = drawn(NODES, dtype=torch.float32), drawn(NODES, 700, dtype=torch.float32)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            out = summed(inputs[:2], places_of(), numbers, inputs[2])
            found.append([out, *torch.autograd.grad((out * towards).sum(), inputs)])
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)


def test_messages_on_rows_of_tables_are_those_on_the_nodes(monkeypatch):
    sets = Segments.of_lengths([3, 1, 4])
    nodes, layer, weights = nodes_of(*parts_of(8, torch.float32)), SetMessages(5, 2, 5, 7), drawn(8)
    weights = weights.abs().float()
    found, expected = layer(nodes, weights, sets), layer(nodes.dense, weights, sets)
    torch.testing.assert_close(found, expected)
    monkeypatch.setenv("MATDATA_CPU_KERNELS", "0")
    torch.testing.assert_close(layer(nodes, weights, sets), expected)


def test_messages_map_over_stacked_tables_and_weights():
    sets, weights = Segments.of_lengths([3, 1, 4]), torch.rand(8) + 0.1
    members = [SetMessages(5, 2, 5, 7) for _ in range(3)]
    stacked, _ = torch.func.stack_module_state(members)
    tables = drawn(3, ROWS[0], 3, seed=3, dtype=torch.float32).requires_grad_()
    _, other, numbers, direction = (one.detach() for one in parts_of(8, torch.float32))

    def of(parameters, table):
        nodes = nodes_of(table, other, numbers, direction)
        return torch.func.functional_call(members[0], parameters, (nodes, weights, sets)).square()

    torch.func.vmap(of)(stacked, tables).sum().backward()
    for number, member in enumerate(members):
        table = tables.detach()[number].requires_grad_()
        own = member(nodes_of(table, other, numbers, direction).dense, weights, sets).square()
        own.sum().backward()
        torch.testing.assert_close(tables.grad[number], table.grad, rtol=1e-4, atol=1e-5)
        for name, parameter in member.named_parameters():
            found = stacked[name].grad[number]
            torch.testing.assert_close(found, parameter.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_compiled_networks_take_the_nodes_themselves():
    sets, weights = Segments.of_lengths([3, 1, 4]), torch.rand(8) + 0.1
    layer, parts = SetMessages(5, 2, 5, 7), parts_of(8, torch.float32)

    def of(*given):
        return layer(nodes_of(*given), weights, sets)

    torch._dynamo.reset()
    found = torch.compile(of, backend="aot_eager")(*parts)
    torch.testing.assert_close(found, of(*parts))


def test_places_beside_a_table_are_refused():
    table, numbers, direction = drawn(2, 3), drawn(2), drawn(3)
    for place in (torch.tensor([0, 2]), torch.tensor([-1, 0])):
        with pytest.raises(IndexError, match="in a table of 2 rows"):
            summed([table], [place], numbers, direction)
    with pytest.raises(IndexError, match="2 nodes and places of"):
        summed([table], [torch.tensor([0])], numbers, direction)


def test_second_derivatives_are_refused():
    parts, weight = parts_of(7), drawn(4, sum(WIDTHS), seed=8)
    out = nodes_of(*parts).linear(weight).square().sum()
    (first,) = torch.autograd.grad(out, parts[:1], create_graph=True)
    with pytest.raises(NotImplementedError, match="first derivatives only"):
        first.square().sum().backward()


def test_embeddings_give_their_distinct_rows():
    numbers, positions = torch.tensor([8, 3, 8, 26]), torch.tensor([1700, 4, 4, 1700])
    elements, orbits, shares = ElementEmbedding("matscholar", 5), PositionEmbedding(4), drawn(4)
    table, place = elements.rows(numbers)
    assert len(table) == 3
    torch.testing.assert_close(table[place], elements(numbers))
    table, place = orbits.rows(positions)
    assert len(table) == 2
    found = table[place] + shares.float()[:, None] * orbits.of_shares
    torch.testing.assert_close(found, orbits(positions, shares.float()))
