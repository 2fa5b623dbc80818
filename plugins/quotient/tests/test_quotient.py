from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch
from matdata_quotient import Quotient
from matdata_quotient.batch import QuotientGraphBatch
from support.aviary_weights import fill
from support.batches import batch_of, schema_of
from support.crystals import few, many
from support.meta_device import runs_without_waiting
from support.networks import require_same_in_any_company, rewritten

from matdata.plugin import Crystals, featurizer

SPEC = "quotient-graph"
#: With the weights of `fill`, while training (batch statistics); version 1.
GOLDEN = [
    [-0.20971391, -0.11005153],
    [-0.10439558, -0.04916252],
    [-0.11709749, -0.14292279],
    [-0.12247891, -0.25830990],
]


@pytest.fixture
def network():
    return fill(Quotient().model(schema_of(SPEC)))


@pytest.fixture
def trained(network):
    """A network whose running statistics are those of some crystals."""
    for _ in range(50):
        predict(network, few())
    return network.eval()


def predict(network, crystals):
    with torch.no_grad():
        return network(batch_of(crystals, SPEC))


def all_sites(crystals):
    """A batch in which each site and each edge is one, with the rounded distances."""
    whole = batch_of(crystals, "graph", radius=0.0, max_neighbours=12)
    graph = whole["graph"]
    rounded = torch.round(graph.distance.double() * 4096) / 4096
    ones = torch.ones_like(graph.fields["sender"], dtype=torch.int32)
    fields = {
        "sender": graph.fields["sender"],
        "receiver": graph.fields["receiver"],
        "distance": rounded.float(),
        "count": ones,
        "numbers": graph.fields["numbers"],
        "multiplicity": torch.ones_like(graph.numbers, dtype=torch.int32),
    }
    segments = {"edge": graph.segments["edge"], "node": graph.segments["site"]}
    form = QuotientGraphBatch(featurizer(SPEC, {}), fields, segments, graph.size)
    return replace(whole, inputs={SPEC: form})


def test_golden_outputs(network):
    torch.testing.assert_close(predict(network, few()), torch.tensor(GOLDEN), rtol=0, atol=1e-5)


def test_parameter_count(network):
    assert sum(parameter.numel() for parameter in network.parameters()) == 130_178


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_classes_of_sites_give_what_all_sites_give(network, training):
    """Outputs, gradients and running statistics."""
    crystals = Crystals.concat([few(), many(12)])
    results = []
    for batch in (batch_of(crystals, SPEC), all_sites(crystals)):
        model = fill(Quotient().model(schema_of(SPEC)))
        model.train()(batch)  # statistics to evaluate with
        model.train(training).zero_grad()
        outputs = model(batch)
        outputs.square().sum().backward()
        gradients = {name: value.grad.clone() for name, value in model.named_parameters()}
        results.append((batch[SPEC], outputs, gradients, dict(model.named_buffers())))
    (form, outputs, gradients, statistics), (whole, expected, wanted, kept) = results
    assert form.nodes.total < whole.nodes.total
    assert len(form.distance) < len(whole.distance) / 2
    torch.testing.assert_close(outputs, expected, rtol=0, atol=2e-5)
    # normalisation takes biases before it away: their gradients are rounding alone
    scale = max(float(value.abs().max()) for value in wanted.values())
    for name, value in wanted.items():
        torch.testing.assert_close(gradients[name], value, rtol=0, atol=2e-5 * scale)
    for name, value in kept.items():
        torch.testing.assert_close(statistics[name], value, rtol=1e-4, atol=2e-5)


@pytest.mark.slow
def test_company_does_not_matter(trained):
    require_same_in_any_company(partial(predict, trained), few())


@pytest.mark.slow
@pytest.mark.parametrize("change", ["translated", "permuted", "supercell"])
def test_predictions_do_not_depend_on_how_a_crystal_is_written(trained, change):
    expected = predict(trained, few())
    outputs = predict(trained, rewritten(few(), change))
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-4)


def test_distances_and_elements_matter(trained):
    crystals = few()
    before = predict(trained, crystals)
    wider = replace(crystals, lattice=crystals.lattice * 1.03)
    heavier = replace(crystals, numbers=crystals.numbers + 1)
    for other in (wider, heavier):
        assert float((predict(trained, other) - before).abs().amax(1).min()) > 1e-4


def test_crystals_without_edges_have_one_prediction():
    model = fill(Quotient().model(schema_of(SPEC))).eval()
    settings = {"radius": 3.0, "max_neighbours": 0, "isolated": "keep"}
    apart = replace(few(), lattice=few().lattice * 4)
    with torch.no_grad():
        outputs = model(batch_of(apart, SPEC, **settings))
    assert len(outputs) == 4
    assert torch.isfinite(outputs).all()


def test_the_graph_is_that_of_the_hyperparameters():
    settings = Quotient(Quotient.Hypers(radius=5.0, max_neighbours=8)).input_settings()[SPEC]
    assert settings == {"radius": 5.0, "max_neighbours": 8, "isolated": "reject"}


def test_it_says_that_members_cannot_be_stacked():
    assert not Quotient.vmap


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_no_size_is_fetched_from_a_device(network, training):
    runs_without_waiting(network.train(training), batch_of(few(), SPEC))
