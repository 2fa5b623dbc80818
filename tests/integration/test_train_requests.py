"""Requests that are refused, repeated, or begin with another run's weights."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from support.runs import QUICK, TARGET, equal, train, weights

import matdata as md
from matdata.cli import main
from matdata.plugin import SavedModel, Settings, setting


def test_the_same_command_twice_trains_once(cache, capsys):
    train(cache)
    before = (cache / "runs" / "a" / "best.safetensors").stat().st_mtime_ns
    arguments = ["--split", "main", "--name", "a", *QUICK, "--cache", str(cache)]
    assert main(["train", "example", "s", "--target", TARGET, *arguments]) == 0
    assert "is finished" in capsys.readouterr().out
    assert (cache / "runs" / "a" / "best.safetensors").stat().st_mtime_ns == before
    assert train(cache, "--lr", "0.5") == 1
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
        ({"more": ["--device", "cuda:9"]}, "is not there"),
        ({"more": ["--set", "train.normalizer=standart"]}, "did you mean 'standard'"),
        ({"target": "formula"}, "text"),
    ],
)
def test_bad_requests_report_what_is_wrong(cache, capsys, more, message):
    more = dict(more)
    assert train(cache, *more.pop("more", []), **more) == 1
    assert message in capsys.readouterr().err


def test_a_missing_input_comes_with_its_command(cache, capsys):
    shutil.rmtree(cache / "features")
    assert train(cache) == 1
    error = capsys.readouterr().err
    assert "matdata featurize s@" in error
    assert "fractions" in error


def test_without_validation_it_has_to_be_said(cache):
    assert train(cache, "--no-validation", split="two") == 0
    equal(
        weights(cache),
        {
            name.removeprefix("weights/"): value
            for name, value in weights(cache, file="last").items()
            if name.startswith("weights/")
        },
    )


def test_another_version_of_the_plugin_is_refused(cache, capsys, monkeypatch):
    from matdata_example import ExampleTrainer

    train(cache)
    monkeypatch.setattr(ExampleTrainer, "version", "2")
    assert main(["predict", "a", "NaCl", "--cache", str(cache)]) == 1
    assert "version 1; version 2 is installed" in capsys.readouterr().err


class Renamed:
    """The example plugin, whose next version calls a hyperparameter and two weights otherwise."""

    version = "2"

    @dataclass(frozen=True)
    class Hypers(Settings):
        channels: int = setting(32, "neurons of the hidden layer", minimum=1)

        @property
        def width(self):
            return self.channels

    def model(self, schema):
        old = super().model(schema)
        old.head = old.out
        del old.out
        old.forward = lambda batch: old.head(
            torch.nn.functional.silu(old.hidden(batch["fractions"].values))
        )
        return old

    @classmethod
    def upgrade(cls, saved, from_version):
        if from_version != "1":
            return None
        state = {name.replace("out.", "head."): value for name, value in saved.state.items()}
        return SavedModel({"channels": saved.hypers["width"]}, state)


def test_a_run_of_an_older_version_is_upgraded_where_the_plugin_says_how(cache, monkeypatch):
    from matdata_example import ExampleTrainer

    from matdata.training import TRAINERS

    train(cache, "--set", "hyper.width=8")
    before = md.predict(md.open_run("a", cache), ["NaCl", "Fe2O3"])
    newer = type("ExampleTrainer", (Renamed, ExampleTrainer), {})
    monkeypatch.setattr(TRAINERS, "get", lambda name, version=None: newer)
    run = md.open_run("a", cache)
    assert run.trainer.hypers.channels == 8
    np.testing.assert_array_equal(md.predict(run, ["NaCl", "Fe2O3"]).mean, before.mean)
    monkeypatch.setattr(newer, "upgrade", ExampleTrainer.upgrade)
    with pytest.raises(md.TrainError, match="version 1; version 2 is installed"):
        md.predict(md.open_run("a", cache), ["NaCl"])


@pytest.mark.slow
def test_a_warm_start_takes_weights_over_and_can_freeze_them(cache, capsys):
    train(cache)
    frozen = ["--from-run", "a", "--freeze", "hidden.*"]
    assert train(cache, *frozen, name="b") == 0
    parent, child = weights(cache), weights(cache, "b")
    np.testing.assert_array_equal(parent["hidden.weight"], child["hidden.weight"])
    assert not np.array_equal(parent["out.weight"], child["out.weight"])
    wider = ["--from-run", "a", "--set", "hyper.width=8"]
    assert train(cache, *wider, name="c") == 1
    assert "--reinit hidden.weight" in capsys.readouterr().err
    assert train(cache, *wider, "--reinit", "*", name="c") == 0


def test_a_damaged_checkpoint_is_named(cache, capsys):
    train(cache)
    path = cache / "runs" / "a" / "best.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    assert main(["predict", "a", "NaCl", "--cache", str(cache)]) == 1
    assert "best.safetensors is not the one that the training of run 'a' ended with" in (
        capsys.readouterr().err
    )
