"""Trainings and runs that something went wrong with lose nothing and say what it is."""

from __future__ import annotations

import json

from support.runs import TARGET, train

from matdata.cli import main
from matdata.train.start import run_lock


def test_a_run_that_is_training_is_not_removed(cache, capsys):
    assert train(cache, "--set", "train.lr=1e30") == 1  # it fails before its first checkpoint
    folder = cache / "runs" / "a"
    capsys.readouterr()
    with run_lock(folder):
        assert train(cache, "--lr", "0.01") == 1
        assert "another process is training run 'a'" in capsys.readouterr().err
        assert (folder / "manifest.json").is_file()
    assert train(cache, "--lr", "0.01") == 0


def fit(cache, *more, plugin="dummy"):
    arguments = ["train", plugin, "s", "--target", TARGET, "--split", "main", "--name", "a"]
    return main([*arguments, *more, "--cache", str(cache), "--quiet"])


def test_a_fit_of_its_own_is_held_too(cache, capsys):
    with run_lock(cache / "runs" / "a"):
        assert fit(cache) == 1
    assert "another process is training run 'a'" in capsys.readouterr().err
    assert fit(cache) == 0


def test_the_last_batch_of_a_training_is_no_waiting(cache):
    assert train(cache, "--epochs", "1", "--batch-size", "10000") == 0
    row = json.loads((cache / "runs" / "a" / "log.jsonl").read_text())
    assert row["data_wait_share"] < 1.0
