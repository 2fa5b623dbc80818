"""Learning curves from Python; nothing heavy is imported before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matdata.core.cache import cache_dir
from matdata.core.console import SILENT, Console
from matdata.core.packages import need_torch

if TYPE_CHECKING:
    from matdata.evaluation.learning_curve import LearningCurve
    from matdata.training.run import Run


def curve(
    run: Run | str,
    *,
    fractions: Sequence[float] | None = None,
    seeds: int = 1,
    cache: str | Path | None = None,
    quiet: bool = False,
) -> tuple[LearningCurve, ...]:
    """How the validation error of a run falls with its training part, as ``matdata curve`` does.

    Parameters
    ----------
    run
        A finished run, or the name of one: its training on all materials.
    fractions
        Shares of the training part beside all of it; 1/16, 1/8, 1/4 and 1/2 if not given.
    seeds
        Trainings of each share, from the seed of the run.
    cache
        Cache folder of a run that is named.
    quiet
        Print warnings alone.

    Returns
    -------
    tuple of LearningCurve
        By target.

    Raises
    ------
    MatdataError
        As ``matdata curve``; `ConfigError` if a share is out of range.

    Examples
    --------
    >>> (of_gap,) = md.curve("gap", fractions=[0.1, 0.3], seeds=3)
    >>> of_gap.power_law.exponent
    """
    need_torch()
    from matdata.evaluation.learning_curve import FRACTIONS, learning_curve
    from matdata.evaluation.run_request import run_of

    first = run_of({"run": run, "cache": cache})
    where = cache_dir(cache) if isinstance(run, str) else first.cache
    chosen = FRACTIONS if fractions is None else tuple(map(float, fractions))
    return learning_curve(first, where, chosen, seeds, SILENT if quiet else Console())
