"""Network and graphs of the package alignn 2026.8, on DGL 1.1: ``uv sync --group bench``."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from matdata_alignn import ALIGNN
from matdata_alignn.hypers import Hypers
from support.alignn_weights import (
    alignn_graphs,
    alignn_network,
    dgl_graphs,
    jarvis_atoms,
    without_ties,
)
from support.aviary_weights import fill
from support.batches import batch_of, schema_of
from support.crystals import asymmetric, few, many

from matdata.plugin import Crystals, element_vectors, featurizer

pytestmark = pytest.mark.slow

SIZES = [
    {"width": 32, "embedding": 16, "alignn_layers": 2, "gcn_layers": 2},
    {"width": 24, "gcn_layers": 0, "alignn_layers": 1, "distances": 20, "angles": 8},
    {},
]


os.environ.setdefault("DGLBACKEND", "pytorch")  # or DGL writes a file to the home folder
dgl = pytest.importorskip("dgl", reason="uv sync --group bench")
pytest.importorskip("alignn", reason="uv sync --group bench")


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("sizes", SIZES, ids=["small", "uneven", "paper"])
def test_outputs_equal_alignn(sizes, turned):
    torch.manual_seed(0)
    hypers = Hypers(**sizes)
    ours = ALIGNN(hypers).model(schema_of("line-graph", robust=False))
    if sizes:  # weights of the paper's sizes stay as they are drawn
        fill(ours)
    theirs = alignn_network(ours, hypers)
    batch = batch_of(Crystals.concat([few(), many(4)]), "line-graph")

    def compare():
        with torch.no_grad():
            expected = theirs(dgl_graphs(batch["line-graph"], turned))
            actual = ours(batch)[:, 0]
        torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)
        assert float(expected.std()) > 1e-3

    for _ in range(3):  # running statistics follow
        compare()
    ours.eval(), theirs.eval()
    compare()


def test_gradients_equal_those_of_alignn():
    hypers = Hypers(**SIZES[0])
    ours = fill(ALIGNN(hypers).model(schema_of("line-graph", robust=False)))
    theirs = alignn_network(ours, hypers)
    batch = batch_of(few(), "line-graph")
    ours(batch).square().sum().backward()
    theirs(dgl_graphs(batch["line-graph"])).square().sum().backward()
    pairs = [
        (ours.layers[0].of_edges.edge, theirs.alignn_layers[0].edge_update.edge_gate),
        (ours.angle.layers[0].linear, theirs.angle_embedding[1].layer[0]),
        (ours.distance.layers[1].linear, theirs.edge_embedding[2].layer[0]),
        (ours.atom.linear, theirs.atom_embedding.layer[0]),
        (ours.heads.heads[0], theirs.fc),
    ]
    for own, other in pairs:
        scale = float(other.weight.grad.abs().max())
        assert scale > 0
        torch.testing.assert_close(
            own.weight.grad, other.weight.grad, rtol=0, atol=5e-5 * scale + 1e-6
        )


def test_graphs_equal_those_of_alignn():
    """But for edges between a site and its own images, which alignn lists twice."""
    pytest.importorskip("jarvis", reason="uv sync --group bench")
    crystals = without_ties(asymmetric(20))
    assert len(crystals) > 4
    settings = ALIGNN().input_settings()["line-graph"]
    fields = featurizer("line-graph", settings).featurize(crystals).fields
    twice = 0
    for row in range(len(crystals)):
        graph, _ = alignn_graphs(jarvis_atoms(crystals, row))
        out, into = (end.numpy() for end in graph.edges())
        theirs = sorted_edges(out, into, graph.edata["r"].norm(dim=1).numpy())
        own = theirs[:, 0] == theirs[:, 1]
        twice += own.sum()
        ours = sorted_edges(*(fields[name][row] for name in ("sender", "receiver", "distance")))
        single = np.concatenate([theirs[~own], theirs[own][::2]])
        np.testing.assert_allclose(ours, sorted_edges(*single.T), rtol=0, atol=1e-5)
    assert twice


def sorted_edges(sender, receiver, distance):
    """Edges as rows, sorted."""
    rows = np.stack([np.asarray(part, dtype=float) for part in (sender, receiver, distance)], 1)
    return rows[np.lexsort(rows.T[::-1])]


@pytest.mark.parametrize("own_images", ["twice", "once"])
def test_outputs_on_the_graphs_of_alignn(own_images):
    pytest.importorskip("jarvis", reason="uv sync --group bench")
    hypers = Hypers(**SIZES[0], own_images=own_images)
    ours = fill(ALIGNN(hypers).model(schema_of("line-graph", robust=False)))
    theirs = alignn_network(ours, hypers)
    crystals = without_ties(asymmetric(20)).take(np.arange(4))
    graphs = [alignn_graphs(jarvis_atoms(crystals, row)) for row in range(len(crystals))]
    joined = [dgl.batch(list(part)) for part in zip(*graphs, strict=True)]
    batch = batch_of(crystals, "line-graph")
    with torch.no_grad():  # statistics of the batch count edges as they are there
        expected = theirs((*joined, torch.empty(len(crystals), 3, 3)))
        difference = float((ours(batch)[:, 0] - expected).abs().max())
    assert difference < 1e-5 if own_images == "twice" else difference > 1e-3


def test_atom_features_equal_those_of_alignn():
    specie = pytest.importorskip("jarvis.core.specie", reason="uv sync --group bench")
    table = element_vectors("cgcnn92")
    for number, symbol in ((1, "H"), (26, "Fe"), (57, "La"), (94, "Pu")):
        expected = specie.get_node_attributes(symbol, atom_features="cgcnn")
        assert table[number].tolist() == list(map(float, expected))
