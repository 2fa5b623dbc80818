"""Trainings followed by MLflow and Weights & Biases: numbers of epochs, and what was asked for.

Neither is sent materials, predictions or weights. Without ``online`` both write below a folder of
this machine, whatever environment variables name a server.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from matdata.core.packages import needed_for

#: Project or experiment that runs stand in.
PROJECT = "matdata"
TAG = "matdata_run"


class Tracker(Protocol):
    """What is told of each epoch."""

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        """Numbers of an epoch, by name, after so many steps."""

    def close(self) -> None:
        """No more will come."""


class MlflowTracker:
    """A run of MLflow, in a store of files or, online, wherever MLflow is set up to write.

    Parameters
    ----------
    folder
        Of the store of files.
    name, asked
        Of the run, and its settings: a run of that name goes on.
    online
        Whether MLflow's own settings name the store.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """

    def __init__(self, folder: Path, name: str, asked: Mapping[str, str], online: bool) -> None:
        with needed_for("--track mlflow", "leave out --track"):
            from mlflow.tracking import MlflowClient
        uri = None
        if not online:  # a store of files needs no server and no database; MLflow 3 asks for a word
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
            uri = (folder / "mlflow").absolute().as_uri()
        self._client = MlflowClient(tracking_uri=uri)
        known = self._client.get_experiment_by_name(PROJECT)
        place = known.experiment_id if known else self._client.create_experiment(PROJECT)
        condition = f"tags.{TAG} = '{name}'"
        before = self._client.search_runs([place], condition, max_results=1)
        if before:
            self._run = before[0].info.run_id
        else:
            tags = {TAG: name, "mlflow.runName": name}
            self._run = self._client.create_run(place, tags=tags).info.run_id
            for key, value in asked.items():
                self._client.log_param(self._run, key, value)

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        """Numbers of an epoch."""
        for name, value in numbers.items():
            self._client.log_metric(self._run, name, value, step=step)

    def close(self) -> None:
        """End the run."""
        self._client.set_terminated(self._run)


class WandbTracker:
    """A run of Weights & Biases, offline unless asked for; `MlflowTracker` has the parameters."""

    def __init__(self, folder: Path, name: str, asked: Mapping[str, str], online: bool) -> None:
        with needed_for("--track wandb", "leave out --track"):
            import wandb
        folder.mkdir(parents=True, exist_ok=True)
        self._run: Any = wandb.init(
            project=PROJECT,
            name=name,
            config=dict(asked),
            dir=str(folder),
            mode="online" if online else "offline",
        )

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        """Numbers of an epoch."""
        self._run.log(dict(numbers), step=step)

    def close(self) -> None:
        """End the run."""
        self._run.finish()


TRACKERS: dict[str, Callable[[Path, str, Mapping[str, str], bool], Tracker]] = {
    "mlflow": MlflowTracker,
    "wandb": WandbTracker,
}
