"""Settings of the loop that a prediction may have of its own; importable without torch."""

from __future__ import annotations

from collections.abc import Mapping

from matdata.core.errors import ConfigError, did_you_mean
from matdata.training.settings import UNLIMITED, TrainSettings, require_one_limit

#: All others change how the weights are read, and are those that the run was trained with.
OF_PREDICTION = (
    *("device", "batch_size", *UNLIMITED, "threads", "precision", "loader"),
    "cpu_kernels",
)


def check_prediction(settings: Mapping[str, object]) -> None:
    """Refuse settings that would read the weights of a run in another way than they were trained.

    Raises
    ------
    ConfigError
        If one is none of `OF_PREDICTION`.
    """
    for name in settings:
        if name not in OF_PREDICTION:
            raise ConfigError(
                f"predictions have no setting {name!r}{did_you_mean(name, OF_PREDICTION)}",
                cause="the other settings are those that the run was trained with",
                next_step=f"settings: {', '.join(OF_PREDICTION)}",
            )


def prediction_settings(trained: TrainSettings, given: Mapping[str, object]) -> TrainSettings:
    """The settings of a prediction: those given, else those of the training.

    A batch size that is given takes the place of the budgets of the training.

    Raises
    ------
    ConfigError
        If one is none of `OF_PREDICTION`, or has a value that it cannot take; if both a batch size
        and a budget in its place are given.
    """
    check_prediction(given)
    require_one_limit(given)
    budgets = UNLIMITED if "batch_size" in given else {}
    return trained.replace(**{**budgets, **given})
