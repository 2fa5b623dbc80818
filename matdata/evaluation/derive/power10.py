"""Powers of ten of what was learnt as a decimal logarithm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from matdata.core.errors import ConfigError
from matdata.core.settings import Settings, setting
from matdata.evaluation.derive.base import Derivation, Distributions, Float, Rows, numbers_among
from matdata.training.outputs import Distribution
from matdata.training.target import Target

START, END = "log10(", ")"


@dataclass(frozen=True)
class Power10Options(Settings):
    """Options of `Power10`."""

    target: str = setting("", "target; all that are named log10(…) if not given")
    unit: str = setting("", "unit of the result; what stands in log10(…) if not given")


class Power10(Derivation):
    """``10^x`` of each member, ``ln(10) 10^x s`` of a standard deviation s.

    The standard deviation is that of first order in s. The result of ``log10(k_vrh)`` is named
    ``k_vrh``, that of another target ``10**<target>``.
    """

    name: ClassVar[str] = "power10"
    version: ClassVar[str] = "1"
    summary: ClassVar[str] = "10**x, the inverse of a decimal logarithm"
    Options: ClassVar[type[Settings]] = Power10Options

    def _sources(self, targets: Sequence[Target]) -> list[Target]:
        chosen = numbers_among(targets, self.options.target, self.name)
        if self.options.target:
            return chosen
        logarithms = [target for target in chosen if _inner(target.name)]
        if not logarithms:
            raise ConfigError(
                f"no target is named log10(…): {', '.join(target.name for target in chosen)}",
                next_step="name the one that is a logarithm: power10:target=NAME",
            )
        return logarithms

    def produces(self, targets: Sequence[Target]) -> Sequence[Target]:
        """One target per logarithm."""
        return [
            replace(
                target,
                name=_result(target.name),
                unit=self.options.unit or _inner(target.unit) or "1",
                objective="",
                options={},
            )
            for target in self._sources(targets)
        ]

    def _names(self, names: Sequence[str]) -> list[str]:
        asked = self.options.target
        return [name for name in names if (name == asked if asked else _inner(name))]

    def apply(
        self, predictions: Distributions, rows: Rows, fitted: Mapping[str, Float]
    ) -> Distributions:
        """Powers of the means, and what that makes of the noise."""
        derived = {}
        for name in self._names(list(predictions)):
            logarithm = predictions[name]
            mean = _power(logarithm.mean)
            noise = logarithm.aleatoric
            if noise is not None:
                noise = float(np.log(10.0)) * mean * noise
            derived[_result(name)] = Distribution(mean, noise)
        return derived

    def truth(self, truth: Mapping[str, Float], rows: Rows) -> Mapping[str, Float]:
        """Powers of the true values."""
        return {_result(name): _power(truth[name]) for name in self._names(list(truth))}


def _power(values: Float) -> Float:
    with np.errstate(over="ignore"):
        return np.asarray(10.0**values, dtype=np.float64)


def _inner(text: str) -> str:
    """What a text is the logarithm of; empty if it is not written as one."""
    return text[len(START) : -len(END)] if text.startswith(START) and text.endswith(END) else ""


def _result(name: str) -> str:
    return _inner(name) or f"10**{name}"
