"""Trainings whose batches are limited by sites and edges."""

from __future__ import annotations

import numpy as np
import pytest
from matdata_cgcnn import CGCNN

import matdata as md
from matdata import api
from matdata.building.feature_stage import add_features
from matdata.building.options import BuildOptions
from matdata.training import fit_networks

TARGET = "ewald_energy_per_atom"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    cache = tmp_path_factory.mktemp("budget")
    made = api.build("sample:60", cache=cache, workers=1, name="s")
    for spec in CGCNN().inputs():
        chosen = {k: dict(v) for k, v in CGCNN().input_settings().items() if k == spec}
        options = BuildOptions(features=(spec,), feature_settings=chosen, workers=1)
        add_features(made, cache, options)
    made.split("60/20/20", name="main")
    return made


def trained(dataset, name, **settings):
    chosen = {"epochs": 2, "threads": 1, "tensorboard": False, **settings}
    hypers = {"width": 8, "layers": 1, "hidden": 8}
    cache = dataset.cache
    return md.train(
        "cgcnn",
        dataset,
        TARGET,
        split="main",
        name=name,
        cache=cache,
        hyper=hypers,
        quiet=True,
        train=chosen,
    )


def largest(dataset):
    lengths = dataset.feature("graph").arrays.lengths
    return int(lengths("edge").max()), int(lengths("site").max())


@pytest.mark.slow
def test_batches_keep_to_a_budget_of_edges(dataset, monkeypatch):
    edges, sites = largest(dataset)
    most, sizes = 2 * edges, []
    plain = fit_networks.loader_for

    def watched(*arguments, **more):
        loader = plain(*arguments, **more)
        kept = loader.batch_rows()
        lengths = dataset.feature("graph").arrays.lengths("edge")
        rows = np.array([dataset.row(name) for name in loader.ids.tolist()])
        sizes.extend(int(lengths[rows[batch]].sum()) for batch in kept)
        return loader

    monkeypatch.setattr(fit_networks, "loader_for", watched)
    run = trained(dataset, "edges", max_edges=most, max_sites=100 * sites)
    assert run.finished
    assert len(sizes) > 2
    assert max(sizes) <= most
    assert run.manifest["identity"]["settings"]["max_edges"] == most
    plainly = md.predict(run, dataset, batch_size=7)
    np.testing.assert_allclose(md.predict(run, dataset).mean, plainly.mean, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_what_is_larger_than_the_budget_is_named_in_training_and_predicted(dataset):
    split, rows = dataset.split("main"), dataset.feature("graph").arrays.lengths("edge")
    seen = [rows[dataset.row(name)] for part in ("train", "val") for name in split[part]]
    edges = int(max(seen))
    with pytest.raises(md.ConfigError, match=f"max_edges={edges}"):
        trained(dataset, "small", max_edges=edges - 1)
    run = trained(dataset, "enough", max_edges=edges)
    small = int(rows.min())
    assert len(md.predict(run, dataset, max_edges=small)) == len(dataset)


def test_a_budget_takes_the_place_of_batch_size(dataset):
    with pytest.raises(md.ConfigError, match="max_sites takes the place of batch_size"):
        trained(dataset, "both", max_sites=500, batch_size=8)
