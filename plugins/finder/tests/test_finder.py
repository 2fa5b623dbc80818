from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from matdata_finder.graphs import Graph, formula_graph
from matdata_finder.layers import AttentionPooling, MessageLayer
from matdata_finder.presets import Form
from support.crystals import few, known_cells, many
from support.models import (
    FORMULAS,
    assert_alone_as_in_company,
    assert_gradients,
    assert_learns,
    assert_starts_as_keras,
    build,
    parameters,
    predict,
    refill,
    stacked,
)

from matdata.plugin import ConfigError, Crystals, SavedModel, Segments, batch_of, trainer
from matdata.testing import invariance

WHOLE = [formula for formula in FORMULAS if "." not in formula]
SMALL = {"width": 10, "functions": (8, 6), "pool": 7, "filters": 3, "dense": (12, 10, 10, 6)}
WHOLE_CELLS = {"images": "all", "cell": "given"}
CASES = {"formula": WHOLE, "crystal": few()}


def by_atoms(graph: Graph) -> Graph:
    """One node an atom, as the paper draws it."""
    counts = graph.counts.to(torch.int64)
    atoms = Segments.of_lengths(graph.materials.sum(counts).tolist())
    first, second = atoms.pairs
    numbers = graph.numbers.repeat_interleave(counts)
    ones = torch.ones(len(numbers))
    return Graph(numbers, atoms, ones, first, second, torch.ones(len(first)), None)


def without_self(graph: Graph) -> Graph:
    """No edges from an atom to itself."""
    kept = graph.first != graph.second
    first, second = graph.first[kept], graph.second[kept]
    return dataclasses.replace(graph, first=first, second=second, weights=graph.weights[kept])


def test_parameters():
    def network(*sizes):
        return sum(a * b + b for a, b in itertools.pairwise(sizes))

    layer = network(400, 128, 64, 1) + network(201, 128, 64, 200) + 2 * network(200, 200)
    layer += 2 * 200 * 200  # key and W_int
    pool = network(200, 256) + 256 + network(200, 256, 200)
    maps = 64 * 200
    dense = network(maps, 512) + network(512 + 200, 1024) + network(1024 + 200, 1024)
    post = 64 * 3 + 64 + dense + network(1024 + maps, 256) + network(256, 2)
    assert parameters(build("finder")[1]) == 2 * layer + 2 * pool + post == 12_922_052


@pytest.mark.parametrize("graph", ["formula", "crystal"])
def test_weights_start_as_those_of_keras(graph):
    assert_starts_as_keras(build("finder", graph=graph)[1])


def test_one_node_an_element_gives_the_numbers_of_one_node_an_atom(monkeypatch):
    _, model = build("finder", **SMALL)
    batch = batch_of(["formula-graph"], WHOLE)
    graph = formula_graph(batch["formula-graph"])
    assert len(by_atoms(graph).first) > 5 * len(graph.first)
    few_nodes = model(batch)
    monkeypatch.setattr(type(model), "graph", lambda self, batch: by_atoms(graph))
    torch.testing.assert_close(few_nodes, model(batch), rtol=1e-4, atol=1e-6)


def test_without_self_edges_other_atoms_of_an_element_stay_neighbours(monkeypatch):
    _, model = build("finder", self_edges=False, **SMALL)
    batch = batch_of(["formula-graph"], WHOLE)
    found = model(batch)
    assert torch.isfinite(found).all()  # of Fe, too, whose one atom has no neighbour
    whole = by_atoms(formula_graph(batch["formula-graph"]))
    _, other = build("finder", **SMALL)
    assert (found - other(batch)).abs().max() > 1e-3
    monkeypatch.setattr(type(model), "graph", lambda self, batch: without_self(whole))
    torch.testing.assert_close(found, model(batch), rtol=1e-4, atol=1e-6)


def test_gates_of_no_size_bring_self_edges_back():
    _, model = build("finder", self_edges=False, **SMALL)
    batch = batch_of(["formula-graph"], ["NaCl", "Fe"])
    with torch.no_grad():
        for layer in model.layers:
            layer.query.weight.mul_(1e4)
    shares = model.layers[0].shares(model.table[model.graph(batch).numbers], model.graph(batch))
    graph = model.graph(batch)
    own = (graph.first == graph.second) & (graph.numbers[graph.first] != 26)
    assert (shares[own] == 0).all()
    assert torch.isfinite(shares).all()


@pytest.mark.parametrize("graph", ["formula", "crystal"])
def test_the_form_of_the_paper(graph):
    plugin, model = build("finder", preset="paper", graph=graph, **SMALL)
    loop = plugin.loop_defaults()
    assert (loop["schedule"], loop["gamma"], loop["epochs"]) == ("decay", 0.999, 1200)
    assert (loop["patience"], loop["batch_size"], loop["lr"]) == (300, 128, 3e-4)
    if graph == "crystal":
        assert plugin.input_settings()["graph"]["images"] == "nearest"
        assert plugin.input_settings()["graph"]["cell"] == "given"
    assert_gradients(plugin, model, CASES[graph])
    own = trainer("finder", {"preset": "paper", "cell": "primitive", "self_edges": "true"})
    assert own.hypers.form() == Form(clamp=10.0)
    assert trainer("finder").hypers.form() == Form()


def test_logarithms_of_deviations_are_clamped():
    plugin, model = build("finder", clamp=0.01, **SMALL)
    _, free = build("finder", **SMALL)
    found, expected = predict(plugin, model, WHOLE), predict(plugin, free, WHOLE)
    assert torch.equal(found[:, 0], expected[:, 0])
    assert torch.equal(found[:, 1], expected[:, 1].clamp(-0.01, 0.01))
    assert expected[:, 1].abs().max() > 0.01


def test_nearest_images_have_one_edge_a_pair():
    plugin, model = build("finder", graph="crystal", images="nearest", **SMALL)
    graph = model.graph(batch_of(plugin.inputs(), many(6), plugin.input_settings()))
    pairs = list(zip(graph.first.tolist(), graph.second.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs) > 0
    assert all(a != b for a, b in pairs)
    # a radius gives symmetric graphs
    assert {(b, a) for a, b in pairs} == set(pairs)


def test_a_layer_is_equations_2_to_7():
    torch.manual_seed(0)
    layer = MessageLayer(5, 4, (6, 3), 2, predicted=True, attention=True).double()
    nodes = torch.randn(3, 5, dtype=torch.float64)
    formula = Segments.of_lengths([3])
    first, second = formula.pairs
    ones = torch.ones(3, dtype=torch.float64)
    graph = Graph(torch.ones(3).long(), formula, ones, first, second, torch.ones(9).double(), None)

    def network(function, x):
        for part in (function.first, function.second):
            x = torch.relu(part(x))
        return function.last(x)

    expected = []
    for i in range(3):
        mean = torch.stack([(nodes[i] + nodes[k]) / 2 for k in range(3)]).mean(0)
        scores = [torch.exp(layer.query(nodes[i]) * layer.key(nodes[j]) / 4**0.5) for j in range(3)]
        messages = []
        for j in range(3):
            both = (nodes[i] + nodes[j]) / 2
            edge = network(layer.edges, torch.cat([both, mean]))
            share = scores[j] / sum(scores) * layer.value(nodes[j])
            messages.append(network(layer.message, torch.cat([both, edge])) * share)
        expected.append(layer.own(nodes[i]) + sum(messages) / 3)
    torch.testing.assert_close(layer(nodes, graph)[0], torch.stack(expected))


def test_pooling_without_attention_is_a_mean_over_atoms():
    graph = formula_graph(batch_of(["formula-graph"], WHOLE)["formula-graph"])
    pool, values = AttentionPooling(4, 5, attention=False), torch.randn(len(graph.numbers), 4)
    found = pool(values, graph)
    counts = graph.counts[:3, None]
    expected = (pool.message(values[:3]) * counts).sum(0) / counts.sum()
    torch.testing.assert_close(found[0], expected)


@pytest.mark.parametrize("graph", CASES)
@pytest.mark.parametrize(
    "change", [{}, {"post": False}, {"attention": False}, {"layers": 3}, {"preset": "paper"}]
)
def test_contract(graph, change):
    plugin, model = build("finder", graph=graph, **SMALL, **change)
    materials = CASES[graph]
    if graph == "crystal":
        together = predict(plugin, model, materials)
        for row in range(len(materials)):
            alone = predict(plugin, model, materials.take([row]))
            torch.testing.assert_close(alone[0], together[row], rtol=1e-4, atol=1e-5)
        assert together[:, 0].std() > 1e-4
    else:
        assert_alone_as_in_company(plugin, model, materials)
    assert_gradients(plugin, model, materials)


def test_ablations_of_table_3():
    for hypers in ({"table": "onehot"}, {"layers": 1}, {"pool_attention": False}):
        plugin, model = build("finder", **SMALL, **hypers)
        assert torch.isfinite(predict(plugin, model, WHOLE)).all()


@pytest.mark.parametrize("form", [{}, {"images": "all"}, WHOLE_CELLS], ids=str)
def test_crystals_may_be_moved_turned_shuffled_and_repeated(form):
    plugin, model = build("finder", graph="crystal", **form, **SMALL)
    crystals, rng = Crystals.concat([many(3), known_cells()]), np.random.default_rng(0)
    before = predict(plugin, model, crystals)
    doubled = invariance.supercell(crystals, (2, 1, 1))[0]
    for other in (
        invariance.translate(crystals, [0.13, 0.4, 0.77]),
        invariance.rotate(crystals, invariance.rotation_matrix(rng)),
        invariance.permute(crystals, rng)[0],
        doubled,
        invariance.supercell(crystals, (2, 2, 1))[0],
        invariance.unimodular(doubled, invariance.unimodular_matrix(rng)),
    ):
        torch.testing.assert_close(predict(plugin, model, other), before, rtol=1e-3, atol=1e-4)


def test_nearest_images_of_the_cell_as_given_depend_on_it():
    plugin, model = build("finder", graph="crystal", cell="given", **SMALL)
    crystals = many(6)
    before = predict(plugin, model, crystals)
    doubled = predict(plugin, model, invariance.supercell(crystals, (2, 1, 1))[0])
    assert (doubled - before).abs().max() > 1e-3


def test_one_site_has_no_edges_and_finite_numbers():
    faces = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    metals = Crystals.from_lists(
        ["copper", "silver"],
        np.eye(3) * np.array([3.61, 4.09])[:, None, None],
        [faces] * 2,
        [[29] * 4, [47] * 4],
    )
    plugin, model = build("finder", graph="crystal", **SMALL)
    graph = model.graph(batch_of(plugin.inputs(), metals, plugin.input_settings()))
    assert (graph.numbers.tolist(), len(graph.first)) == ([29, 47], 0)
    found = predict(plugin, model, metals)
    assert torch.isfinite(found).all()
    assert (found[0] - found[1]).abs().max() > 1e-4
    model.train()
    model(batch_of(plugin.inputs(), metals, plugin.input_settings())).square().sum().backward()
    gradients = [one.grad for one in model.parameters() if one.grad is not None]
    assert gradients
    assert all(torch.isfinite(one).all() for one in gradients)
    mixed = Crystals.concat([metals, few()])
    torch.testing.assert_close(predict(plugin, model, mixed)[:2], found, rtol=1e-4, atol=1e-5)


def test_runs_of_version_2_keep_their_graphs():
    plugin = type(trainer("finder"))
    weights = {"a": np.ones(3)}
    own = {"graph": "crystal"}
    cases = (  # stored hyperparameters, images
        (own, "all"),
        ({**own, "preset": "matdata", "images": None, "clamp": None}, "all"),
        ({**own, "preset": "matdata", "images": "nearest"}, "nearest"),
        ({**own, "preset": "paper", "images": None}, "nearest"),
        ({**own, "preset": "paper", "images": "all"}, "all"),
    )
    for hypers, images in cases:
        upgraded = plugin.upgrade(SavedModel(hypers, weights), "2")
        assert upgraded.state is weights
        graph = trainer("finder", dict(upgraded.hypers)).input_settings()["graph"]
        assert (graph["images"], graph["cell"]) == (images, "given")
        assert upgraded.hypers.items() >= {k: v for k, v in hypers.items() if v is not None}.items()
    assert plugin.upgrade(SavedModel(own, weights), "1") is None
    assert plugin.upgrade(SavedModel({**own, "preset": "none of it"}, weights), "2") is None
    new = trainer("finder", own).input_settings()["graph"]
    assert (new["images"], new["cell"]) == ("nearest", "primitive")


@pytest.mark.parametrize(
    ("hypers", "same"),
    [
        ({}, True),
        ({"preset": "paper"}, True),
        ({"graph": "formula", "preset": "matdata", "images": None}, True),
        ({"graph": "crystal"}, False),
        ({"graph": "crystal", "cutoff": 5.0, "images": "nearest"}, False),
        ({"graph": "crystal", "preset": "paper"}, True),
        ({"preset": "none of it"}, False),
        ({"of_another_version": 3}, False),
        ({"cutoff": -1.0}, False),
    ],
)
def test_version_3_changes_trainings_whose_graphs_it_changes(hypers, same):
    plugin = type(trainer("finder"))
    assert plugin.trains_like("2", hypers) is same
    assert not plugin.trains_like("1", hypers)


def test_sites_stay_sites():
    plugin, model = build("finder", graph="crystal", **WHOLE_CELLS, **SMALL)
    batch = batch_of(plugin.inputs(), few(), plugin.input_settings())
    graph = model.graph(batch)
    assert graph.numbers.tolist() == few().numbers.tolist()
    rows, offsets = model.feature_maps(batch)
    assert offsets.tolist() == few().offsets.tolist()
    oxygen = rows[int(offsets[1]) : int(offsets[2])][2:]
    torch.testing.assert_close(oxygen[0], oxygen[1], rtol=1e-4, atol=1e-5)
    assert (rows[int(offsets[1])] - rows[int(offsets[1]) + 1]).abs().max() > 1e-3


def test_an_isolated_site_has_finite_numbers():
    far = few().take([3])
    wide = dataclasses.replace(far, lattice=far.lattice * 3)
    plugin, model = build("finder", graph="crystal", **SMALL)
    assert torch.isfinite(predict(plugin, model, wide)).all()


def test_large_gates_give_no_nan():
    plugin, model = build("finder", **SMALL)
    with torch.no_grad():
        for layer, pool in zip(model.layers, model.pools, strict=True):
            layer.query.weight.mul_(1e4)
            pool.gate[0].weight.mul_(1e4)
    assert torch.isfinite(predict(plugin, model, WHOLE)).all()


def test_vectors():
    plugin, model = build("finder", outputs=30, size=30, **SMALL)
    assert predict(plugin, model, WHOLE).shape == (len(WHOLE), 30)


def test_edge_attribute_matrices():
    plugin, model = build("finder", **SMALL)
    batch = batch_of(plugin.inputs(), ["SrTiO3", "BaTiO3", "CsPbI3"])
    found = model.edge_matrices(batch)
    assert [tuple(matrix.shape) for _, _, matrix in found] == [(3, 3)] * 3
    numbers, counts, matrix = found[0]
    assert (numbers.tolist(), counts.tolist()) == ([8, 22, 38], [3, 1, 1])
    assert not torch.equal(matrix, matrix.T)
    assert not torch.equal(matrix, found[1][2])
    last = model.edge_matrices(batch, 2)
    for one, other in zip(found, last, strict=True):
        assert torch.equal(one[2], other[2])
    assert not torch.equal(model.edge_matrices(batch, 1)[0][2], matrix)


def test_edges_of_the_first_layer_are_equation_2():
    plugin, model = build("finder", **SMALL)
    batch = batch_of(plugin.inputs(), ["SrTiO3", "BaTiO3"])
    graph = formula_graph(batch["formula-graph"])
    edges = model.layers[0].edge_attributes(model.table[graph.numbers], graph)[:, 0]
    ends = torch.tensor([[0, 9], [9, 18]])
    for (low, high), (_, _, matrix) in zip(ends, model.edge_matrices(batch, 1), strict=True):
        torch.testing.assert_close(matrix.flatten(), edges[low:high])


def test_edges_that_are_not_predicted_are_reported():
    plugin, model = build("finder", graph="crystal", **SMALL)
    with pytest.raises(ConfigError, match="edges of graph=crystal are distances"):
        model.edge_matrices(batch_of(plugin.inputs(), few(), plugin.input_settings()))
    plugin, model = build("finder", **SMALL)
    with pytest.raises(ConfigError, match="no layer 3; the network has 2"):
        model.edge_matrices(batch_of(plugin.inputs(), ["SrTiO3"]), 3)


def test_embeddings_are_what_the_last_pooling_returns():
    plugin, model = build("finder", post=False, **SMALL)
    batch = batch_of(plugin.inputs(), WHOLE)
    torch.testing.assert_close(model.last(model.embeddings(batch)), model(batch))


@pytest.mark.parametrize("graph", CASES)
def test_members_stack(graph):
    built = [build("finder", seed=seed, graph=graph, **SMALL) for seed in range(2)]
    models = [model for _, model in built]
    found = stacked(built[0][0], models, CASES[graph])
    expected = torch.stack([predict(built[0][0], model, CASES[graph]) for model in models])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("graph", CASES)
def test_golden_forward_pass(graph):
    # made by this network with the weights of support.models.refill, float32, CPU
    plugin, model = build("finder", graph=graph, **WHOLE_CELLS, **SMALL)
    refill(model)
    found = predict(plugin, model, CASES[graph])[:3]
    torch.testing.assert_close(found, torch.tensor(GOLDEN[graph]), rtol=1e-3, atol=1e-5)


GOLDEN = {
    "formula": [[0.15756, 0.267888], [0.140471, 0.246163], [0.157429, 0.27211]],
    "crystal": [[0.162119, 0.276251], [0.158967, 0.270373], [0.167446, 0.281612]],
}


def test_hypers_are_checked():
    with pytest.raises(ConfigError, match="two and four"):
        trainer("finder", {"dense": "64"})


@pytest.mark.parametrize("graph", CASES)
@pytest.mark.slow
def test_it_learns(graph):
    # wide enough that no two materials end in units that are off
    wide = {"width": 24, "functions": (16, 12), "pool": 16, "filters": 4, "dense": (64,) * 4}
    assert_learns(*build("finder", graph=graph, **wide), CASES[graph], steps=200)
