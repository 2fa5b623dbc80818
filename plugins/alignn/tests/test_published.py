"""Weights of alignn as runs: `matdata import-run alignn:FOLDER`."""

from __future__ import annotations

import json
from shutil import rmtree

import numpy as np
import pytest
import torch
from matdata_alignn import ALIGNN
from matdata_alignn.hypers import Hypers
from support.alignn_weights import (
    alignn_graphs,
    alignn_network,
    jarvis_atoms,
    without_ties,
    write_folder,
)
from support.aviary_weights import fill
from support.batches import batch_of
from support.crystals import asymmetric, few

import matdata as md
from matdata.plugin import Head, TrainError

HYPERS = Hypers(
    width=16, embedding=8, alignn_layers=1, gcn_layers=1, own_images="twice", max_neighbours=9
)


def network_of(hypers=HYPERS):
    """A network whose running statistics are those of some crystals."""
    from matdata_alignn.model import ALIGNNetwork

    network = fill(ALIGNNetwork(hypers, [Head("target", (1,))]))
    settings = ALIGNN(hypers).input_settings()["line-graph"]
    with torch.no_grad():
        for _ in range(30):
            network(batch_of(few(), "line-graph", **settings))
    return network.eval()


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "weights", network_of(), HYPERS)


def imported(folder, cache):
    return md.import_run(f"alignn:{folder}", "given", unit="eV/atom", cache=cache)


@pytest.mark.slow
def test_predictions_are_those_of_the_weights(folder, tmp_path):
    run = imported(folder, tmp_path)
    assert run.manifest["targets"][0]["name"] == "formation_energy_peratom"
    assert run.trainer.hypers == HYPERS
    assert run.elements == tuple(range(1, 101))
    found = md.predict(run, few())
    settings = run.trainer.input_settings()["line-graph"]
    assert settings["max_neighbours"] == 9
    with torch.no_grad():
        expected = network_of()(batch_of(few(), "line-graph", **settings))
    np.testing.assert_allclose(found.mean, expected, rtol=0, atol=1e-6)


@pytest.mark.slow
def test_predictions_are_those_of_alignn(folder, tmp_path):
    dgl = pytest.importorskip("dgl", reason="uv sync --group bench")
    for name in ("alignn", "jarvis"):
        pytest.importorskip(name, reason="uv sync --group bench")
    theirs = alignn_network(network_of(), HYPERS).eval()
    crystals = without_ties(asymmetric(20), HYPERS.max_neighbours).take(np.arange(4))
    atoms = [jarvis_atoms(crystals, row) for row in range(len(crystals))]
    graphs = [alignn_graphs(one, HYPERS.max_neighbours) for one in atoms]
    joined = [dgl.batch(list(part)) for part in zip(*graphs, strict=True)]
    with torch.no_grad():
        expected = theirs((*joined, torch.empty(len(crystals), 3, 3)))
    found = md.predict(imported(folder, tmp_path), crystals)
    np.testing.assert_allclose(found.mean[:, 0], expected, rtol=0, atol=1e-5)


def changed(folder, **values):
    config = json.loads((folder / "config.json").read_text())
    for name, value in values.items():
        (config["model"] if name in config["model"] else config)[name] = value
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"model": {"name": "alignn_atomwise"}}, "describes the model 'alignn_atomwise'"),
        ({"model": None}, "describes the model None"),
        ({"link": "log"}, "link is 'log'; only 'identity'"),
        ({"classification": True}, "classification is True"),
        ({"neighbor_strategy": "radius_graph"}, "neighbor_strategy is 'radius_graph'"),
        ({"max_neighbors": "many"}, "cannot be used"),
        ({"hidden_features": 32}, "tensor alignn_layers.0.edge_update.bn_edges.bias is [16]; "
                                  "config.json expects [32]"),
        ({"alignn_layers": 2}, "tensor alignn_layers.1.edge_update.bn_edges.bias is absent"),
        ({"gcn_layers": 0}, "tensor gcn_layers.0.bn_edges.bias is [16]; "
                            "config.json expects absent"),
        ({"edge_input_features": 40}, "centers is [80]; config.json expects [40]"),
    ],
)  # fmt: skip
def test_weights_of_another_architecture_are_refused(folder, tmp_path, values, text):
    changed(folder, **values)
    with pytest.raises(TrainError) as caught:
        imported(folder, tmp_path)
    assert text in caught.value.what


@pytest.mark.slow
def test_unknown_arguments_and_other_gaussians_are_refused(folder, tmp_path):
    config = json.loads((folder / "config.json").read_text())
    config["model"]["dropout"] = 0.1
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(TrainError, match="holds the unknown argument 'dropout' of ALIGNN"):
        imported(folder, tmp_path)
    del config["model"]["dropout"], config["model"]["gcn_layers"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(TrainError, match="lacks argument 'gcn_layers' of ALIGNN"):
        imported(folder, tmp_path)
    config["model"]["gcn_layers"] = 1
    (folder / "config.json").write_text(json.dumps(config))
    rmtree(folder)
    write_folder(folder, network_of(), HYPERS, longest=16.0)
    with pytest.raises(TrainError, match="is not 0 to 8 in even steps"):
        imported(folder, tmp_path)
