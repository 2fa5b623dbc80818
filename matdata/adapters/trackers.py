"""Trainings followed by MLflow and Weights & Biases: numbers of epochs, and what was asked for.

Neither is sent materials, predictions or weights. Without ``online`` both write below a folder of
this machine, whatever environment variables name a server.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from matdata.core.digest import digest_json
from matdata.core.packages import needed_for

#: Project or experiment that runs stand in.
PROJECT = "matdata"
TAG, DIGEST = "matdata_run", "matdata_digest"
#: Without it MLflow 3 refuses to make a store of files.
FILE_STORE = "MLFLOW_ALLOW_FILE_STORE"


class Tracker(Protocol):
    """Where the numbers of each epoch are logged."""

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        """Metrics of an epoch, by name, after so many steps."""

    def close(self) -> None:
        """No more will come."""


class MlflowTracker:
    """A run of MLflow, in a store of files or, online, wherever MLflow is set up to write.

    Parameters
    ----------
    folder
        Of the store of files.
    name, digest
        Of the run: where both are known, that run goes on, and what was logged before it was
        stopped is not logged again.
    asked
        Its settings.
    online
        Whether MLflow's own settings name the store.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """

    def __init__(
        self, folder: Path, name: str, digest: str, asked: Mapping[str, str], online: bool
    ) -> None:
        with needed_for("--track mlflow", "leave out --track"):
            from mlflow.tracking import MlflowClient
        if online:
            self._client = MlflowClient()
        else:  # a store of files needs no server and no database
            with _set(FILE_STORE, "true"):
                self._client = MlflowClient(tracking_uri=(folder / "mlflow").absolute().as_uri())
        known = self._client.get_experiment_by_name(PROJECT)
        place = known.experiment_id if known else self._client.create_experiment(PROJECT)
        condition = f"tags.{TAG} = '{name}' and tags.{DIGEST} = '{digest}'"
        before = self._client.search_runs([place], condition, max_results=1)
        self._logged: dict[str, int] = {}
        if before:
            self._run = before[0].info.run_id
            self._logged = {metric: self._last(metric) for metric in before[0].data.metrics}
        else:
            tags = {TAG: name, DIGEST: digest, "mlflow.runName": name}
            self._run = self._client.create_run(place, tags=tags).info.run_id
            for key, value in asked.items():
                self._client.log_param(self._run, key, value)

    def _last(self, metric: str) -> int:
        return max(int(one.step) for one in self._client.get_metric_history(self._run, metric))

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        """Metrics of an epoch."""
        for name, value in numbers.items():
            if step <= self._logged.get(name, -1):
                continue
            self._client.log_metric(self._run, name, value, step=step)

    def close(self) -> None:
        """End the run."""
        self._client.set_terminated(self._run)


class WandbTracker:
    """A run of Weights & Biases, offline unless asked for; `MlflowTracker` has the parameters."""

    def __init__(
        self, folder: Path, name: str, digest: str, asked: Mapping[str, str], online: bool
    ) -> None:
        with needed_for("--track wandb", "leave out --track"):
            import wandb
        folder.mkdir(parents=True, exist_ok=True)
        self._run: Any = wandb.init(
            project=PROJECT,
            name=name,
            id=digest_json([str(folder), name, digest])[:16],
            resume="allow",  # it leaves out steps that it knows
            config=dict(asked),
            dir=str(folder),
            mode="online" if online else "offline",
        )

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        """Metrics of an epoch."""
        self._run.log(dict(numbers), step=step)

    def close(self) -> None:
        """End the run."""
        self._run.finish()


TRACKERS: dict[str, Callable[[Path, str, str, Mapping[str, str], bool], Tracker]] = {
    "mlflow": MlflowTracker,
    "wandb": WandbTracker,
}


@contextlib.contextmanager
def _set(variable: str, value: str) -> Iterator[None]:
    """An environment variable that is not set already, for the length of a block."""
    if variable in os.environ:
        yield
        return
    os.environ[variable] = value
    try:
        yield
    finally:
        del os.environ[variable]
