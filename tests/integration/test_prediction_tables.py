"""Tables of predictions, from `predict` and `evaluate`: names, units, formats, pictures."""

from __future__ import annotations

import csv
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import matdata as md
from matdata.cli import main
from matdata.training.prediction_columns import PredictionColumn, Statistic

pytestmark = pytest.mark.slow

TARGETS = ("gap", "gap_mean", "density", "density_of_states", "α", "β", "K (GPa)", "K [GPa]")
ELEMENTS = ("Li", "Na", "K", "Mg", "Ca", "Sr", "Al", "Ga", "In", "Ti")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cache with the dataset `t` and the run `a` of a forest on all targets, evaluated."""
    home = tmp_path_factory.mktemp("tables")
    formulas = [f"{element}{other}" for element in ELEMENTS for other in "OSFN"]
    with (home / "t.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["material_id", "formula", *TARGETS, "stable"])
        for row, formula in enumerate(formulas):
            numbers = [1000 * k + row for k in range(len(TARGETS))]
            writer.writerow([f"m{row:02}", formula, *numbers, row % 2])
    target = (*TARGETS, "stable")
    made = md.build(home / "t.csv", features="fractions", cache=home, name="t", split=None,
                    dedupe="none", workers=1, target=target)  # fmt: skip
    made.split("60/20/20", name="main")
    named = [word for target in TARGETS for word in ("--target", target)]
    assert train(home, *named) == 0
    assert main(["evaluate", "a", "--cache", str(home), "--quiet"]) == 0
    return home


def train(cache, *more, name="a"):
    command = ["train", "example", "t", "--split", "main", "--name", name, "--epochs", "1"]
    return main([*command, "--threads", "1", *more, "--cache", str(cache), "--quiet"])


def test_the_truth_is_the_truth_and_predictions_are_predictions(folder):
    opened = pd.read_parquet(folder / "runs" / "a" / "test.parquet").set_index("material_id")
    run, dataset = md.open_run("a", folder), md.open("t", folder)
    predicted = md.predict(run, dataset).to_frame().loc[opened.index]
    scored = json.loads((folder / "runs" / "a" / "test.json").read_text())["targets"]
    for number, target in enumerate(TARGETS):
        truth, mean = opened[f"truth_{target}"], opened[f"prediction_{target}_mean"]
        expected = [1000.0 * number + int(name[1:]) for name in opened.index]
        assert truth.tolist() == expected
        assert mean.to_numpy() == pytest.approx(predicted[f"prediction_{target}_mean"].to_numpy())
        assert np.abs(mean - truth).mean() == pytest.approx(scored[target]["metrics"]["mae"])


def test_columns_say_what_they_hold(folder, tmp_path):
    path = tmp_path / "p.parquet"
    assert main(["predict", "a", "t", "--output", str(path), "--members",
                 "--cache", str(folder), "--quiet"]) == 0  # fmt: skip
    for schema in (pq.read_schema(path), pq.read_schema(folder / "runs" / "a" / "test.parquet")):
        held = {}
        for field in schema:
            if field.name != "material_id":
                told = {key.decode(): value.decode() for key, value in field.metadata.items()}
                held[field.name] = PredictionColumn.from_metadata(told)
        assert all(column.name == name for name, column in held.items())
        assert {column.target for column in held.values()} == {*TARGETS}
        units = {column.target: column.unit for column in held.values()}
        assert (units["density"], units["density_of_states"]) == ("g/cm^3", "1")
    assert held["truth_gap_mean"].statistic is Statistic.TRUTH


@pytest.mark.parametrize("name", ["p.CSV", "p.jsonl", "p.JSON", "p.Parquet"])
def test_the_ending_decides_the_format(folder, tmp_path, name, capsys):
    path = tmp_path / name
    assert main(["predict", "a", "t", "--output", str(path), "--cache", str(folder)]) == 0
    assert main(["predict", "a", "t", "--json", "--cache", str(folder)]) == 0
    told = json.loads(capsys.readouterr().out.partition(str(path))[2])
    readers = {
        "p.CSV": lambda: pd.read_csv(path).to_dict("records"),
        "p.jsonl": lambda: list(map(json.loads, path.read_text().splitlines())),
        "p.JSON": lambda: json.loads(path.read_text())["predictions"],
        "p.Parquet": lambda: pq.read_table(path).to_pylist(),
    }
    rows = readers[name]()
    assert [list(row) for row in rows] == [list(row) for row in told["predictions"]]
    for row, other in zip(rows, told["predictions"], strict=True):
        assert row["material_id"] == other["material_id"]
        assert row["prediction_α_mean"] == pytest.approx(other["prediction_α_mean"])
    assert told["columns"]["prediction_density_mean"] == {
        "target": "density", "statistic": "mean", "unit": "g/cm^3",
    }  # fmt: skip
    assert not list(tmp_path.glob(".tmp-*"))


@pytest.mark.parametrize("name", ["p.txt", "p", "p.csv.gz", "p.xlsx"])
def test_an_unknown_ending_is_refused_before_any_work(folder, tmp_path, name, capsys):
    path = tmp_path / name
    assert main(["predict", "no-such-run", "t", "--output", str(path), "--cache", str(folder)]) == 1
    told = capsys.readouterr().err
    assert "predictions cannot be written" in told
    assert ".parquet, .csv, .jsonl, .json" in told
    assert not path.exists()


def test_each_target_has_pictures_of_its_own(folder):
    drawn = sorted(path.name for path in (folder / "runs" / "a" / "pictures").glob("parity-*"))
    assert len(drawn) == len(TARGETS)
    assert {"parity-gap.png", "parity-gap_mean.png", "parity-density.png"} < {*drawn}


def test_zero_and_one_are_classes_if_they_are_asked_for(folder, capsys):
    assert train(folder, "--target", "stable", "--task", "classification", name="c") == 0
    assert main(["evaluate", "c", "--cache", str(folder), "--no-pictures"]) == 0
    assert "classes: 0, 1; roc_auc and f1 are those of 1" in capsys.readouterr().out
    table = pd.read_parquet(folder / "runs" / "c" / "test.parquet")
    assert set(table["truth_stable"]) == {0, 1}
    best = table["prediction_stable_probability_1"] > table["prediction_stable_probability_0"]
    assert (table["prediction_stable_class"] == best.astype(int)).all()
    assert main(["predict", "c", "NaCl", "--json", "--cache", str(folder)]) == 0
    (row,) = json.loads(capsys.readouterr().out)["predictions"]
    assert row["prediction_stable_class"] in (0, 1)
    assert main(["predict", "c", "NaCl", "--cache", str(folder)]) == 0
    assert f"stable {row['prediction_stable_class']} (" in capsys.readouterr().out


def test_targets_whose_columns_could_be_one_are_refused_before_training(tmp_path, capsys):
    with (tmp_path / "x.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["material_id", "formula", "x", "x_probability_a"])
        for row, element in enumerate(ELEMENTS):
            writer.writerow([f"m{row}", f"{element}O", ("a_class", "b")[row % 2], "cd"[row % 2]])
    options = {"name": "t", "split": None, "dedupe": "none", "workers": 1}
    target = ("x", "x_probability_a")
    made = md.build(
        tmp_path / "x.csv", features="fractions", cache=tmp_path, target=target, **options
    )
    made.split("60/20/20", name="main")
    assert train(tmp_path, "--target", "x", "--target", "x_probability_a") == 1
    assert "'x' and 'x_probability_a' cannot be predicted together" in capsys.readouterr().err
    assert not (tmp_path / "runs" / "a").exists()
