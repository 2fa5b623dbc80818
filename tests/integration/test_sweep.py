"""Searches for hyperparameters: spaces, trials that are runs, stops, and sealed test parts."""

from __future__ import annotations

import json

import pytest
from support.toy import build, command, rows

import matdata as md
from matdata.adapters.optuna import Proposals
from matdata.evaluation.sweep import trial as module
from matdata.evaluation.sweep.space import read_space
from matdata.training import TRAINERS

pytest.importorskip("optuna")

SPACE = """
[hyper.width]
choices = [4, 8, 16]

[train.lr]
low = 1e-4
high = 1e-1
log = true
"""
ONCE = {"epochs": 1, "threads": 1, "train": {"tensorboard": False}}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return build(tmp_path_factory.mktemp("sweep") / "cache", rows())


@pytest.fixture
def space(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(SPACE)
    return path


def searched(toy, space, name, trials=3, **more):
    options = {**ONCE, "split": "s", "quiet": True, **more}
    return md.sweep("example", toy, "y", space=space, trials=trials, name=name, **options)


def test_each_trial_is_a_run_and_the_best_has_the_least_validation_error(toy, space):
    found = searched(toy, space, "a")
    assert [trial.run for trial in found.trials] == [f"a-trial{k:03d}" for k in range(3)]
    for trial in found.trials:
        run = md.open_run(trial.run, toy.cache)
        scored = run.result()["validation"]["targets"]["y"]["metrics"]
        assert trial.score == scored["mae"]
        assert run.trainer.hypers.width == trial.values["hyper.width"]
        assert run.settings.lr == trial.values["train.lr"]
        assert 1e-4 <= run.settings.lr <= 1e-1
        assert not (run.folder / "test-opened.json").exists()
    assert found.best.score == min(trial.score for trial in found.trials)
    assert found.by == "mae"


def test_the_same_search_again_reads_its_trials_and_more_go_on(toy, space, monkeypatch):
    first = searched(toy, space, "b", trials=2)
    again = searched(toy, space, "b", trials=2)
    assert again.unchanged
    assert again.trials == first.trials
    more = searched(toy, space, "b", trials=4)
    assert more.trials[:2] == first.trials
    whole = searched(toy, space, "whole", trials=4)
    assert [one.values for one in whole.trials] == [one.values for one in more.trials]
    other = searched(toy, space, "seeded", trials=2, seed=1)
    assert other.trials[0].values != first.trials[0].values


def test_a_search_that_was_killed_goes_on(toy, space, monkeypatch):
    real, count = module.train, []

    def killed(*words):
        count.append(1)
        if len(count) == 2:
            raise KeyboardInterrupt
        return real(*words)

    monkeypatch.setattr(module, "train", killed)
    with pytest.raises(KeyboardInterrupt):
        searched(toy, space, "killed")
    monkeypatch.setattr(module, "train", real)
    found = searched(toy, space, "killed")
    undisturbed = searched(toy, space, "undisturbed")
    assert [one.values for one in found.trials] == [one.values for one in undisturbed.trials]
    assert [one.score for one in found.trials] == [one.score for one in undisturbed.trials]


def test_a_trial_that_diverges_has_no_score_and_is_not_trained_again(toy, tmp_path, monkeypatch):
    space = tmp_path / "steep.toml"
    space.write_text("[train.lr]\nchoices = [1e-3, 1e38]")
    fixed = {"train": {"tensorboard": False, "optimizer": "sgd"}, "epochs": 3}
    found = searched(toy, space, "diverged", trials=6, **fixed)
    steep = [trial for trial in found.trials if trial.values["train.lr"] > 1]
    assert 0 < len(steep) < 6, "both were drawn"
    for trial in steep:
        assert trial.score is None
        assert "is not a finite number" in trial.failure
    assert found.best.values["train.lr"] == 1e-3
    count = []
    monkeypatch.setattr("matdata.training.train.ensure_writable", count.append)
    again = searched(toy, space, "diverged", trials=6, **fixed)
    assert again.unchanged
    assert again.trials == found.trials
    assert len(count) == 6 - len(steep), "of what diverged nothing was asked for again"
    monkeypatch.undo()
    md.evaluate(found.best.run, cache=toy.cache)
    assert searched(toy, space, "diverged", trials=6, **fixed).trials == found.trials
    space.write_text("[train.lr]\nchoices = [1e37, 1e38]")
    with pytest.raises(md.TrainError, match="none of the 2 trials"):
        searched(toy, space, "all-diverged", trials=2, **fixed)


def test_a_search_from_a_run_is_read_again(toy, space):
    parent = md.train("example", toy, "y", split="s", name="parent", quiet=True, **ONCE)
    space.write_text("[train.lr]\nlow = 1e-4\nhigh = 1e-2")
    first = searched(toy, space, "child", trials=2, from_run=parent.name)
    again = searched(toy, space, "child", trials=2, from_run=parent.name)
    assert again.unchanged
    assert again.trials == first.trials


def test_no_trial_after_a_test_part_was_opened(toy, space):
    found = searched(toy, space, "opened", trials=2)
    md.evaluate(found.best.run, cache=toy.cache)
    assert searched(toy, space, "opened", trials=2).trials == found.trials, "nothing new"
    with pytest.raises(md.TrainError, match="is open, and the search 'opened' would go on"):
        searched(toy, space, "opened", trials=3)
    (toy.cache / "runs" / found.best.run / "test-opened.json").unlink()
    with pytest.raises(md.TrainError, match="is open"):  # it stands beside the dataset, too
        searched(toy, space, "opened", trials=3)
    assert searched(toy, space, "of-another-name", trials=1).trials, "other openings do not matter"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[hypr.width]\nlow = 1\nhigh = 2", "unknown key 'hypr'.*did you mean 'hyper'"),
        ("[hyper.widht]\nlow = 1\nhigh = 2", "did you mean 'width'"),
        ("[hyper.width]\nlow = 1\nhihg = 2", "unknown key 'hihg'.*did you mean 'high'"),
        ("[hyper.width]\nlow = 1", "high is None; expected a number"),
        ("[hyper.width]\nlow = 4\nhigh = 2", "is no range"),
        ("[train.lr]\nlow = 0.0\nhigh = 1.0\nlog = true", "is no range"),
        ("[hyper]\nwidth = 8", "expected a table of low, high"),
        ("[train.lr]\nchoices = [0.1]", "two different values or more"),
        ("[hyper.width]\nchoices = [4, 4.0]", "two different values or more"),
        ("[hyper.width]\nlow = 1.0\nhigh = 9.0", "expected int, got 4"),
        ("[hyper.width]\nlow = 1\nhigh = 9\nstep = 0.5", "expected int, got 1.5"),
        (
            "[hyper.width]\nlow = 1\nhigh = 9\nstep = 3",
            "no whole number of steps 3 leads",
        ),
        (f"[hyper.width]\nlow = 1\nhigh = {'9' * 400}", "expected a number"),
        ("[train.batch-size]\nlow = 1\nhigh = 4\n[train.batch_size]\nlow = 1\nhigh = 8", "twice"),
        ("hyper = 3", "'hyper' is 3; expected a table"),
        ("[train.lr]\nchoices = [0.1, 0.2]\nlog = true", "choices take the place"),
        ("[train.lr]\nlow = -1.0\nhigh = 1.0", "lr"),
        ("[train.optimizer]\nchoices = ['adamw', 'adamm']", "adamm"),
        ("[train.device]\nchoices = ['cpu', 'cuda']", "is not searched"),
        ("[train.validation]\nchoices = [true, false]", "is not searched"),
        ("[train.seed]\nlow = 0\nhigh = 9", "is not searched"),
        ("", "has 0 parameters"),
        ("[[", "is no TOML"),
    ],
)
def test_spaces_that_are_refused(toy, tmp_path, text, match):
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    with pytest.raises(md.ConfigError, match=match):
        searched(toy, path, "refused")
    assert not list((toy.cache / "runs").glob("refused*"))


def test_ends_that_are_written_as_whole_numbers_are_no_choice_of_two(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text("[train.swa]\nlow = 0\nhigh = 1\n[hyper.width]\nlow = 1\nhigh = 9")
    space = read_space(path, TRAINERS.get("example"))
    proposals = Proposals(space, 0, False)
    values = proposals.ask()
    assert 0 < values["train.swa"] < 1
    assert isinstance(values["hyper.width"], int)


def test_requests_that_are_refused(toy, space, tmp_path):
    with pytest.raises(md.ConfigError, match="cannot be read"):
        searched(toy, tmp_path / "none.toml", "no")
    with pytest.raises(md.ConfigError, match="expected 1 to"):
        searched(toy, space, "no", trials=0)
    with pytest.raises(md.ConfigError, match=r"train\.lr is given, and searched"):
        searched(toy, space, "no", lr=0.1)
    with pytest.raises(md.ConfigError, match="2 targets"):
        md.sweep("example", toy, ["y", "log10(k)"], space=space, split="s", quiet=True)
    toy.split("80/20", name="two")
    with pytest.raises(md.SplitError, match="no validation part"):
        searched(toy, space, "no", split="two")
    assert not list((toy.cache / "runs").glob("no-*"))


def test_the_command_and_its_file(toy, space, tmp_path, capsys):
    config = tmp_path / "c.toml"
    words = ["--space", str(space), "--trials", "2", "--split", "s", "--name", "cli", "--epochs",
             "1", "--set", "train.tensorboard=false"]  # fmt: skip
    asked = ["sweep", "example", "toy", "--target", "y", *words, "--write-config", str(config)]
    assert command(toy, *asked) == 0
    printed = capsys.readouterr().out
    assert "best of 2 trials by mae of validation: cli-trial00" in printed
    assert command(toy, "sweep", "--config", str(config), "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["unchanged"]
    assert [one["number"] for one in record["trials"]] == [0, 1]
