"""What the picture of residuals is drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matdata.training.plot_data import PlotData
from matdata.training.prediction_columns import Statistic

if TYPE_CHECKING:
    from matdata.figures.picture import Look, Picture

Float = npt.NDArray[np.float64]


def draw_residuals(
    data: PlotData, target: str, title: str, look: Look, beside: Mapping[str, PlotData]
) -> Picture:
    """Residuals of a target, with the errors of other runs on the same materials."""
    from matdata.figures.residuals import residuals

    pairs = data.pairs(target).finite()
    others = {}
    for name, other in beside.items():
        own = other.pairs(target).finite()
        others[name] = np.abs(own.predicted - own.true)
    return residuals(
        pairs.predicted - pairs.true,
        pairs.deviation,
        pairs.unit,
        title,
        look,
        log_ratio(data.flat(target, Statistic.ALEATORIC), data.flat(target, Statistic.EPISTEMIC)),
        others,
    )


def log_ratio(aleatoric: Float | None, epistemic: Float | None) -> Float | None:
    """log10 of aleatoric over epistemic standard deviations, of entries where both are above 0;
    None where one is not predicted."""
    if aleatoric is None or epistemic is None:
        return None
    both = (aleatoric > 0) & (epistemic > 0)
    return np.log10(aleatoric[both]) - np.log10(epistemic[both])
