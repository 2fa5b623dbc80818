from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from support.crystals import few

import matdata as md
from matdata.cli import main
from matdata.train.tensors import read_tensors

TARGET = "ewald_energy_per_atom"
QUICK = ["--epochs", "3", "--threads", "1"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A cache with a dataset `s` of 100 materials, two splits, and the features of `example`."""
    cache = tmp_path_factory.mktemp("train")
    dataset = md.build(
        "sample:300", features=["fractions"], cache=cache, workers=1, name="s", columns={}
    )
    dataset.add_split("random", name="two", ratios="80/20")
    dataset.add_split("random", name="other", ratios="70/15/15", seed=5)
    dataset.add_split("random", name="main", ratios="70/15/15", seed=1)
    return cache


@pytest.fixture
def cache(built, tmp_path):
    """A copy to train in."""
    shutil.copytree(built, tmp_path / "cache")
    return tmp_path / "cache"


def _train(cache, *more, name="a", split="main", dataset="s", target=TARGET, plugin="example"):
    arguments = ["train", plugin, dataset, "--target", target, "--split", split, "--name", name]
    quiet = ["--cache", str(cache), "--quiet"]
    return main([*arguments, *([] if "--epochs" in more else QUICK), *more, *quiet])


def _weights(cache, name="a", file="best"):
    return read_tensors(cache / "runs" / name / f"{file}.safetensors")[0]


def _equal(one, other):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_train_evaluate_predict_and_compare(cache, capsys, tmp_path):
    assert _train(cache) == 0
    assert _train(cache, "--ensemble", "2", name="b") == 0
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
        "learning_curve.png",
        f"parity-{TARGET}.png",
        f"errors-{TARGET}.png",
        f"confidence-error-{TARGET}.png",
    }
    dataset = md.open("s", cache)
    test = dataset.table.loc[dataset.split("main")["test"], TARGET]
    train = dataset.table.loc[dataset.split("main")["train"], TARGET]
    assert scored["baselines"]["dummy_mean"]["mae"] == pytest.approx(
        (test - train.mean()).abs().mean()
    )

    out = tmp_path / "all.parquet"
    assert main(["predict", "a", "s", "--cache", str(cache), "--quiet", "--output", str(out)]) == 0
    import pandas as pd

    table = pd.read_parquet(out).set_index("material_id")
    mae = (table.loc[test.index, f"{TARGET}_mean"] - test).abs().mean()
    assert scored["metrics"]["mae"] == pytest.approx(mae, rel=1e-5)
    assert table[f"{TARGET}_epistemic"].isna().all(), "one member knows nothing of its own doubt"
    assert TARGET not in table, "true values are shown by evaluate alone"

    assert main(["evaluate", "b", "--cache", str(cache), "--quiet", "--no-pictures"]) == 0
    assert main(["runs", "a", "b", "--cache", str(cache), "--json"]) == 0
    (group,) = json.loads(capsys.readouterr().out)["ranked"]
    maes = [entry["metrics"]["mae"] for entry in group["runs"]]
    assert len(maes) == 2
    assert maes == sorted(maes)


def test_a_test_part_is_opened_once(cache, capsys):
    _train(cache)
    for reused in (False, True):
        main(["evaluate", "a", "--cache", str(cache), "--json", "--no-pictures"])
        record = json.loads(capsys.readouterr().out)
        assert record.pop("reused") is reused
    best = cache / "runs" / "a" / "best.safetensors"
    _train(cache, "--seed", "7", name="b")
    shutil.copy(cache / "runs" / "b" / "best.safetensors", best)
    assert main(["evaluate", "a", "--cache", str(cache)]) == 1
    assert "changed after its test part was opened" in capsys.readouterr().err


def test_training_never_reads_a_test_target(cache, monkeypatch):
    from matdata.dataset import DatasetFolder

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
    assert _train(cache) == 0
    with pytest.raises(AssertionError, match="test target"):
        main(["evaluate", "a", "--cache", str(cache), "--no-pictures"])


def test_runs_on_other_test_materials_are_not_ranked(cache, capsys):
    for name, split in (("a", "main"), ("b", "other")):
        _train(cache, name=name, split=split)
        main(["evaluate", name, "--cache", str(cache), "--quiet", "--no-pictures"])
    capsys.readouterr()
    assert main(["runs", "a", "b", "--cache", str(cache)]) == 1
    assert "not ranked" in capsys.readouterr().err
    assert main(["runs", "--cache", str(cache), "--json"]) == 0
    ranked = json.loads(capsys.readouterr().out)["ranked"]
    assert [[entry["run"] for entry in group["runs"]] for group in ranked] == [["a"], ["b"]]


@pytest.mark.parametrize("ensemble", ["1", "3"])
def test_a_killed_training_ends_in_the_same_bytes(cache, ensemble, tmp_path):
    settings = ["--epochs", "80", "--ensemble", ensemble, "--set", "train.schedule=cosine"]
    settings += ["--threads", "1", "--clip", "1"]
    arguments = ["train", "example", "s", "--target", TARGET, "--split", "main", "--name", "a"]
    command = [sys.executable, "-m", "matdata.cli", *arguments, *settings, "--quiet"]
    command += ["--set", "train.checkpoint_seconds=0"]
    process = subprocess.Popen([*command, "--cache", str(cache)])
    log = cache / "runs" / "a" / "log.jsonl"
    while process.poll() is None and not (log.exists() and log.read_text().count("\n") >= 5):
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the training was over before it was killed"
    last = read_tensors(cache / "runs" / "a" / "last.safetensors")[1]
    assert 0 < last["progress"]["epoch"] < 80
    # the rest in this process, against an uninterrupted one
    assert _train(cache, *settings) == 0
    assert _train(cache, *settings, name="whole") == 0
    for file in ("best", "last"):
        _equal(_weights(cache, "a", file), _weights(cache, "whole", file))
    best = [cache / "runs" / name / "best.safetensors" for name in ("a", "whole")]
    assert best[0].read_bytes() == best[1].read_bytes()
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, 81))


def test_the_same_command_twice_trains_once(cache, capsys):
    _train(cache)
    before = (cache / "runs" / "a" / "best.safetensors").stat().st_mtime_ns
    arguments = ["--split", "main", "--name", "a", *QUICK, "--cache", str(cache)]
    assert main(["train", "example", "s", "--target", TARGET, *arguments]) == 0
    assert "is finished" in capsys.readouterr().out
    assert (cache / "runs" / "a" / "best.safetensors").stat().st_mtime_ns == before
    assert _train(cache, "--lr", "0.5") == 1
    assert "lr is 0.003 there, 0.5 now" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"plugin": "exampel"}, "did you mean 'example'"),
        ({"target": "ewald_energy"}, "did you mean 'ewald_energy_per_atom'"),
        ({"split": "mian"}, "did you mean 'main'"),
        ({"split": "two"}, "has no validation part"),
        ({"dataset": "ss"}, "did you mean 's'"),
        ({"more": ["--set", "hyper.widht=3"]}, "did you mean 'width'"),
        ({"more": ["--set", "train.epcohs=3"]}, "did you mean 'epochs'"),
        ({"more": ["--set", "trian.lr=3"]}, "did you mean 'train'"),
        ({"more": ["--set", "train.lr=3", "--lr", "2"]}, "given twice"),
        ({"more": ["--loss", "rubost_l1"]}, "did you mean 'robust_l1'"),
        ({"more": ["--loss", "cross_entropy"]}, "does not fit a regression"),
        ({"more": ["--set", "hyper.width=0"]}, "at least 1"),
        ({"more": ["--freeze", "hiden.*"]}, "matches no weights"),
        ({"more": ["--from-run", "nothing"]}, "no run 'nothing'"),
        ({"more": ["--device", "cuda:9"]}, "cannot be used"),
        ({"more": ["--set", "train.normalizer=standart"]}, "did you mean 'standard'"),
        ({"target": "formula"}, "text"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(cache, capsys, more, message):
    more = dict(more)
    assert _train(cache, *more.pop("more", []), **more) == 1
    assert message in capsys.readouterr().err


def test_a_missing_input_comes_with_its_command(cache, capsys):
    shutil.rmtree(cache / "features")
    assert _train(cache) == 1
    error = capsys.readouterr().err
    assert "matdata featurize s@" in error
    assert "fractions" in error


def test_without_validation_it_has_to_be_said(cache):
    assert _train(cache, "--no-validation", split="two") == 0
    _equal(
        _weights(cache),
        {
            name.removeprefix("weights/"): value
            for name, value in _weights(cache, file="last").items()
            if name.startswith("weights/")
        },
    )


def test_another_version_of_the_plugin_is_refused(cache, capsys, monkeypatch):
    from matdata_example import ExampleTrainer

    _train(cache)
    monkeypatch.setattr(ExampleTrainer, "version", "2")
    assert main(["predict", "a", "NaCl", "--cache", str(cache)]) == 1
    assert "version 1; version 2 is installed" in capsys.readouterr().err


def test_a_warm_start_takes_weights_over_and_can_freeze_them(cache, capsys):
    _train(cache)
    frozen = ["--from-run", "a", "--freeze", "hidden.*"]
    assert _train(cache, *frozen, name="b") == 0
    parent, child = _weights(cache), _weights(cache, "b")
    np.testing.assert_array_equal(parent["hidden.weight"], child["hidden.weight"])
    assert not np.array_equal(parent["out.weight"], child["out.weight"])
    wider = ["--from-run", "a", "--set", "hyper.width=8"]
    assert _train(cache, *wider, name="c") == 1
    assert "--reinit hidden.weight" in capsys.readouterr().err
    assert _train(cache, *wider, "--reinit", "*", name="c") == 0


def test_formulas_and_files_get_the_predictions_of_a_dataset(cache, capsys, tmp_path):
    from matdata.adapters.pymatgen import to_structure

    _train(cache)

    def told(*what):
        assert main(["predict", "a", *what, "--cache", str(cache), "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)["predictions"]
        return {row["material_id"]: row[f"{TARGET}_mean"] for row in rows}

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


def test_a_damaged_checkpoint_is_named(cache, capsys):
    _train(cache)
    path = cache / "runs" / "a" / "best.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    assert main(["predict", "a", "NaCl", "--cache", str(cache)]) == 1
    assert "best.safetensors is damaged" in capsys.readouterr().err


def test_classes_are_learnt_and_scored(cache, capsys):
    more = ["--task", "classification", "--epochs", "40", "--ensemble", "2"]
    more += ["--lr", "0.02", "--threads", "1"]
    assert _train(cache, *more, name="n", target="n_elements") == 0
    assert main(["evaluate", "n", "--cache", str(cache), "--json", "--no-pictures"]) == 0
    scored = json.loads(capsys.readouterr().out)["targets"]["n_elements"]
    assert scored["task"] == "classification"
    dummy = scored["baselines"]["dummy_frequencies"]
    assert scored["metrics"]["log_loss"] < dummy["log_loss"]


def test_two_targets_are_learnt_together(cache, capsys):
    more = ["--target", "volume_per_atom"]
    assert _train(cache, *more) == 0
    assert main(["evaluate", "a", "--cache", str(cache), "--json", "--no-pictures"]) == 0
    assert set(json.loads(capsys.readouterr().out)["targets"]) == {TARGET, "volume_per_atom"}


def test_a_share_of_the_training_part(cache):
    _train(cache, "--set", "train.fraction=0.5")
    manifest = json.loads((cache / "runs" / "a" / "manifest.json").read_text())
    whole = len(md.open("s", cache).split("main")["train"])
    assert manifest["sizes"]["train"] == round(whole / 2)


@pytest.mark.slow
def test_two_processes_equal_one_with_the_whole_batch(cache, tmp_path):
    more = ["--epochs", "3", "--batch-size", "20", "--clip", "1", "--threads", "1"]
    assert _train(cache, *more, name="one") == 0
    arguments = ["train", "example", "s", "--target", TARGET, "--split", "main", "--name", "two"]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command = [*launch, "-m", "matdata.cli", *arguments, *more, "--cache", str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("  epoch 3:") == 1, "one process speaks"
    one, two = _weights(cache, "one"), _weights(cache, "two")
    for name in one:
        np.testing.assert_allclose(one[name], two[name], rtol=1e-4, atol=1e-5)
    logs = [
        json.loads((cache / "runs" / name / "log.jsonl").read_text().splitlines()[-1])
        for name in ("one", "two")
    ]
    assert logs[0]["train_loss"] == pytest.approx(logs[1]["train_loss"], rel=1e-4)


def test_training_needs_no_chemistry(cache):
    """A GPU node has torch, NumPy, pandas, pyarrow, h5py and numba."""
    arguments = ["train", "example", "s", "--target", TARGET, "--split", "main", *QUICK]
    arguments += ["--cache", str(cache), "--name", "a", "--quiet"]
    script = f"""
import json, sys
from matdata.cli import main
assert main({arguments}) == 0
print(json.dumps(sorted(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded & REFUSED == set()


REFUSED = {
    *("pymatgen", "ase", "matminer", "mp_api", "moyopy", "spglib", "sklearn", "pydantic"),
    *("safetensors", "matplotlib"),
}
