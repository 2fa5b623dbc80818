"""Scores of groups of materials, and what Matbench records of its folds."""

from __future__ import annotations

import json
import math
import shutil
import statistics

import numpy as np
import pytest
from support.toy import build, command, rows, train

import matdata as md
from matdata.training.scores.metrics import mean_with_error
from matdata.training.scores.shown import with_error

STEELS = 312
ELEMENTS = ["Fe", "O", "Na", "Cl", "Sr", "Ti", "Mg", "Al", "Si", "Ca", "K", "Zn"]


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return build(tmp_path_factory.mktemp("by") / "cache", rows())


@pytest.fixture(scope="module")
def run(toy):
    return train(toy, "y", "grouped", ensemble=2, epochs=3)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.2641, 0.0034, "0.264(3)"),
        (0.2641, 0.012, "0.264(12)"),
        (0.2641, 0.0196, "0.26(2)"),
        (12.34, 0.5, "12.3(5)"),
        (0.5, None, "0.5"),
        (0.5, 0.0, "0.5"),
        (None, 0.1, "-"),
        (1234.0, 56.0, "1234 ± 56"),
    ],
)
def test_numbers_with_their_standard_error(value, error, text):
    assert with_error(value, error) == text


def test_standard_errors_are_those_of_a_sample():
    values = np.array([1.0, 2.0, 4.0, 9.0])
    found = mean_with_error(values)
    assert found["standard_error"] == pytest.approx(statistics.stdev(values) / 2.0)
    assert math.isnan(mean_with_error(values[:1])["standard_error"])


def test_scores_by_a_column_are_those_of_its_materials(toy, run, capsys):
    words = ["--by", "kind,offset", "--bins", "3", "--derive", "conformal:alpha=0.2"]
    assert command(toy, "evaluate", run.name, "--json", "--no-pictures", *words) == 0
    by = json.loads(capsys.readouterr().out)["by"]
    assert list(by) == ["kind", "offset"]
    assert len(by["offset"]["y"]) == 3
    test = toy.split("s")["test"]
    found = md.predict(run, toy)
    place = {name: k for k, name in enumerate(found.ids.tolist())}
    table = toy.table.loc[list(test)]
    mean = found.mean[[place[name] for name in test], 0]
    for kind, scored in by["kind"]["y"].items():
        inside = (table["kind"] == kind).to_numpy()
        error = np.abs(mean - table["y"].to_numpy())[inside]
        assert scored["materials"] == inside.sum()
        assert scored["metrics"]["mae"] == pytest.approx(error.mean(), rel=1e-6)
        assert scored["mean_absolute_error"]["mean"] == pytest.approx(error.mean(), rel=1e-6)
        assert 0.0 <= scored["interval"]["coverage"] <= 1.0
    again = md.evaluate(run, by=["kind", "offset"], bins=3, derive=["conformal:alpha=0.2"])
    assert again["by"] == by
    assert command(toy, "evaluate", run.name, "--no-pictures", *words) == 0
    printed = capsys.readouterr().out
    assert "y by kind" in printed
    assert "coverage" in printed


def test_options_of_groups_are_the_same_in_a_file(toy, run, tmp_path, capsys):
    path = tmp_path / "evaluate.toml"
    words = ["--by", "kind", "--bins", "4", "--no-pictures", "--write-config", str(path)]
    assert command(toy, "evaluate", run.name, *words) == 0
    first = capsys.readouterr().out
    assert command(toy, "evaluate", "--config", str(path)) == 0
    assert capsys.readouterr().out == first
    assert 'by = ["kind"]' in path.read_text()


def test_a_picture_of_each_column_and_target(toy, run, tmp_path):
    pytest.importorskip("matplotlib")
    md.evaluate(run, by="kind", pictures=tmp_path, style="dark")
    assert (tmp_path / "by-kind-y.png").is_file()


def test_columns_that_make_no_groups_are_refused_before_the_part_is_open(toy):
    fresh = train(toy, "y", "sealed-groups", epochs=1)
    for by, match in (
        ("kidn", "did you mean 'kind'"),
        ("spectrum", "lists or records"),
    ):
        with pytest.raises(md.ConfigError, match=match):
            md.evaluate(fresh, by=by)
    with pytest.raises(md.ConfigError, match="no column to score by"):
        md.evaluate(fresh, bins=3)
    with pytest.raises(md.ConfigError, match="expected 2 to"):
        md.evaluate(fresh, by="offset", bins=1)
    with pytest.raises(md.ConfigError, match="--folds all"):
        md.evaluate(fresh, matbench="x.json")
    assert not (fresh.folder / "test-opened.json").exists()
    assert md.evaluate(fresh, by="y", bins=2)["by"]["y"]["y"], "by what is learnt, once it is open"


def test_a_class_is_scored_by_groups(toy):
    classes = train(toy, "kind", "kinds", epochs=1)
    by = md.evaluate(classes, by="n_elements")["by"]["n_elements"]["kind"]
    assert "accuracy" in by["2"]["metrics"]
    assert "confusion" not in by["2"]


# --- Matbench -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def steels(tmp_path_factory):
    home = tmp_path_factory.mktemp("steels")
    random = np.random.default_rng(0)
    lines = ["id,formula,strength"]
    for row in range(STEELS):
        a, b = random.choice(12, 2, replace=False)
        formula = f"{ELEMENTS[a]}{random.integers(1, 9)}{ELEMENTS[b]}{random.integers(1, 9)}"
        lines.append(f"mb-steels-{row + 1:03d},{formula},{random.normal() if row else 0.0:.6f}")
    path = home / "steels.csv"
    path.write_text("\n".join(lines))
    dataset = md.build(
        path, cache=home / "cache", name="steels", features=["fractions"], dedupe="none", workers=1,
        quiet=True,
    )  # fmt: skip
    dataset.folds(method="matbench")
    settings = {"epochs": 1, "ensemble": 2, "threads": 1, "tensorboard": False}
    md.train_folds("example", dataset, "strength", name="mb", quiet=True, train=settings)
    return dataset


def test_matbench_reads_what_is_recorded_of_its_folds(steels, tmp_path, capsys):
    path = tmp_path / "task.json"
    words = ["--folds", "all", "--no-pictures", "--matbench", str(path)]
    assert command(steels, "evaluate", "mb", *words) == 0
    assert "what Matbench records" in capsys.readouterr().out
    record = json.loads(path.read_text())
    assert (record["@class"], record["dataset_name"]) == ("MatbenchTask", "matbench_steels")
    folds = record["results"]
    assert list(folds) == [f"fold_{k}" for k in range(5)]
    ids = [one for fold in folds.values() for one in fold["data"]]
    assert sorted(ids) == steels.ids.tolist(), "each material in one test part"
    true = steels.table["strength"]
    for fold in folds.values():
        own = np.array([true[one] for one in fold["data"]])
        error = np.abs(own - np.array(list(fold["data"].values())))
        assert fold["scores"]["mae"] == pytest.approx(error.mean(), rel=1e-6)
        large = np.abs(own) > 1e-5
        assert fold["scores"]["mape"] == pytest.approx((error[large] / np.abs(own[large])).mean())
        one, spread = next(iter(fold["uncertainty"].items()))
        half = 1.959964 * spread["std"]
        assert spread["ci_upper"] - fold["data"][one] == pytest.approx(half, rel=1e-5)
        assert fold["data"][one] - spread["ci_lower"] == pytest.approx(half, rel=1e-5)


def test_derived_intervals_are_recorded_in_place_of_normal_ones(steels, tmp_path):
    path = tmp_path / "task.json"
    scored = md.evaluate_folds("mb", cache=steels.cache, derive=["conformal:alpha=0.05"],
                               matbench=path)  # fmt: skip
    assert scored["matbench"] == str(path)
    fold = json.loads(path.read_text())["results"]["fold_0"]
    assert {one["std"] for one in fold["uncertainty"].values()} == {None}
    assert all(one["ci_lower"] < one["ci_upper"] for one in fold["uncertainty"].values())


def test_what_matbench_cannot_record_is_refused_before_a_test_part_is_opened(steels, tmp_path):
    settings = {"epochs": 1, "threads": 1, "tensorboard": False}
    for target, name in (("strength", "plain"), ("log10(strength + 9)", "log")):
        md.train_folds("example", steels, target, name=name, quiet=True, train=settings)
    path = tmp_path / "task.json"
    for name, options, match in (
        ("plain", {"derive": ["conformal:alpha=0.1"]}, "leaves out 0.1, .* intervals of 95%"),
        ("plain", {"matbench": tmp_path}, "is a folder"),
        ("log", {}, r"learns log10\(strength \+ 9\)"),
    ):
        with pytest.raises(md.ConfigError, match=match):
            md.evaluate_folds(name, cache=steels.cache, **{"matbench": path, **options})
    assert not path.exists()
    others = list((steels.cache / "runs").glob("[lp]*-fold*"))
    assert len(others) == 10
    assert not any((folder / "test-opened.json").exists() for folder in others)
    for folder in others:
        shutil.rmtree(folder)


def test_other_folds_are_none_of_matbench(toy):
    toy.folds(method="kfold", set={"k": 3})
    settings = {"epochs": 1, "threads": 1, "tensorboard": False}
    md.train_folds("example", toy, "y", name="kf", quiet=True, train=settings)
    with pytest.raises(md.ConfigError, match="is not one on the five folds of Matbench"):
        md.evaluate_folds("kf", cache=toy.cache, matbench="x.json")


def test_means_over_folds_have_their_standard_errors(steels, capsys):
    (table,) = md.runs(cache=steels.cache).folds
    own = table["trainings"][0]["val"]
    scores = [md.open_run(f"mb-fold{k}", steels.cache).result() for k in range(5)]
    errors = [one["validation"]["targets"]["strength"]["metrics"]["mae"] for one in scores]
    assert own["mean"]["mae"] == pytest.approx(statistics.fmean(errors))
    assert own["standard_error"]["mae"] == pytest.approx(statistics.stdev(errors) / math.sqrt(5))
    assert command(steels, "runs", "--folds") == 0
    printed = capsys.readouterr().out
    assert "mean(standard error)" in printed
    assert with_error(own["mean"]["mae"], own["standard_error"]["mae"]) in printed
    assert command(steels, "runs", "--folds", "--json") == 1
