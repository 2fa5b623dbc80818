"""Commands that train, evaluate, predict and compare."""

from __future__ import annotations

import json
import shutil

import numpy as np
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
        f"residuals-{TARGET}.png",
        f"elements-{TARGET}.png",
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


@pytest.mark.slow
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
    from matdata.store.table_columns import TableColumns

    dataset = md.open("s", cache)
    test = {dataset.row(name) for name in dataset.split("main")["test"]}

    class SealedCells(list):
        def __getitem__(self, row):
            assert row not in test, "a test target was read"
            return super().__getitem__(row)

        def __iter__(self):
            raise AssertionError("all targets were read")

    class Sealed(TableColumns):
        def numbers(self, name, rows):
            assert name != TARGET or not test.intersection(rows.tolist()), "a test target was read"
            return super().numbers(name, rows)

        def __getitem__(self, name):
            cells = super().__getitem__(name)
            return SealedCells(cells) if name == TARGET else cells

    plain = DatasetFolder.columns.func
    monkeypatch.setattr(
        DatasetFolder, "columns", property(lambda self: Sealed(plain(self)._checked))
    )
    assert train(cache) == 0
    with pytest.raises(AssertionError, match="test target"):
        main(["evaluate", "a", "--cache", str(cache), "--no-pictures"])


@pytest.fixture
def poison(cache, monkeypatch):
    """``poison()`` changes every value of the target in the test part, as all readers get it."""
    from matdata.store import tables

    dataset = md.open("s", cache)
    test = [dataset.row(name) for name in dataset.split("main")["test"]]
    readers = {name: getattr(tables, name) for name in ("read_arrow", "read_group", "read_rows")}

    def poisoned(path, columns=None):
        import pyarrow as pa

        table = readers["read_arrow"](path, columns)
        if path.name != "table.parquet" or TARGET not in table.column_names:
            return table
        cells = table.column(TARGET).to_pylist()
        for row in test:
            cells[row] = 1e6 + row
        number = table.column_names.index(TARGET)
        return table.set_column(number, table.field(number), pa.array(cells, pa.float64()))

    def refused(path, *arguments):
        assert path.name != "table.parquet" or TARGET not in arguments[0], "read by another way"
        return readers["read_rows"](path, *arguments)

    def apply():
        monkeypatch.setattr(tables, "read_arrow", poisoned)
        monkeypatch.setattr(tables, "read_rows", refused)
        monkeypatch.setattr(tables, "read_group", lambda *_: pytest.fail("read by another way"))
        column = np.array(md.open("s", cache).columns[TARGET])
        assert (column[test] >= 1e6).all()
        assert (np.delete(column, test) < 1e6).all()

    return apply


def test_no_value_of_the_test_part_changes_what_is_trained(cache, poison):
    def result(name):
        assert train(cache, name=name) == 0
        folder = cache / "runs" / name
        history = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        kept = [[row["train_loss"], row["val_error"]] for row in history]
        return (folder / "best.safetensors").read_bytes(), kept

    before = result("a")
    poison()
    assert result("b") == before


@pytest.mark.parametrize("target", [TARGET, f"{TARGET} * n_sites"])
def test_no_value_of_the_test_part_reaches_the_loaders_of_training(
    cache, poison, target, monkeypatch
):
    from matdata.store.table_columns import TableColumns

    dataset = md.open("s", cache)
    test = {dataset.row(name) for name in dataset.split("main")["test"]}
    asked = []
    numbers = TableColumns.numbers

    def recorded(self, name, rows):
        asked.append(set(rows.tolist()))
        return numbers(self, name, rows)

    monkeypatch.setattr(TableColumns, "numbers", recorded)

    def batches():
        fresh = md.open("s", cache)
        loaders = fresh.loaders("main", inputs=["fractions"], target=target, quiet=True)
        return [
            (list(batch.ids), batch.targets.numpy().tobytes())
            for part in ("train", "val")
            for batch in loaders[part]
        ]

    before = batches()
    poison()
    assert batches() == before
    parts = [rows for rows in asked if rows]
    assert bool(parts) is (target == TARGET)
    assert all(not rows & test or rows <= test for rows in parts), "parts are read together"


@pytest.mark.slow
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


@pytest.mark.slow
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
