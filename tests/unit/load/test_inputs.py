"""Each input expands to the dense form of its featurizer, on the same rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from matdata.core.console import SILENT
from matdata.core.crystals import Ragged
from matdata.core.executors import Workers
from matdata.features import FEATURIZERS
from matdata.features.base import Block, Featurizer, Field
from matdata.features.building.jobs import Job
from matdata.features.building.runner import run
from matdata.features.feature import Feature, values_and_offsets
from matdata.load.inputs.dense import DenseBatch
from matdata.load.loader import make_loader

CASES = [
    ("column:gap", {}),
    ("composition-set", {}),
    ("edm", {}),
    ("element:mat2vec", {}),
    ("formula-graph", {}),
    ("fractions", {}),
    ("graph", {}),
    ("graph", {"basis": "cgcnn"}),
    ("graph", {"basis": "megnet"}),
    ("lattice", {}),
    ("line-graph", {}),
    ("magpie", {}),
    ("ofm", {}),
    ("ofm", {"level": "structure"}),
    ("reaction", {}),
    ("space-group", {}),
    ("voronoi-facets", {}),
    ("wyckoff", {}),
    ("wyckoff", {"labellings": "all"}),
]
ids_of = [f"{spec}-{'-'.join(s.values())}" for spec, s in CASES]


def test_every_feature_is_here_or_dense():
    here = {spec.partition(":")[0] for spec, _ in CASES}
    for name in FEATURIZERS._builtin:
        # the first two are plain arrays, the third needs a run: `test_embed.py`
        dense = ("matminer", "voronoi", "embedding")
        assert name in here or name in dense, f"add {name} to CASES"


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "settings"), CASES, ids=ids_of)
@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_dense_equals_the_featurizer(toy, spec, settings, device):
    options = {"input_settings": {spec: settings}, "device": device}
    loader = make_loader(toy, None, [spec], batch_size=17, shuffle=True, seed=3, **options)
    feature = toy.feature(spec, **settings)
    seen = 0
    for batch in loader:
        expected, _ = values_and_offsets(feature.dense(batch.ids))
        got = batch[spec].dense()
        got = got.values if isinstance(got, Ragged) else np.asarray(got)
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=2e-6, atol=1e-6)
        seen += len(batch)
    assert seen == len(loader.ids) == len(feature)


@pytest.mark.slow
def test_graph_indices_owners_and_positions(toy):
    loader = make_loader(toy, None, ["graph"], batch_size=13, shuffle=True)
    for batch in loader:
        graph, site, edge = batch["graph"], 0, 0
        for k, name in enumerate(batch.ids):
            stored = toy.feature("graph").stored([name])
            sites, edges = len(stored["numbers"].values), len(stored["sender"].values)
            part, of_site = slice(edge, edge + edges), slice(site, site + sites)
            assert graph.numbers[of_site].tolist() == stored["numbers"].values.tolist()
            assert (graph.sender[part] - site).tolist() == stored["sender"].values.tolist()
            assert (graph.receiver[part] - site).tolist() == stored["receiver"].values.tolist()
            assert graph.image[part].tolist() == stored["image"].values.tolist()
            assert set(graph.crystal[of_site].tolist()) == {k}
            assert set(graph.edge_crystal[part].tolist()) == {k}
            np.testing.assert_array_equal(graph.fields["metric"][k], stored["metric"][0])
            site, edge = site + sites, edge + edges
        assert site == graph.segments["site"].total == len(graph.numbers)


@pytest.mark.parametrize("spec", ["composition-set", "formula-graph", "wyckoff"])
def test_pairs_are_all_pairs_of_one_material(toy, spec):
    loader = make_loader(toy, None, [spec], batch_size=9)
    for batch in loader:
        held = batch[spec]
        first, second = (part.tolist() for part in held.pairs)
        owner = (held.labelling if spec == "wyckoff" else held.crystal).tolist()
        wanted = [
            (i, j) for i in range(len(owner)) for j in range(len(owner)) if owner[i] == owner[j]
        ]
        assert list(zip(first, second, strict=True)) == wanted


def test_wyckoff_weights_sum_to_one_in_each_labelling(toy):
    (batch,) = make_loader(toy, None, ["wyckoff"], batch_size=60)
    held = batch["wyckoff"]
    sums = torch.zeros(len(held.crystal)).index_add(0, held.labelling, held.weights)
    torch.testing.assert_close(sums, torch.ones_like(sums))
    assert len(held.crystal) > len(batch)  # some have several labellings


class _Mine(Featurizer):
    """A featurizer of a plugin: two ragged rows and a number a material."""

    name, version, citation = "mine", "1", "none"
    requires = frozenset({"structure"})

    @property
    def fields(self):
        return (Field("x", "site", (2,), "float64", "1", "some"),)

    def featurize(self, batch):
        values = np.stack([batch.numbers, -1.0 * batch.numbers], 1)
        return Block(np.arange(len(batch)), {"x": Ragged(values, batch.offsets)})

    def dense(self, fields):
        return fields["x"]

    def labels(self):
        return ["a", "b"]


def test_a_featurizer_of_a_plugin_goes_through_dense(toy, tmp_path, monkeypatch):
    monkeypatch.setattr("matdata.features.feature.featurizer", lambda name, settings: _Mine())
    job = Job(_Mine(), toy, tmp_path, "hdf5", shard_rows=4)
    folder = run(job, SILENT, Workers(1)).folder
    monkeypatch.setattr(toy, "feature", lambda spec: Feature(folder, toy.ids, toy.digest))
    (batch,) = make_loader(toy, toy.ids[:7], ["mine"])
    held, crystals = batch["mine"], toy.crystals.take(slice(0, 7))
    assert type(held) is DenseBatch
    assert held.values.dtype == torch.float32
    assert held.values[:, 0].tolist() == crystals.numbers.tolist()
    assert held.segments["row"].owner.tolist() == crystals.site_crystal.tolist()


def test_rows_are_positions_of_ids(toy):
    asked = toy.ids[[9, 3, 30]]
    loader = make_loader(toy, asked, ["lattice"])
    assert loader.ids.tolist() == sorted(asked.tolist())
    (batch,) = loader
    assert batch.targets.shape == (3, 0)
    np.testing.assert_array_equal(batch.rows, [0, 1, 2])
