"""Runs are ranked by their validation error; the test part takes no part in it."""

from __future__ import annotations

import csv
import io
import json
import shlex

import pandas as pd
import pytest
from support.runs import TARGET, train

import matdata as md
from matdata.cli import main

pytestmark = pytest.mark.slow


def asked(capsys, cache, *words, code=0):
    capsys.readouterr()
    assert main([*words, "--cache", str(cache)]) == code
    return capsys.readouterr().out


def table(capsys, cache, *names):
    return json.loads(asked(capsys, cache, "runs", *names, "--json"))


def by_hand(cache, name, part):
    """Mean absolute error of a run, from its predictions."""
    dataset = md.open("s", cache)
    predicted = md.predict(name, dataset, cache=cache)
    guess = dict(zip(predicted.ids.tolist(), predicted.mean[:, 0].tolist(), strict=True))
    true = dataset.table.loc[dataset.split("main")[part], TARGET]
    return sum(abs(guess[name] - value) for name, value in true.items()) / len(true)


@pytest.fixture
def several(cache):
    """Networks alone and together, and a forest."""
    train(cache, name="one")
    train(cache, "--ensemble", "2", "--lr", "0.02", name="two")
    train(cache, name="mean", plugin="dummy")
    return cache


def test_choosing_a_model_opens_no_test_part(several, capsys):
    found = table(capsys, several)
    (group,) = found["ranked"]
    assert (group["part"], group["by"], group["openings"]) == ("val", "mae", 0)
    names = [entry["run"] for entry in group["runs"]]
    expected = {name: by_hand(several, name, "val") for name in names}
    assert names == sorted(expected, key=expected.__getitem__)
    for entry in group["runs"]:
        assert entry["val"]["mae"] == pytest.approx(expected[entry["run"]], rel=1e-5)
        assert entry["test"] is None
    assert not any(entry["evaluated"] for entry in found["runs"])
    (dummy,) = (entry["val"] for entry in group["runs"] if entry["run"] == "mean")
    assert dummy == group["baselines"]["val"]["dummy_mean"]
    text = asked(capsys, several, "runs")
    assert "by mae of validation" in text
    assert "test part not opened" in text
    assert "test mae" not in text


def test_an_opened_test_score_stands_beside_and_changes_no_rank(several, capsys):
    before = [entry["run"] for entry in table(capsys, several)["ranked"][0]["runs"]]
    for name in before[1:]:
        asked(capsys, several, "evaluate", name, "--no-pictures")
    (group,) = table(capsys, several)["ranked"]
    assert [entry["run"] for entry in group["runs"]] == before
    assert group["openings"] == 2
    assert group["runs"][0]["test"] is None
    test = by_hand(several, before[1], "test")
    assert group["runs"][1]["test"]["mae"] == pytest.approx(test, rel=1e-5)
    text = asked(capsys, several, "runs", before[0], before[1])
    assert "opened for 2 trainings" in text
    assert "test mae" in text
    rows = list(csv.DictReader(io.StringIO(asked(capsys, several, "runs", "--csv"))))
    assert [row["run"] for row in rows] == before
    assert float(rows[1]["test_mae"]) == group["runs"][1]["test"]["mae"]
    assert rows[0]["test_mae"] == ""
    assert float(rows[0]["val_mae"]) == group["runs"][0]["val"]["mae"]


def test_runs_without_a_validation_score_are_listed_with_the_reason(several, capsys):
    train(several, "--no-validation", name="all")
    train(several, "--no-validation", name="mean-all", plugin="dummy")
    out = asked(capsys, several, "runs", "one", "all", "mean-all")
    assert "all: example on" in out
    assert out.count("not ranked: it was trained without a validation part") == 2
    asked(capsys, several, "evaluate", "all", "--no-pictures")
    ranked = table(capsys, several)["ranked"]
    assert [(group["part"], len(group["runs"])) for group in ranked] == [("val", 3), ("test", 1)]
    assert "the test part chose among them" in asked(capsys, several, "runs")


def test_a_training_that_was_stopped_is_listed(cache, capsys):
    from matdata.training.request import Request
    from matdata.training.train import train as start

    request = Request("example", "s", (TARGET,), split="main", settings={"epochs": 3})
    start(request, cache, "cut", stop_after=1)
    assert "cut: example on" in asked(capsys, cache, "runs", "cut")
    assert table(capsys, cache)["runs"][0]["unranked"] == "it is not finished"


def test_test_scores_of_other_materials_are_marked(several, capsys, monkeypatch):
    """A feature that lacks a test material takes it away from one run alone."""
    from matdata.evaluation import compare

    for name in ("one", "two"):
        asked(capsys, several, "evaluate", name, "--no-pictures")
    plain = compare.score_on_record

    def other(run):
        record = plain(run)
        if run.name == "two":
            record["targets"][TARGET] |= {"truth_digest": "other", "materials": 7}
        return record

    monkeypatch.setattr(compare, "score_on_record", other)
    text = asked(capsys, several, "runs", "one", "two")
    sizes = {"one": f"{len(md.open('s', several).split('main')['test'])} materials", "two": "7"}
    assert "tested on other materials: (a) " in text
    assert all(f") {size}" in text for size in sizes.values())


def test_classes_are_ranked_by_their_own_score(cache, capsys):
    for target, name in (("ewald_energy_per_atom > -20", "two"), ("n_elements", "several")):
        more = ["--task", "classification"]
        train(cache, *more, "--lr", "0.02", name=f"{name}-net", target=target)
        train(cache, *more, name=f"{name}-shares", target=target, plugin="dummy")
    groups = {group["target"]: group for group in table(capsys, cache)["ranked"]}
    assert len(groups) == 2
    for group in groups.values():
        scores = [entry["val"][group["by"]] for entry in group["runs"]]
        assert scores == sorted(scores, reverse=True)
        assert f"val {group['by']}" in asked(capsys, cache, "runs")
    # the validation part lacks a class of n_elements: its ROC curves are not all defined
    assert groups["n_elements"]["runs"][0]["val"]["roc_auc"] is None
    assert groups["n_elements"]["by"] == "accuracy"
    assert groups["ewald_energy_per_atom > -20"]["by"] == "roc_auc"


@pytest.mark.parametrize("plugin", ["example", "dummy"])
def test_a_training_prints_its_error_in_units_and_commands_that_work(cache, capsys, plugin):
    more = ["--epochs", "2"] if plugin == "example" else []
    words = ["train", plugin, "s", "--target", TARGET, "--split", "main", "--name", "odd.name"]
    out = asked(capsys, cache, *words, *more)
    mae = by_hand(cache, "odd.name", "val")
    count = len(md.open("s", cache).split("main")["val"])
    assert f"validation of {TARGET}, {count} materials: mae {mae:.4g} eV/atom" in out
    assert "; trained in " in out
    commands = [part for part in out.split("`") if part.startswith("matdata ")]
    assert [command.split()[1] for command in commands] == ["runs", "evaluate"]
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0


def test_equal_numbers_in_other_units_are_other_values(tmp_path):
    """A unit that is stated later makes another version; what is said of the data does not."""
    columns = {"formula": [f"Li{n}Br" for n in range(1, 21)], "k": [float(n) for n in range(20)]}
    said = {"a": {}, "b": {"unit": {"k": "GPa"}}, "c": {"unit": {"k": "GPa"}, "licence": "CC0-1.0"}}
    for name, words in said.items():
        made = md.build(pd.DataFrame(columns), name="t", cache=tmp_path, **words)
        md.train("dummy", made, "k", name=name, quiet=True)
    listed = md.runs(cache=tmp_path)
    assert [(g["unit"], [r["run"] for r in g["runs"]]) for g in listed.ranked] == [
        ("1", ["a"]),
        ("GPa", ["b", "c"]),
    ]
    with pytest.raises(md.TrainError, match="not validated on the same") as refusal:
        md.runs(["a", "b"], cache=tmp_path)
    assert "unit" in refusal.value.cause


def test_when_an_error_was_reached_is_in_the_log(several, capsys):
    train(several, "--no-validation", name="all")
    val = {e["run"]: e["val"] for g in table(capsys, several)["ranked"] for e in g["runs"]}
    log = [
        json.loads(line)
        for line in (several / "runs" / "one" / "log.jsonl").read_text().splitlines()
    ]
    entries = {one["run"]: one for one in md.runs(reach=1e9, cache=several).reached}
    one = entries["one"]
    assert one["lowest"] == pytest.approx(val["one"]["mae"], rel=1e-4)
    assert (one["epoch"], one["seconds"]) == (1, log[0]["seconds"])
    assert (one["quantity"], one["epochs"], one["unknown"]) == (TARGET, 3, None)
    assert entries["two"]["lowest"] > 0  # the mean over its members
    assert "no loop over epochs" in entries["mean"]["unknown"]
    assert "no validation part" in entries["all"]["unknown"]

    just = one["lowest"] * (1 + 1e-9)
    found = json.loads(asked(capsys, several, "runs", "one", "--reach", repr(just), "--json"))
    assert [e["epoch"] for e in found["reached"]] == [one["lowest_epoch"]]
    text = asked(capsys, several, "runs", "one", "mean", "--reach", repr(one["lowest"] / 2))
    assert f"one: not reached; lowest {one['lowest']:.4g} after epoch" in text
    assert "mean: no epochs on record" in text
    assert md.runs(cache=several).reached is None


def test_errors_of_classes_and_logarithms_are_what_the_log_holds(cache):
    train(cache, "--task", "classification", name="two", target="ewald_energy_per_atom > -20")
    train(cache, "--set", "train.normalizer=log10", name="log", target="0 - ewald_energy_per_atom")
    entries = {one["run"]: one for one in md.runs(reach=0.5, cache=cache).reached}
    classes, logs = entries["two"], entries["log"]
    (accuracy,) = (
        e["val"]["accuracy"] for g in md.runs(cache=cache).ranked for e in g["runs"]
        if e["run"] == "two"
    )  # fmt: skip
    assert classes["quantity"].startswith("share of wrong ")
    assert classes["lowest"] <= 1 - accuracy + 1e-9
    assert logs["quantity"].startswith("log10(")
    assert logs["unit"] == "1"


@pytest.mark.parametrize(
    "words", [("0",), ("-1",), ("nan",), ("inf",), ("0.1", "--csv"), ("0.1", "--folds")]
)
def test_an_error_that_says_nothing_is_refused(cache, words, capsys):
    assert main(["runs", f"--reach={words[0]}", *words[1:], "--cache", str(cache)]) != 0
    assert "error" in capsys.readouterr().err
