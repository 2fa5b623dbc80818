"""Who else follows a training: MLflow, Weights & Biases, TensorBoard."""

from __future__ import annotations

from matdata.adapters.trackers import TRACKERS, Tracker
from matdata.core.errors import ConfigError
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


def tracker_of(run: Run, settings: TrainSettings) -> Tracker | None:
    """The tracker that settings name; None for none, and for TensorBoard, which the log writes."""
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
    return kind(run.cache / FOLDER, run.name, asked, settings.track_online)
