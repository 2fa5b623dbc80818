"""From true values in float64 to the float32 targets that batches hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError, first_few
from matdata.load.normalizer import Normalizer
from matdata.load.targets import Targets, Truths

#: Most that float32 may change a target by, in standard deviations.
LOSS = 1e-3


def fitted(normalizer: str | Normalizer | None, truths: Truths) -> Normalizer | None:
    """The normalizer that was given, or one of the kind that was named, fitted to these values."""
    if not truths.columns:
        return None
    if isinstance(normalizer, str):
        return Normalizer.fit(normalizer, truths.values, truths.mask)
    return normalizer


def encode(
    truths: Truths, normalizer: Normalizer | None, ids: npt.NDArray[np.str_], what: str
) -> Targets:
    """Targets as batches hold them, 0 where unknown.

    Parameters
    ----------
    truths
        True values.
    normalizer
        Centres and scales them in float64, before they are float32; None leaves their units.
    ids, what
        Which materials they are, for messages.

    Raises
    ------
    ConfigError
        If the normalizer has no number for a target, or float32 does not tell targets apart.
    """
    present, values = truths.mask, truths.values
    if normalizer is not None and normalizer.kind == "log10":
        _require(ids, present & (values <= 0), f"of {what} have targets that are not positive")
        values = np.where(present, values, 1.0)
    if normalizer is not None:
        values = normalizer.encode(values)
    if not present.all():
        values = np.where(present, values, 0.0)
    with np.errstate(over="ignore", under="ignore"):
        single = values.astype(np.float32)
    if normalizer is None or normalizer.kind == "none":
        _require_distinct(truths, values, single, what)
    return Targets(truths.columns, single, present)


def _require(ids: npt.NDArray[np.str_], bad: npt.NDArray[np.bool_], problem: str) -> None:
    rows = bad.any(axis=1)
    if rows.any():
        raise ConfigError(
            f"{int(rows.sum())} materials {problem}: {first_few(ids[rows])}; normalizer log10 "
            "takes their logarithm",
            next_step="choose another normalizer, or leave these materials out",
        )


def _require_distinct(
    truths: Truths,
    values: npt.NDArray[np.float64],
    single: npt.NDArray[np.float32],
    what: str,
) -> None:
    """Refuse targets whose differences would be lost in float32."""
    if (values == single).all():  # such as spectra, which are stored in float32
        return
    change = np.abs(values - single)
    vanish = (values != 0) & (single == 0)
    column = 0
    for target in truths.columns:
        own = slice(column, column + target.size)
        column += target.size
        numbers = values[:, own][truths.mask[:, own]]
        if not len(numbers):
            continue
        deviation = Normalizer.fit("standard", numbers[:, None]).scale[0]
        worst = float(change[:, own].max())
        if worst > LOSS * deviation > 0 or vanish[:, own].any() or not np.isfinite(worst):
            raise ConfigError(
                f"float32, which networks compute in, does not hold {target.name} of {what}: it "
                f"changes values by up to {worst:.2g}, their standard deviation is {deviation:.2g}",
                cause="values are far from 0 compared with their differences, or beyond 1e±38",
                next_step='let a normalizer centre and scale them first: normalizer="standard" of '
                "loaders, train.normalizer=standard of a training",
            )
