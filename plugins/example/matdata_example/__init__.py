"""The smallest matdata plugin: one featurizer and one trainer, found by their entry points.

Copy this folder, change the names in ``pyproject.toml``, and `matdata build … --features NAME`
and `matdata train NAME …` know them. This module imports no torch; the network is in ``model.py``,
which is imported when a model is built. A plugin imports `matdata` alone, never its inner modules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

import matdata as md
from matdata_example.hypers import Hypers

if TYPE_CHECKING:
    from torch import nn

AMU_PER_A3 = 1.66053906892  # g/cm³ in one u/Å³ (CODATA 2022)


class CellDensity(md.Featurizer):
    """Mass density and volume per atom of a crystal's cell."""

    name: ClassVar[str] = "cell-density"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "none: it follows from the definition"
    requires: ClassVar[Any] = "structure"

    @property
    def fields(self) -> tuple[md.Field, ...]:
        """One row of two numbers for each crystal."""
        meaning = "mass density, volume per atom"
        return (md.Field("density", "crystal", (2,), "float64", "g/cm^3, Å^3", meaning),)

    def featurize(self, batch: md.Crystals) -> md.Block:
        """Sum the masses of each crystal's sites over its volume."""
        mass = np.bincount(
            batch.site_crystal, md.atomic_masses()[batch.numbers], minlength=len(batch)
        )
        known = np.isfinite(mass)
        rows = np.flatnonzero(known)
        values = np.stack([mass * AMU_PER_A3, batch.volume], axis=1)
        values /= np.stack([batch.volume, batch.n_sites], axis=1)
        rejects = [
            md.Reject(str(batch.ids[row]), "featurize", "unknown_mass", "an element has no mass")
            for row in np.flatnonzero(~known)
        ]
        return md.Block(rows, {"density": values[rows]}, rejects)

    def dense(self, fields: Mapping[str, Any]) -> Any:
        """The stored numbers as they are."""
        return fields["density"]

    def labels(self) -> Sequence[str]:
        """Names of the two columns."""
        return ["density", "volume_per_atom"]

    def units(self) -> Sequence[str]:
        """Their units."""
        return ["g/cm^3", "Å^3"]


class ExampleTrainer(md.TorchTrainer):
    """A network of two layers on the atomic fractions."""

    name: ClassVar[str] = "example"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "none: it shows what a trainer is"
    summary: ClassVar[str] = "two layers on the atomic fractions of the elements"
    Hypers: ClassVar[type[md.Settings]] = Hypers
    tasks: ClassVar[tuple[Any, ...]] = ("regression", "classification")
    defaults: ClassVar[Mapping[str, Any]] = {"epochs": 50, "batch_size": 64, "lr": 3e-3}

    def inputs(self) -> tuple[str, ...]:
        """The fractions of all elements, (b, 103)."""
        return ("fractions",)

    def model(self, schema: md.Schema) -> nn.Module:
        """The network."""
        from matdata_example.model import FractionNet

        elements = len(schema.featurizers["fractions"].labels())
        return FractionNet(self.hypers, elements, schema.outputs)
