"""Training options that would have no effect are refused."""

from __future__ import annotations

from collections.abc import Mapping

from matdata.core.errors import ConfigError, TrainError
from matdata.training.contract import FitTrainer, Trainer
from matdata.training.request import Request
from matdata.training.settings import (
    UNLIMITED,
    fit_honours,
    require_honoured,
    require_one_limit,
)


def idle_settings(
    trainer: Trainer, request: Request, settings: Mapping[str, object]
) -> frozenset[str]:
    """Settings of the loop that mean nothing beside the others, and may not be given with them."""
    if isinstance(trainer, FitTrainer):
        return frozenset(name for name in settings if not fit_honours(name))
    idle = set()
    if any(settings.get(name) for name in UNLIMITED):
        idle.add("batch_size")
    if request.keep_normalizer:
        idle.add("normalizer")
    return frozenset(idle)


def reject_idle_settings(trainer: Trainer, request: Request) -> None:
    """Refuse options that would be written down and not used.

    Raises
    ------
    TrainError
        If weights or a normalizer are to be given to a plugin with a fit of its own.
    ConfigError
        If a setting would have no effect.
    """
    if isinstance(trainer, FitTrainer):
        if request.from_run or request.freeze or request.reinit or request.keep_normalizer:
            raise TrainError(
                f"{trainer.name} has a fit of its own and takes over no weights",
                next_step="leave out --from-run, --freeze, --reinit and --keep-normalizer",
            )
        require_honoured(trainer.name, request.settings)
        named = sorted(n for n, asked in request.target_requests.items() if asked.objective)
        if named:
            raise ConfigError(
                f"{trainer.name} has a fit of its own, which no objective reaches "
                f"({', '.join(named)})",
                next_step="leave out --objective",
            )
        return
    require_one_limit(request.settings)
    if request.keep_normalizer and not request.from_run:
        raise ConfigError(
            "--keep-normalizer keeps the normalizer of another run; no run is named",
            next_step="add --from-run NAME, or leave out --keep-normalizer",
        )
    if request.keep_normalizer and "normalizer" in request.settings:
        raise ConfigError(
            "--keep-normalizer and train.normalizer are both given",
            next_step="leave one of them out",
        )
    if request.reinit and not request.from_run:
        raise ConfigError(
            "--reinit names weights of another run that are not taken over; no run is named",
            next_step="add --from-run NAME, or leave out --reinit",
        )
