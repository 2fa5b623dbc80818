"""Commands that train, evaluate, predict and compare."""

from __future__ import annotations

import json
import shutil

import pytest
from support.crystals import few
from support.runs import TARGET, train

import matdata as md
from matdata.cli import main


@pytest.mark.slow
def test_train_evaluate_predict_and_compare(cache, capsys, tmp_path):
    assert train(cache) == 0
    assert train(cache, "--ensemble", "2", "--set", "train.members=stacked", name="b") == 0
    folder = cache / "runs" / "a"
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert {"train_loss", "val_error", "data_wait_share"} <= rows[0].keys()
    assert (folder / "log.csv").read_text().count("\n") == 4
    assert json.loads((cache / "runs" / "b" / "result.json").read_text())["engine"] == "stacked"

    assert main(["evaluate", "a", "--cache", str(cache), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    scored = record["targets"][TARGET]
    assert {path.rsplit("/", 1)[1] for path in record["pictures"]} == {
        "history.png",
        f"parity-{TARGET}.png",
        f"errors-{TARGET}.png",
        f"uncertainty-{TARGET}.png",
    }
    dataset = md.open("s", cache)
    test = dataset.table.loc[dataset.split("main")["test"], TARGET]
    learnt = dataset.table.loc[dataset.split("main")["train"], TARGET]
    assert scored["baselines"]["dummy_mean"]["mae"] == pytest.approx(
        (test - learnt.mean()).abs().mean()
    )

    out = tmp_path / "all.parquet"
    assert main(["predict", "a", "s", "--cache", str(cache), "--quiet", "--output", str(out)]) == 0
    import pandas as pd

    table = pd.read_parquet(out).set_index("material_id")
    mae = (table.loc[test.index, f"prediction_{TARGET}_mean"] - test).abs().mean()
    assert scored["metrics"]["mae"] == pytest.approx(mae, rel=1e-5)
    assert table[f"prediction_{TARGET}_epistemic"].isna().all(), (
        "one member knows nothing of its own doubt"
    )
    assert TARGET not in table, "true values are shown by evaluate alone"

    assert main(["evaluate", "b", "--cache", str(cache), "--quiet", "--no-pictures"]) == 0
    assert main(["runs", "a", "b", "--cache", str(cache), "--json"]) == 0
    (group,) = json.loads(capsys.readouterr().out)["ranked"]
    maes = [entry["val"]["mae"] for entry in group["runs"]]
    assert len(maes) == 2
    assert maes == sorted(maes)
    assert {entry["run"]: entry["test"] for entry in group["runs"]}["a"] == scored["metrics"]


def test_a_test_part_is_opened_once(cache, capsys):
    train(cache)
    for reused in (False, True):
        main(["evaluate", "a", "--cache", str(cache), "--json", "--no-pictures"])
        record = json.loads(capsys.readouterr().out)
        assert record.pop("reused") is reused
    best = cache / "runs" / "a" / "best.safetensors"
    train(cache, "--seed", "7", name="b")
    shutil.copy(cache / "runs" / "b" / "best.safetensors", best)
    assert main(["evaluate", "a", "--cache", str(cache)]) == 1
    assert "not the one that the training of run 'a' ended with" in capsys.readouterr().err


def test_training_never_reads_a_test_target(cache, monkeypatch):
    from matdata.store.dataset_folder import DatasetFolder

    dataset = md.open("s", cache)
    test = {dataset.row(name) for name in dataset.split("main")["test"]}

    class Sealed(list):
        def __getitem__(self, row):
            assert row not in test, "a test target was read"
            return super().__getitem__(row)

        def __iter__(self):
            raise AssertionError("all targets were read")

    plain = DatasetFolder.columns.func

    def columns(self):
        found = plain(self)
        return {**found, TARGET: Sealed(found[TARGET])}

    monkeypatch.setattr(DatasetFolder, "columns", property(columns))
    assert train(cache) == 0
    with pytest.raises(AssertionError, match="test target"):
        main(["evaluate", "a", "--cache", str(cache), "--no-pictures"])


def test_runs_on_other_validation_materials_are_not_ranked(cache, capsys):
    for name, split in (("a", "main"), ("b", "other")):
        train(cache, name=name, split=split)
        main(["evaluate", name, "--cache", str(cache), "--quiet", "--no-pictures"])
    capsys.readouterr()
    assert main(["runs", "a", "b", "--cache", str(cache)]) == 1
    assert "not ranked" in capsys.readouterr().err
    assert main(["runs", "--cache", str(cache), "--json"]) == 0
    ranked = json.loads(capsys.readouterr().out)["ranked"]
    assert [[entry["run"] for entry in group["runs"]] for group in ranked] == [["a"], ["b"]]


def test_formulas_and_files_get_the_predictions_of_a_dataset(cache, capsys, tmp_path):
    from matdata.adapters.pymatgen import to_structure

    train(cache)

    def told(*what):
        assert main(["predict", "a", *what, "--cache", str(cache), "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)["predictions"]
        return {row["material_id"]: row[f"prediction_{TARGET}_mean"] for row in rows}

    everything = told("s")
    dataset = md.open("s", cache)
    name = dataset.ids[3]
    formula = dataset.table.loc[name, "formula"]
    assert told(formula)[formula] == pytest.approx(everything[name], rel=1e-4)
    crystals = few()
    path = tmp_path / "one.cif"
    to_structure(crystals, 0).to(filename=str(path))
    (value,) = told(str(path)).values()
    composition = to_structure(crystals, 0).composition.reduced_formula
    assert value == pytest.approx(told(composition)[composition], rel=1e-5)
    assert main(["predict", "a", "no such thing", "--cache", str(cache)]) == 1
    assert "no dataset of the cache, no file, and no formula" in capsys.readouterr().err


def test_classes_are_learnt_and_scored(cache, capsys):
    more = ["--task", "classification", "--epochs", "40", "--ensemble", "2"]
    more += ["--lr", "0.02", "--threads", "1"]
    assert train(cache, *more, name="n", target="n_elements") == 0
    assert main(["evaluate", "n", "--cache", str(cache), "--json", "--no-pictures"]) == 0
    scored = json.loads(capsys.readouterr().out)["targets"]["n_elements"]
    assert scored["task"] == "classification"
    dummy = scored["baselines"]["dummy_frequencies"]
    assert scored["metrics"]["log_loss"] < dummy["log_loss"]


def test_two_targets_are_learnt_together(cache, capsys):
    more = ["--target", "volume_per_atom"]
    assert train(cache, *more) == 0
    assert main(["evaluate", "a", "--cache", str(cache), "--json", "--no-pictures"]) == 0
    assert set(json.loads(capsys.readouterr().out)["targets"]) == {TARGET, "volume_per_atom"}


def test_a_share_of_the_training_part(cache):
    train(cache, "--set", "train.fraction=0.5")
    manifest = json.loads((cache / "runs" / "a" / "manifest.json").read_text())
    whole = len(md.open("s", cache).split("main")["train"])
    assert manifest["sizes"]["train"] == round(whole / 2)
