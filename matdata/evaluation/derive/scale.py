"""Another unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from matdata.core.errors import ConfigError
from matdata.core.settings import Settings, setting
from matdata.evaluation.derive.base import Derivation, Distributions, Float, Rows, numbers_among
from matdata.training.outputs import Distribution
from matdata.training.target import Target


@dataclass(frozen=True)
class ScaleOptions(Settings):
    """Options of `Scale`."""

    target: str = setting("", "target; the only one if not given")
    factor: float = setting(1.0, "what it is multiplied by")
    unit: str = setting("", "unit of the product")
    name: str = setting("", "name of the product; <target>_<unit> if not given")


class Scale(Derivation[ScaleOptions]):
    """A target times a constant factor, such as eV/atom in kJ/mol: 96.48533212."""

    name: ClassVar[str] = "scale"
    version: ClassVar[str] = "1"
    summary: ClassVar[str] = "a target in another unit"
    Options: ClassVar[type[Settings]] = ScaleOptions

    def _name(self, target: str) -> str:
        return str(self.options.name or f"{target}_{self.options.unit}")

    def produces(self, targets: Sequence[Target]) -> Sequence[Target]:
        """The target in its new unit.

        Raises
        ------
        ConfigError
            If no unit is given, or the target is not the only one and is not named.
        """
        chosen = numbers_among(targets, self.options.target, self.name)
        if len(chosen) > 1 or not self.options.unit:
            raise ConfigError(
                "scale needs a unit, and a target where there are several",
                next_step="for example: scale:target=e_form,factor=96.48533212,unit=kJ/mol",
            )
        (one,) = chosen
        self._source = one.name
        new = replace(one, name=self._name(one.name), unit=self.options.unit)
        return [replace(new, objective="", options={})]

    def apply(
        self, predictions: Distributions, rows: Rows, fitted: Mapping[str, Float]
    ) -> Distributions:
        """Means times the factor, standard deviations times its magnitude."""
        one, factor = predictions[self._source], self.options.factor
        noise = None if one.aleatoric is None else abs(factor) * one.aleatoric
        return {self._name(self._source): Distribution(factor * one.mean, noise)}

    def truth(self, truth: Mapping[str, Float], rows: Rows) -> Mapping[str, Float]:
        """True values times the factor."""
        return {self._name(self._source): self.options.factor * truth[self._source]}
