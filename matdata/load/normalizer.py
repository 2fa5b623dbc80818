"""Scaling of targets, fitted on training materials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, overload

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Array, Float
from matdata.core.errors import ConfigError, did_you_mean
from matdata.load.powers import power_of_two

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Numbers = TypeVar("Numbers", "Tensor", Array)

KINDS = ("standard", "robust", "log10", "none")
#: Median absolute deviation to the standard deviation of a normal distribution.
MAD_TO_SIGMA = 1.4826022185056018
#: Targets beyond, and deviations below its inverse, leave float64 no room for squares.
LARGEST = 1e300


@dataclass(frozen=True, eq=False)
class Normalizer:
    """Maps targets to numbers near zero and back, column by column.

    ``standard`` subtracts the mean and divides by the standard deviation; ``robust`` takes median
    and scaled median absolute deviation; ``log10`` takes the decimal logarithm, then as
    ``standard``; ``none`` changes nothing.

    All of it is done in float64, whatever the type of what is given: neither the unit of a target
    nor an offset of it changes what a model sees. A column that is constant in the training part
    has the scale 0: it is encoded as 0, and what is predicted for it is decoded to the constant.

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
    _tensors: dict[torch.device, tuple[Tensor, Tensor]] = field(default_factory=dict, repr=False)

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
            If the kind is unknown, a logarithm is taken of numbers that are not positive, or
            numbers are too large, or too close to each other, for float64.
        """
        if kind not in KINDS:
            raise ConfigError(
                f"unknown normalizer {kind!r}{did_you_mean(kind, KINDS)}",
                next_step=f"choose one of: {', '.join(KINDS)}",
            )
        numbers = np.asarray(values, dtype=np.float64)
        present = np.ones(numbers.shape, bool) if mask is None else np.asarray(mask, dtype=bool)
        pairs = [_fit(kind, numbers[present[:, t], t]) for t in range(numbers.shape[1])]
        shift = np.array([a for a, _ in pairs], dtype=np.float64)
        return cls(kind, shift, np.array([b for _, b in pairs], dtype=np.float64))

    def part(self, first: int, last: int) -> Normalizer:
        """The normalizer of the columns ``first`` to ``last - 1``."""
        return Normalizer(self.kind, self.shift[first:last], self.scale[first:last])

    @classmethod
    def joined(cls, kind: str, parts: Sequence[Normalizer]) -> Normalizer:
        """The normalizer of all columns of some, one after another."""
        shift, scale = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("shift", "scale")
        )
        return cls(kind, shift, scale)

    def encode(self, values: Numbers) -> Numbers:
        """Targets (b, t) to normalised ones, of the same type."""
        exact, shift, scale = self._exact(values)
        if self.kind == "log10":
            exact = np.log10(exact) if isinstance(exact, np.ndarray) else exact.log10()
        constant = scale == 0
        normalised = (exact - shift) / (scale + constant) * ~constant
        if isinstance(values, np.ndarray):
            return np.asarray(normalised)
        return normalised.to(values.device, values.dtype)

    def decode(self, values: Numbers) -> Numbers:
        """Normalised targets (b, t) to those of the table, float64."""
        exact, shift, scale = self._exact(values)
        plain = exact * scale + shift
        return 10.0**plain if self.kind == "log10" else plain

    def decode_std(self, deviation: Numbers, mean: Numbers | None = None) -> Numbers:
        """Standard deviations (b, t) of normalised targets to those of the table, float64.

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
        exact, _, scale = self._exact(deviation)
        if self.kind != "log10":
            return exact * scale
        if mean is None:
            raise ConfigError("deviations of logarithms are decoded together with their means")
        return exact * scale * float(np.log(10.0)) * self.decode(mean)

    def same_as(self, other: Normalizer) -> bool:
        """Whether both map every target to the same number."""
        return self.to_json() == other.to_json()

    def to_json(self) -> dict[str, object]:
        """Plain values, from which `from_json` makes the same normalizer."""
        return {"kind": self.kind, "shift": self.shift.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Normalizer:
        """A normalizer from `to_json`."""
        shift, scale = (np.array(values[name], dtype=np.float64) for name in ("shift", "scale"))
        return cls(str(values["kind"]), shift, scale)

    @overload
    def _exact(self, values: Array) -> tuple[Float, Float, Float]: ...

    @overload
    def _exact(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]: ...

    def _exact(
        self, values: Array | Tensor
    ) -> tuple[Float, Float, Float] | tuple[Tensor, Tensor, Tensor]:
        """The values, shift and scale in float64, in one place."""
        if isinstance(values, np.ndarray):
            return np.asarray(values, dtype=np.float64), self.shift, self.scale
        exact = (values.cpu() if values.device.type == "mps" else values).double()  # mps has none
        if exact.device not in self._tensors:
            pair = exact.new_tensor(self.shift), exact.new_tensor(self.scale)
            self._tensors[exact.device] = pair
        return exact, *self._tensors[exact.device]


def _fit(kind: str, values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Shift and scale of one column."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest > LARGEST:
        raise _beyond(f"targets reach {largest:.3g}, which is too large")
    if kind == "none" or not len(values):
        return 0.0, 1.0
    if kind == "log10":
        if not (values > 0).all():
            raise ConfigError(
                f"{int((values <= 0).sum())} of {len(values)} targets are not positive and have "
                "no logarithm",
                next_step="choose another normalizer, or leave these materials out",
            )
        values = np.log10(values)
    unit = power_of_two(values)
    first = float(values[0])
    differences = values / unit - first / unit
    if not differences.any():
        return first, 0.0
    centre, scale = _centre_and_scale(kind, differences)
    if scale * unit < 1.0 / LARGEST:
        raise _beyond(f"targets differ by {scale * unit:.3g}, which is too little")
    return (first / unit + centre) * unit, scale * unit


def _centre_and_scale(kind: str, values: npt.NDArray[np.float64]) -> tuple[float, float]:
    if kind != "robust":
        return float(values.mean()), float(values.std())
    centre = float(np.median(values))
    # where more than half of the values are equal: fall back on all of them
    deviation = float(np.median(np.abs(values - centre)))
    return centre, MAD_TO_SIGMA * deviation or float(values.std())


def _beyond(what: str) -> ConfigError:
    return ConfigError(
        f"{what} to be learnt",
        cause=f"numbers between {1.0 / LARGEST:.0e} and {LARGEST:.0e} leave float64 room for "
        "differences and their squares",
        next_step="build the dataset with the target in another unit",
    )
