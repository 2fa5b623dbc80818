"""Who else follows a training: MLflow, Weights & Biases, TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping

from matdata.adapters.trackers import TRACKERS, Tracker
from matdata.core.console import Console
from matdata.core.errors import ConfigError, MatdataError, TrainError
from matdata.core.packages import require_package
from matdata.training.contract import FitTrainer, Trainer
from matdata.training.run import Run
from matdata.training.settings import TrainSettings

#: Folder of a cache that trackers write below.
FOLDER = "tracking"


def require_tracker(trainer: Trainer, settings: TrainSettings) -> None:
    """Check that the package of a tracker is installed, before anything is computed.

    Raises
    ------
    MissingPackageError
        If it is not.
    ConfigError
        If there will be no epochs to follow.
    """
    if settings.track == "none":
        if settings.track_online:
            raise ConfigError("train.track_online is given, and no tracker", next_step="--track")
    elif isinstance(trainer, FitTrainer):
        raise ConfigError(
            f"{trainer.name} fits in one go, so no epochs can be followed by {settings.track}",
            next_step="leave out track",
        )
    else:
        require_package(settings.track, f"--track {settings.track}", "leave out --track")


class Patient:
    """A tracker whose failures end no training: the first is a warning and the last."""

    def __init__(self, tracker: Tracker, kind: str, console: Console) -> None:
        self._tracker: Tracker | None = tracker
        self._kind, self._console = kind, console

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        """Metrics of an epoch."""
        if self._tracker is None:
            return
        try:
            self._tracker.add(numbers, step)
        except Exception as error:
            self._give_up(error)

    def close(self) -> None:
        """No more will come."""
        if self._tracker is None:
            return
        try:
            self._tracker.close()
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._tracker = None
        self._console.warn(f"{self._kind} follows no longer, the training goes on: {error}")


def tracker_of(run: Run, settings: TrainSettings, console: Console) -> Tracker | None:
    """The tracker that settings name; None for none, and for TensorBoard, which the log writes.

    Raises
    ------
    TrainError
        If it cannot be started, as where its server does not answer.
    """
    kind = TRACKERS.get(settings.track)
    if kind is None:
        return None
    described = {
        "plugin": run.trainer.name,
        "dataset": run.dataset_ref,
        **{f"hyper.{key}": value for key, value in run.trainer.hypers.to_dict().items()},
        **{f"train.{key}": value for key, value in settings.identity().items()},
    }
    asked = {key: str(value) for key, value in described.items()}
    first = str(run.extensions[0]["identity_digest"]) if run.extensions else run.digest
    place = run.cache / FOLDER
    try:
        tracker = kind(place, run.name, first, asked, settings.track_online)
    except MatdataError:
        raise
    except Exception as error:
        raise TrainError(
            f"{settings.track} cannot follow run {run.name!r}: {error}",
            cause="its server does not answer, or refuses"
            if settings.track_online
            else f"{place} cannot be written",
            next_step="the same command without --track trains it",
        ) from error
    return Patient(tracker, settings.track, console)
