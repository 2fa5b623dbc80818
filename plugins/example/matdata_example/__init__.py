"""The smallest matdata plugin: one featurizer, found by its entry point.

Copy this folder, change the names in ``pyproject.toml``, and `matdata build … --features NAME`
knows it. A plugin imports `matdata` alone, never its inner modules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

import matdata as md

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
