"""Columns of the table as inputs: built, loaded, learnt from, and never the target itself."""

from __future__ import annotations

import csv
import json
import re

import matdata_baselines
import numpy as np
import pytest
from support.runs import train

import matdata as md
from matdata.cli import main
from matdata.core.console import SILENT
from matdata.core.executors import Workers
from matdata.features import featurizer
from matdata.features.building.jobs import Job
from matdata.features.building.runner import run

COUNT = 40


def _rows():
    for number in range(COUNT):
        yield {
            "material_id": f"m{number:02}",
            "formula": f"{('Li', 'Na', 'K', 'Rb')[number % 4]}Cl{1 + number // 4}",
            "temperature": "" if number == 7 else 300 + 10 * number,
            "is_film": number % 2 == 0,
            "note": f"batch {number % 3}",
            "T [K]/max": 0.5 * number,
            "conductivity": 3.0 * (300 + 10 * number),
        }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("columns")
    rows = list(_rows())
    with (folder / "c.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    dataset = md.build(
        folder / "c.csv",
        features=["fractions", "column:temperature", "column:is_film"],
        cache=folder / "cache",
        name="c",
        split="60/20/20",
        dedupe="none",
        workers=1,
    )
    return dataset


def test_a_column_is_a_feature_with_missing_cells_in_the_ledger(made):
    feature = made.feature("column:temperature")
    assert len(feature) == COUNT - 1
    assert feature.dense().dtype == np.float64
    assert feature.dense().shape == (COUNT - 1, 1)
    assert feature["m03"].tolist() == [330.0]
    assert list(feature.labels) == ["temperature"]
    (reject,) = feature.rejects()
    assert (reject.material_id, reject.reason) == ("m07", "missing_value")
    assert made.feature("column:is_film").dense(["m00", "m01"]).tolist() == [[1.0], [0.0]]


def test_any_name_of_a_column_is_featurized_through_the_command_line(made, capsys):
    cache = made.cache
    arguments = ["featurize", "c", "column:T [K]/max", "--cache", str(cache), "--json"]
    assert main(arguments) == 0
    capsys.readouterr()
    folder = made.feature("column:T [K]/max").folder
    assert folder.parent == cache / "features" / made.ref
    assert made.feature("column:T [K]/max")["m04"].tolist() == [2.0]
    assert main(["verify", "--cache", str(cache), "--quiet"]) == 0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("column:temp", "has no column 'temp'.*did you mean 'temperature'"),
        ("column:note", "column 'note' holds text, for example 'batch"),
        ("column", "none is named"),
        ("column:a@b", "cannot be an input: @"),
    ],
)
def test_what_is_no_input_is_refused(made, capsys, spec, message):

    assert main(["featurize", "c", spec, "--cache", str(made.cache), "--quiet"]) == 1
    assert re.search(message, capsys.readouterr().err)


def test_structures_and_formulas_in_memory_have_no_columns():
    with pytest.raises(md.FeatureError, match="column of a dataset's table"):
        md.compute("column:temperature", ["NaCl"])


def test_the_unit_is_that_of_the_table(made, tmp_path):
    units = {"temperature": "K"}
    asked = featurizer("column:temperature").for_units(units)
    assert list(asked.units()) == ["K"]
    with pytest.raises(md.FeatureError, match="is in K, and C was asked for"):
        featurizer("column:temperature", {"unit": "C"}).for_units(units)
    folder = run(Job(asked, made, tmp_path, "hdf5"), SILENT, Workers(1)).folder
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["fields"][0]["unit"] == "K"
    assert manifest["settings"] == {"variant": "temperature", "unit": "K"}
    assert manifest["rejected"] == {"missing_value": 1}


def test_loaders_hold_columns_beside_other_inputs(made):
    inputs = ["fractions", "column:temperature"]
    loader = made.loader(inputs=inputs, target="conductivity", batch_size=100)
    (batch,) = loader
    values = np.asarray(batch["column:temperature"].dense())
    assert values.shape == (COUNT - 1, 1)
    np.testing.assert_allclose(values[:, 0] * 3, np.asarray(batch.targets)[:, 0], rtol=1e-6)


@pytest.fixture
def forest(monkeypatch):
    """A forest that reads the temperature."""
    monkeypatch.setattr(matdata_baselines.MagpieForest, "feature", "column:temperature")


@pytest.mark.slow
def test_a_model_learns_from_a_column_and_predicts_where_there_is_one(made, forest, capsys):
    cache = made.cache
    (split,) = made.split_names()
    given = {"split": split, "dataset": "c", "plugin": "rf-magpie"}
    assert train(cache, target="conductivity", **given) == 0
    note = "the input 'column:temperature' is proportional to the target 'conductivity' in all rows"
    assert any(line.startswith(note) for line in md.open_run("a", cache).manifest["notes"])
    assert main(["evaluate", "a", "--cache", str(cache), "--json", "--no-pictures"]) == 0
    scored = json.loads(capsys.readouterr().out)["targets"]["conductivity"]
    assert scored["metrics"]["mae"] < scored["baselines"]["dummy_median"]["mae"] / 3
    run = md.open_run("a", cache)
    with pytest.raises(md.FeatureError, match="column of a dataset's table"):
        md.predict(run, ["NaCl"])
    with pytest.warns(md.MatdataWarning, match="missing_value"):
        found = md.predict(run, made)
    assert [(r.material_id, r.reason) for r in found.rejects] == [("m07", "missing_value")]


@pytest.mark.parametrize("target", ["temperature", "log10(temperature) * 2", "temperature > 400"])
def test_a_target_is_not_its_own_input(made, forest, capsys, target):
    (split,) = made.split_names()
    given = {"split": split, "dataset": "c", "plugin": "rf-magpie", "name": "leak"}
    assert train(made.cache, target=target, **given) == 1
    assert "is what the target" in capsys.readouterr().err
    assert not (made.cache / "runs" / "leak").exists()
