"""Proposals of hyperparameters by optuna's tree-structured Parzen estimator, one after another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from matdata.core.packages import needed_for

#: Trials before the estimator begins; they are drawn at random.
STARTUP = 10


class Parameter(Protocol):
    """What one parameter of a space may be."""

    @property
    def low(self) -> float | int | None: ...  # noqa: D102
    @property
    def high(self) -> float | int | None: ...  # noqa: D102
    @property
    def step(self) -> float | int | None: ...  # noqa: D102
    @property
    def log(self) -> bool: ...  # noqa: D102
    @property
    def choices(self) -> tuple[Any, ...]: ...  # noqa: D102


class Proposals:
    """A sequence of proposals that follows from the seed and the reported values alone.

    Parameters
    ----------
    space
        Parameters by name.
    seed
        Of the sampler.
    higher_is_better
        Whether large values are good.

    Raises
    ------
    MissingPackageError
        If optuna is not installed.
    """

    def __init__(self, space: Mapping[str, Parameter], seed: int, higher_is_better: bool) -> None:
        with needed_for("a search for hyperparameters"):
            import optuna
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._failed = optuna.trial.TrialState.FAIL
        self._space = space
        self._study = optuna.create_study(
            direction="maximize" if higher_is_better else "minimize",
            sampler=optuna.samplers.TPESampler(seed=seed % 2**32, n_startup_trials=STARTUP),
        )
        self._trial: Any = None

    def ask(self) -> dict[str, Any]:
        """The next values by name."""
        self._trial = self._study.ask()
        return {name: _suggest(self._trial, name, one) for name, one in self._space.items()}

    def report(self, value: float | None) -> None:
        """What came of the last ones; None if nothing did."""
        if value is None:
            self._study.tell(self._trial, state=self._failed)
        else:
            self._study.tell(self._trial, value)


def _suggest(trial: Any, name: str, one: Parameter) -> Any:
    if one.choices:
        return trial.suggest_categorical(name, one.choices)
    if isinstance(one.low, int) and isinstance(one.high, int):
        step = 1 if one.step is None else int(one.step)
        return trial.suggest_int(name, one.low, one.high, step=step, log=one.log)
    return trial.suggest_float(name, one.low, one.high, step=one.step, log=one.log)
