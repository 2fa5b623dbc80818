"""Predictions of an ensemble from those of its members."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from matdata.load.powers import root_mean_square
from matdata.training.outputs import Members
from matdata.training.prediction import Float, Predictions
from matdata.training.target import Target


def combine(
    ids: npt.ArrayLike,
    targets: tuple[Target, ...],
    members: Members,
    true: Float | None = None,
    about: Mapping[str, str] | None = None,
) -> Predictions:
    """Predictions of an ensemble: Goodall 2022, eq. 2.7 to 2.9.

    For classes the same law of total variance holds for the indicator of each class: a member that
    gives it the probability p expects the variance p (1 - p).
    """
    means = np.asarray(members.means, dtype=np.float64)
    mean = means[0] + (means - means[0]).mean(0)  # exact where all say the same
    noise = _noise(targets, means, members.stds)
    doubt = root_mean_square(means - mean) if len(means) > 1 else None
    total = doubt if noise is None else noise
    if noise is not None and doubt is not None:
        total = np.where(np.isnan(noise), doubt, np.hypot(noise, doubt))
    return Predictions(
        np.asarray(ids, dtype=np.str_),
        targets,
        mean,
        noise,
        doubt,
        total,
        means,
        true,
        noise=None if members.stds is None else np.asarray(members.stds, dtype=np.float64),
        about=about or {},
    )


def _noise(
    targets: tuple[Target, ...], means: Float, stds: npt.NDArray[np.floating] | None
) -> Float | None:
    """Standard deviation of the noise, NaN for numbers whose objective learns none."""
    if stds is None and not any(target.has_probabilities for target in targets):
        return None
    noise: Float = np.full(means.shape[1:], np.nan)
    if stds is not None:
        noise = root_mean_square(np.asarray(stds, dtype=np.float64))
    start = 0
    for target in targets:
        own = slice(start, start + target.size)
        if target.has_probabilities:
            chances = means[..., own]
            noise[..., own] = np.sqrt((chances * (1.0 - chances)).mean(0))
        start = own.stop
    return noise
