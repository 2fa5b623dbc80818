"""Trainings that others follow: numbers of epochs arrive, and stay on this machine."""

from __future__ import annotations

import os
import sys
import types

import pytest
from support.toy import build, rows

import matdata as md
from matdata.training.logs import RunLog, read_log


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return build(tmp_path_factory.mktemp("tracking") / "cache", rows())


def trained(toy, name, epochs=2, **settings):
    settings = {"epochs": epochs, "threads": 1, "tensorboard": False, **settings}
    return md.train("example", toy, "y", split="s", name=name, quiet=True, train=settings)


def test_mlflow_has_the_numbers_of_each_epoch_in_files_here(toy, monkeypatch):
    tracking = pytest.importorskip("mlflow.tracking")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # nothing is sent there
    run = trained(toy, "followed", track="mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = tracking.MlflowClient((toy.cache / "tracking" / "mlflow").as_uri())
    place = client.get_experiment_by_name("matdata").experiment_id
    (found,) = client.search_runs([place])
    assert found.info.run_name == "followed"
    assert found.data.params["hyper.width"] == str(run.trainer.hypers.width)
    losses = client.get_metric_history(found.info.run_id, "train_loss")
    assert [one.value for one in losses] == [row["train_loss"] for row in read_log(run.folder)]
    trained(toy, "followed", epochs=3, track="mlflow")
    (found,) = client.search_runs([place])  # goes on with the same run
    assert len(client.get_metric_history(found.info.run_id, "train_loss")) == 3


def test_a_training_that_was_killed_tells_no_step_twice(toy, monkeypatch):
    tracking = pytest.importorskip("mlflow.tracking")
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    real, told = RunLog.add, []

    def killed(log, row):
        real(log, row)
        told.append(row["step"])
        if len(told) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(RunLog, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(toy, "killed", epochs=5, track="mlflow", checkpoint_seconds=1e9)
    monkeypatch.setattr(RunLog, "add", real)
    run = trained(toy, "killed", epochs=5, track="mlflow")
    assert "MLFLOW_ALLOW_FILE_STORE" not in os.environ
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = tracking.MlflowClient((toy.cache / "tracking" / "mlflow").as_uri())
    place = client.get_experiment_by_name("matdata").experiment_id
    (found,) = client.search_runs([place], "tags.matdata_run = 'killed'")
    steps = [one.step for one in client.get_metric_history(found.info.run_id, "train_loss")]
    assert steps == [row["step"] for row in read_log(run.folder)]


def test_a_tracker_that_fails_ends_no_training(toy, monkeypatch, capsys):
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    monkeypatch.setattr("matdata.training.tracking.require_package", lambda *_: None)

    def lost(*_, **__):
        raise OSError("no route to host")

    fake.log = lost
    run = trained(toy, "lost", track="wandb")
    assert run.finished
    assert capsys.readouterr().err.count("follows no longer, the training goes on: no route") == 1
    fake.init = lost
    with pytest.raises(md.TrainError, match=r"wandb cannot follow run 'never'.*no route to host"):
        trained(toy, "never", track="wandb")


class FakeWandb(types.ModuleType):
    def __init__(self):
        super().__init__("wandb")
        self.told, self.rows, self.ended = {}, [], 0

    def init(self, **told):
        self.told = told
        return self

    def log(self, numbers, step):
        self.rows.append((step, numbers))

    def finish(self):
        self.ended += 1


@pytest.mark.parametrize(("online", "mode"), [(False, "offline"), (True, "online")])
def test_wandb_is_offline_unless_asked(toy, monkeypatch, online, mode):
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    monkeypatch.setattr("matdata.training.tracking.require_package", lambda *_: None)
    run = trained(toy, f"w-{mode}", track="wandb", track_online=online)
    assert (fake.told["mode"], fake.told["name"]) == (mode, run.name)
    rows = read_log(run.folder)
    assert [numbers["val_error"] for _, numbers in fake.rows] == [row["val_error"] for row in rows]
    assert [step for step, _ in fake.rows] == [row["step"] for row in rows]
    assert fake.ended == 1


def test_tensorboard_is_written_where_it_is_named(toy):
    pytest.importorskip("tensorboard")
    run = trained(toy, "board", track="tensorboard")
    assert list((run.folder / "tensorboard").glob("events*"))


def test_who_follows_changes_no_run(toy):
    plain, followed = trained(toy, "plain"), trained(toy, "plain", track="tensorboard")
    assert followed.digest == plain.digest
    assert followed.unchanged


def test_trackers_that_are_refused(toy):
    with pytest.raises(md.ConfigError, match="mlfow"):
        trained(toy, "no", track="mlfow")
    with pytest.raises(md.ConfigError, match="and no tracker"):
        trained(toy, "no", track_online=True)
    with pytest.raises(md.ConfigError, match="fits in one go"):
        md.train("dummy", toy, "y", split="s", name="no", quiet=True, track="mlflow")
