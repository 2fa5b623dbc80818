"""Scaling of targets, fitted on training materials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from matdata.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from torch import Tensor

Numbers = TypeVar("Numbers", "Tensor", npt.NDArray[Any])

KINDS = ("standard", "robust", "log10", "none")
#: Median absolute deviation to the standard deviation of a normal distribution.
MAD_TO_SIGMA = 1.4826022185056018


@dataclass(frozen=True, eq=False)
class Normalizer:
    """Maps targets to numbers near zero and back, column by column.

    ``standard`` subtracts the mean and divides by the standard deviation; ``robust`` takes median
    and scaled median absolute deviation; ``log10`` takes the decimal logarithm, then as
    ``standard``; ``none`` changes nothing.

    Attributes
    ----------
    kind
        One of `KINDS`.
    shift, scale : (t,) float64
        What is subtracted, and what the difference is divided by.
    """

    kind: str
    shift: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    _tensors: dict[Any, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def fit(cls, kind: str, values: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> Normalizer:
        """Fit to the targets of the training materials.

        Parameters
        ----------
        kind
            One of `KINDS`.
        values : (n, t)
            Targets.
        mask : (n, t) bool
            Where they are known; everywhere if not given.

        Raises
        ------
        ConfigError
            If the kind is unknown, or a logarithm is asked of numbers that are not positive.
        """
        if kind not in KINDS:
            raise ConfigError(
                f"unknown normalizer {kind!r}{did_you_mean(kind, KINDS)}",
                next_step=f"choose one of: {', '.join(KINDS)}",
            )
        numbers = np.asarray(values, dtype=np.float64)
        known = np.ones(numbers.shape, bool) if mask is None else np.asarray(mask, dtype=bool)
        pairs = [_fit(kind, numbers[known[:, t], t]) for t in range(numbers.shape[1])]
        shift = np.array([a for a, _ in pairs], dtype=np.float64)
        return cls(kind, shift, np.array([b for _, b in pairs], dtype=np.float64))

    def encode(self, values: Numbers) -> Numbers:
        """Targets (b, t) to normalised ones."""
        shift, scale = self._like(values)
        if self.kind == "log10":
            values = np.log10(values) if isinstance(values, np.ndarray) else values.log10()
        return cast("Numbers", (values - shift) / scale)

    def decode(self, values: Numbers) -> Numbers:
        """Normalised targets (b, t) to those of the table."""
        shift, scale = self._like(values)
        plain = values * scale + shift
        return cast("Numbers", 10.0**plain if self.kind == "log10" else plain)

    def decode_std(self, deviation: Numbers, mean: Numbers | None = None) -> Numbers:
        """Standard deviations (b, t) of normalised targets to those of the table.

        Parameters
        ----------
        deviation
            In units of normalised targets.
        mean
            Normalised means (b, t); needed for ``log10``, where the deviation is that of first
            order, ``ln(10) y`` times the deviation of the logarithm.

        Raises
        ------
        ConfigError
            If the means are needed and not given.
        """
        _, scale = self._like(deviation)
        if self.kind != "log10":
            return cast("Numbers", deviation * scale)
        if mean is None:
            raise ConfigError("deviations of logarithms are decoded together with their means")
        return cast("Numbers", deviation * scale * float(np.log(10.0)) * self.decode(mean))

    def to_json(self) -> dict[str, Any]:
        """Plain values, from which `from_json` makes the same normalizer."""
        return {"kind": self.kind, "shift": self.shift.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Normalizer:
        """A normalizer from `to_json`."""
        shift, scale = (np.array(values[name], dtype=np.float64) for name in ("shift", "scale"))
        return cls(str(values["kind"]), shift, scale)

    def _like(self, values: Any) -> Sequence[Any]:
        """Shift and scale where the values are."""
        if isinstance(values, np.ndarray):
            return self.shift, self.scale
        key = values.device, values.dtype
        if key not in self._tensors:
            self._tensors[key] = values.new_tensor(self.shift), values.new_tensor(self.scale)
        found: Sequence[Any] = self._tensors[key]
        return found


def _fit(kind: str, values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Shift and scale of one column."""
    if kind == "none" or not len(values):
        return 0.0, 1.0
    if kind == "robust":
        centre = float(np.median(values))
        spread = MAD_TO_SIGMA * float(np.median(np.abs(values - centre)))
        # more than half of the values are equal: fall back on all of them
        return centre, spread or float(values.std()) or 1.0
    if kind == "log10":
        if not (values > 0).all():
            raise ConfigError(
                f"{int((values <= 0).sum())} of {len(values)} targets are not positive and have "
                "no logarithm",
                next_step="choose another normalizer, or leave these materials out",
            )
        values = np.log10(values)
    return float(values.mean()), float(values.std()) or 1.0
