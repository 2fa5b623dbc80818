"""The smallest matdata plugin: one featurizer and one trainer, registered by entry points.

Copy this folder, change the names in ``pyproject.toml``, and `matdata build … --features NAME`
and `matdata train NAME …` know them. This module imports no torch; the network is in ``model.py``,
which is imported when a model is built. A plugin imports `matdata` and `matdata.plugin` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from matdata.plugin import (
    Block,
    Column,
    Dense,
    FeatureInput,
    Featurizer,
    Field,
    Reject,
    Schema,
    Settings,
    Task,
    TorchTrainer,
    atomic_masses,
)
from matdata_example.hypers import Hypers

if TYPE_CHECKING:
    from torch import nn

AMU_PER_A3 = 1.66053906892  # g/cm³ in one u/Å³ (CODATA 2022)


class CellDensity(Featurizer):
    """Mass density and volume per atom of a crystal's cell."""

    name: ClassVar[str] = "cell-density"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "none: it follows from the definition"
    requires = frozenset({"structure"})

    @property
    def fields(self) -> tuple[Field, ...]:
        """One row of two numbers for each crystal."""
        meaning = "mass density, volume per atom"
        return (Field("density", "crystal", (2,), "float64", "g/cm^3, Å^3", meaning),)

    def featurize(self, batch: FeatureInput) -> Block:
        """Sum the masses of each crystal's sites over its volume."""
        crystals = self.crystals(batch)
        masses = atomic_masses()[crystals.numbers]
        mass = np.bincount(crystals.site_crystal, masses, minlength=len(crystals))
        has_mass = np.isfinite(mass)
        rows = np.flatnonzero(has_mass)
        values = np.stack([mass * AMU_PER_A3, crystals.volume], axis=1)
        values /= np.stack([crystals.volume, crystals.n_sites], axis=1)
        rejects = [
            Reject(str(crystals.ids[row]), "featurize", "unknown_mass", "an element has no mass")
            for row in np.flatnonzero(~has_mass)
        ]
        return Block(rows, {"density": values[rows]}, rejects)

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """The stored numbers as they are."""
        return fields["density"]

    def labels(self) -> Sequence[str]:
        """Names of the two columns."""
        return ["density", "volume_per_atom"]

    def units(self) -> Sequence[str]:
        """Their units."""
        return ["g/cm^3", "Å^3"]


class ExampleTrainer(TorchTrainer[Hypers]):
    """A network of two layers on the atomic fractions."""

    name: ClassVar[str] = "example"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "none: it shows what a trainer is"
    summary: ClassVar[str] = "two layers on the atomic fractions of the elements"
    Hypers: ClassVar[type[Settings]] = Hypers
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    defaults: ClassVar[Mapping[str, object]] = {"epochs": 50, "batch_size": 64, "lr": 3e-3}

    def inputs(self) -> tuple[str, ...]:
        """The fractions of all elements, (b, 103)."""
        return ("fractions",)

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_example.model import FractionNet

        elements = len(schema.featurizers["fractions"].labels())
        return FractionNet(self.hypers, elements, schema.outputs)
