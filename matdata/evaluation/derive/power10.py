"""Powers of ten of what was learnt as a decimal logarithm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from matdata.core.errors import ConfigError
from matdata.core.expressions import Expression
from matdata.core.expressions.grammar import parse
from matdata.core.expressions.nodes import Call
from matdata.core.settings import Settings, setting
from matdata.evaluation.derive.base import Derivation, Distributions, Float, Rows, numbers_among
from matdata.training.outputs import Distribution
from matdata.training.target import Target

#: How a unit of a logarithm begins and ends (`matdata.core.expressions.units`).
START, END = "log10(", ")"


@dataclass(frozen=True)
class Power10Options(Settings):
    """Options of `Power10`."""

    target: str = setting("", "target; all that are log10(…) of something if not given")
    unit: str = setting("", "unit of the result; what stands in log10(…) if not given")


class Power10(Derivation[Power10Options]):
    """``10^x`` of each member, ``ln(10) 10^x s`` of a standard deviation s.

    The standard deviation is that of first order in s. A target is a logarithm if it, or the name
    of its column, reads as ``log10`` of one expression; the result of ``log10(k_vrh)`` is named
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
        logarithms = [target for target in chosen if _argument(target.name)]
        if not logarithms:
            names = ", ".join(target.name for target in chosen)
            raise ConfigError(
                f"no target is log10(…) of something: {names}",
                next_step="name the one that is a logarithm: power10:target=NAME",
            )
        return logarithms

    def produces(self, targets: Sequence[Target]) -> Sequence[Target]:
        """One target per logarithm.

        Raises
        ------
        ConfigError
            If there is none.
        """
        return [
            replace(
                target,
                name=_result(target.name),
                unit=self.options.unit or _unit_within(target.unit),
                objective="",
                options={},
            )
            for target in self._sources(targets)
        ]

    def _names(self, names: Sequence[str]) -> list[str]:
        asked = self.options.target
        return [name for name in names if (name == asked if asked else _argument(name))]

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


def _argument(name: str) -> str:
    """What a target is the decimal logarithm of; empty if its name does not read as one."""
    try:
        tree = parse(name)
    except ConfigError:  # a column may be called anything
        return ""
    if not (isinstance(tree, Call) and tree.function == "log10"):
        return ""
    return Expression(tree.argument, name).name


def _unit_within(unit: str) -> str:
    """The unit whose logarithm a unit is, ``1`` if it is none."""
    is_logarithm = unit.startswith(START) and unit.endswith(END)
    return unit[len(START) : -len(END)] if is_logarithm else "1"


def _result(name: str) -> str:
    return _argument(name) or f"10**{name}"
