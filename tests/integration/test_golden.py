"""Artefacts of every format version ever written are still read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import matdata as md
from matdata.cli import main
from matdata.phases.reference import HullReference
from matdata.stability.reference import StoredReference
from matdata.store.config_file import read_config
from matdata.store.feature_catalogue import features
from matdata.store.formats import FORMATS
from matdata.training.arguments import TRAIN_OPTIONS

GOLDEN = sorted((Path(__file__).parents[1] / "golden").iterdir())


def _formats(golden):
    """Formats, with versions, of all records below a folder."""
    for path in golden.rglob("*.json"):
        stated = json.loads(path.read_text(encoding="utf-8")).get("format")
        if stated:
            yield stated["name"].removeprefix("matdata-"), stated["version"]
    saved = (golden / "files" / "snapshot.jsonl").read_text(encoding="utf-8")
    yield "saved-snapshot", json.loads(saved.splitlines()[0])["format"]
    config = (golden / "files" / "run.toml").read_text(encoding="utf-8")
    yield "config", int(config.partition("config-format = ")[2].split()[0])


def test_there_are_golden_artefacts_of_each_version_of_each_format():
    kept = {pair for golden in GOLDEN for pair in _formats(golden)}
    written = {(kind, n + 1) for kind, one in FORMATS.items() for n in range(one.version)}
    assert written <= kept, "run tools/make_golden.py"


@pytest.fixture(params=GOLDEN, ids=lambda folder: folder.name)
def golden(request):
    """A folder of artefacts of one time."""
    return request.param


@pytest.fixture
def cache(golden, tmp_path):
    """A copy of its cache."""
    copy = Path(shutil.copytree(golden, tmp_path / "cache"))
    shutil.rmtree(copy / "files")
    return copy


def test_old_artefacts_are_read(cache):
    assert main(["verify", "--cache", str(cache)]) == 0
    dataset = md.open("golden", cache)
    assert len(dataset) == 11
    assert dataset.ledger.reason.tolist() == ["higher_polymorph", "unreadable"]
    assert {part: len(ids) for part, ids in dataset.split().items()} == {
        "train": 8,
        "val": 2,
        "test": 1,
    }
    folders = [folder for folder in features(cache, dataset.ref) if folder.name.startswith("ofm")]
    assert len(folders) == 2
    now = md.compute("ofm", dataset.crystals)
    for folder in folders:
        feature = md.Feature(folder, dataset.ids, dataset.digest)
        np.testing.assert_allclose(feature.dense().values, now.values, rtol=1e-5, atol=1e-9)


def test_an_old_reference_is_read(cache):
    (folder,) = (cache / "references").iterdir()
    reference = StoredReference(folder)
    dataset = md.open("golden", cache)
    entries = reference.entries
    np.testing.assert_array_equal(entries.energies, dataset.table.energy_per_atom)
    hull = HullReference.build(entries.compositions, entries.energies)
    for name, array in hull.arrays().items():
        np.testing.assert_array_equal(reference.hull.arrays()[name], array)


def test_an_old_shared_folder_is_read(golden, tmp_path):
    pulled = md.import_(golden / "files" / "shared", cache=tmp_path / "other")
    assert [one.kind for one in pulled] == ["dataset", "split", "feature"]
    own, other = (md.open("golden", one) for one in (golden, tmp_path / "other"))
    np.testing.assert_array_equal(
        own.feature("fractions").dense(), other.feature("fractions").dense()
    )


def test_an_old_dataset_with_rows_without_a_structure_is_read(cache):
    dataset = md.open("mixed", cache)
    bare = dataset.ids[dataset.structures.missing].tolist()
    assert (len(dataset), len(bare)) == (6, 2)
    lattice, fractions = (dataset.feature(name) for name in ("lattice", "fractions"))
    assert sorted({*dataset.ids.tolist()} - {*lattice.ids.tolist()}) == sorted(bare)
    assert fractions.ids.tolist() == dataset.ids.tolist()
    now = md.compute("lattice", dataset.crystals)
    np.testing.assert_allclose(lattice.dense(), now.values, rtol=1e-6)
    kept = Path(dataset.manifest["made_from"]["snapshot"]).name
    again = md.build("mixed.csv", snapshot=kept, cache=cache, workers=1, split=None)
    assert again.digest == dataset.digest


def test_an_old_snapshot_builds_the_old_dataset(golden, cache, tmp_path):
    old = md.open("golden", cache)
    kept = Path(old.manifest["made_from"]["snapshot"]).name
    chosen = {"workers": 1, "split": None}
    again = md.build("golden.csv", snapshot=kept, cache=cache, **chosen)
    assert again.digest == old.digest
    saved = golden / "files" / "snapshot.jsonl"
    assert md.build(saved, cache=tmp_path / "other", **chosen).digest == old.digest


def test_an_old_run_predicts_and_its_options_are_read(golden, cache):
    run = md.open_run("golden", cache)
    predicted = md.predict(run, ["NaCl", "Fe2O3"])
    assert np.isfinite(predicted.mean).all()
    values = read_config(golden / "files" / "run.toml", TRAIN_OPTIONS)
    assert (values["plugin"], values["hyper"], values["name"]) == (
        "example",
        {"width": 2},
        "golden",
    )
    assert values["train"]["epochs"] == run.settings.epochs == 1
