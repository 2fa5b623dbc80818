"""Pictures of the runs on all folds of a split together."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from matdata.figures import require_matplotlib
from matdata.training.run_look import look_of
from matdata.training.run_plots import RunPlots

if TYPE_CHECKING:
    from matdata.figures.picture import Picture
    from matdata.training.run import Run


def parity_of_folds(runs: Sequence[Run], target: str, style: str = "light") -> Picture:
    """Predicted over true values of the test parts of all folds, with the mean of their scores.

    Raises
    ------
    TrainError
        If a run was not evaluated.
    ConfigError
        As `RunPlots.parity`.
    """
    require_matplotlib()
    from matdata.figures.parity import SCORES, joined, parity

    plots = [RunPlots(run) for run in runs]
    scores = [one.record["targets"][target]["metrics"] for one in plots]
    mean = {
        name: None if any(one[name] is None for one in scores) else fmean(o[name] for o in scores)
        for name in SCORES
    }
    split = runs[0].split
    title = f"{target}, mean scores of {len(runs)} folds"
    look = look_of(runs[0], style, f"test parts of {len(runs)} folds", split.get("family"))
    return parity(joined([one.pairs(target) for one in plots]), mean, None, title, look)
