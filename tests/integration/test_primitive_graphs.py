"""Stored graphs of primitive cells: which of two is opened, failures in the ledger, loaders."""

from __future__ import annotations

import functools
import operator
from types import SimpleNamespace

import numpy as np
import pytest
from support.crystals import cubic, few

import matdata as md
from matdata.adapters.pymatgen import to_structure
from matdata.adapters.sites import to_crystals
from matdata.core.crystals import Crystals

NAMES = ["nacl", "sto", "cscl", "po"]
RADIUS = {"radius": 4.0, "max_neighbours": 0, "isolated": "keep"}
PRIMITIVE = {**RADIUS, "cell": "primitive"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Four crystals that everybody knows, and one in which two sites nearly share a place."""
    places = [[0, 0, 0], [0.015, 0, 0], [0.5, 0.5, 0.5], [0.515, 0.5, 0.5]]
    near = to_crystals(["near"], [cubic(6.0, [11, 11, 17, 17], places)])
    crystals = Crystals.concat([few(), near])
    table = {name: to_structure(crystals, row) for row, name in enumerate(crystals.ids.tolist())}
    made = md.build(
        table,
        name="few",
        cache=tmp_path_factory.mktemp("cache"),
        split=None,
        symmetry="none",
        min_distance=0.0,
        workers=1,
    )
    made.featurize("graph", set={"graph": RADIUS}, workers=1)
    made.featurize("graph", set={"graph": PRIMITIVE}, workers=1)
    made.featurize("ofm", workers=1)
    return made


def test_who_does_not_name_the_cell_means_the_given_one(dataset):
    made = dataset.feature("graph", **PRIMITIVE)
    given = dataset.feature("graph", **RADIUS)
    assert given.stored(NAMES)["numbers"].lengths.tolist() == [8, 5, 2, 1]
    assert made.stored(NAMES)["numbers"].lengths.tolist() == [2, 5, 2, 1]
    # built last, and no stored setting named
    assert len(dataset.feature("graph")) == len(made) == 4
    name = f"graph@{made.folder.name.rpartition('-')[2]}"
    assert len(dataset.feature(name, radius=4.0)) == 4
    with pytest.raises(md.MatdataError, match=r"cell=primitive|cell.*primitive"):
        dataset.feature("graph", radius=4.0, images="nearest", max_neighbours=0, cell="primitive")
    with pytest.raises(md.MatdataError, match=r"featurize \S+ graph --set graph.radius=4.5` comp"):
        dataset.feature("graph", radius=4.5)  # the command names no default of later settings


def test_a_search_that_fails_is_in_the_ledger(dataset):
    rejects = dataset.feature("graph", **PRIMITIVE).rejects()
    ((name, reason),) = [(one.material_id, one.reason) for one in rejects]
    assert (name, reason) == ("near", "no_symmetry")
    assert len(dataset.feature("graph", **RADIUS)) == 5


def test_sites_of_two_cells_are_no_batch(dataset):
    inputs = ["graph", "ofm"]
    with pytest.raises(md.MatdataError, match="sites of different cells") as found:
        dataset.loader(inputs=inputs, input_settings={"graph": PRIMITIVE}, batch_size=2)
    assert "cell=primitive" in str(found.value)
    loader = dataset.loader(inputs=inputs, input_settings={"graph": RADIUS}, batch_size=2)
    assert sum(len(batch.rows) for batch in loader) >= 4
    alone = dataset.loader(inputs=["graph"], input_settings={"graph": PRIMITIVE}, batch_size=4)
    (batch,) = alone
    assert np.asarray(batch["graph"].segments["site"].lengths).tolist() == [2, 2, 1, 5]  # by id


@pytest.mark.parametrize("budget", [{"batch_size": 2}, {"max_sites": 6}])
@pytest.mark.parametrize("order", [["graph", "ofm"], ["ofm", "graph"]])
def test_a_mean_over_the_sites_of_one_cell_stands_beside_sites_of_another(dataset, budget, order):
    settings = {"graph": PRIMITIVE, "ofm": {"level": "structure"}}
    loader = dataset.loader(inputs=order, input_settings=settings, **budget)
    dense = dataset.feature("ofm", level="structure").dense(NAMES)
    sites = dict(zip(NAMES, (2, 5, 2, 1), strict=True))
    seen = []
    for batch in loader:
        names = loader.ids[np.asarray(batch.rows)].tolist()
        expected = [dense[NAMES.index(name)] for name in names]
        np.testing.assert_allclose(batch["ofm"].values, expected, rtol=1e-5, atol=1e-7)
        lengths = np.asarray(batch["graph"].segments["site"].lengths).tolist()
        assert lengths == [sites[name] for name in names]
        assert "max_sites" not in budget or sum(lengths) <= 6
        seen.append(names)
    assert sorted(functools.reduce(operator.iadd, seen, [])) == sorted(NAMES)
    # of the cells as given, of which one has 8 sites, no budget of 6 could be kept
    settings["ofm"] = {"level": "site"}
    with pytest.raises(md.MatdataError, match="sites of different cells"):
        dataset.loader(inputs=order, input_settings=settings, batch_size=2)


def test_feature_maps_of_two_cells_are_not_compared(dataset, monkeypatch):
    from matdata.evaluation import interpret

    opened = {
        "old": {"graph": dataset.feature("graph", **RADIUS)},
        "new": {"graph": dataset.feature("graph", **PRIMITIVE)},
        "other": {"graph": dataset.feature("graph", **PRIMITIVE)},
    }
    runs = {name: SimpleNamespace(name=name, cache=None, dataset_ref="few") for name in opened}
    monkeypatch.setattr(interpret, "find_dataset", lambda cache, ref: None)
    monkeypatch.setattr(interpret, "features_of", lambda run, found: opened[run.name])
    interpret.require_same_sites([runs["new"], runs["other"]])
    with pytest.raises(md.MatdataError, match=r"in one comparison: graph of 'old'.*'new'"):
        interpret.require_same_sites(runs.values())
