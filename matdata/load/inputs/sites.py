"""Sites: vectors of their elements, and orbital field matrices."""

from __future__ import annotations

import functools
from typing import cast

import numpy as np
import torch
from torch import Tensor

from matdata.features.base import S_co
from matdata.features.element import ElementSettings
from matdata.features.ofm import OrbitalFieldSettings
from matdata.load.inputs.base import BatchForm
from matdata.tables import element_vectors
from matdata.tables.valence import Rule, valence_vectors


class _Sites(BatchForm[S_co]):
    @property
    def level(self) -> str:
        """Name of the ragged level of the rows."""
        return "site"

    @functools.cached_property
    def numbers(self) -> Tensor:
        """Atomic numbers, (N,) int64."""
        return self.fields["numbers"].to(torch.int64)

    @property
    def crystal(self) -> Tensor:
        """Material of each row, (N,) int64."""
        return self.segments[self.level].owner


class ElementBatch(_Sites[ElementSettings]):
    """``element:<table>``: one row per site, or per element of the formula.

    numbers (N,), vectors (N, width) in the units of the table, crystal (N,), and
    ``segments["site"]``, or ``segments["element"]`` with the setting ``per=element``.
    """

    @property
    def level(self) -> str:
        """``site`` or ``element``."""
        return self.featurizer.settings.per

    @property
    def vectors(self) -> Tensor:
        """Rows of the table, (N, width) float32."""
        settings = self.featurizer.settings
        read = element_vectors.filled if settings.unknown == "mean" else element_vectors.vectors
        table = self.table(settings.variant, lambda: read(settings.variant))
        return table.index_select(0, self.numbers)

    def dense(self) -> Tensor:
        """`vectors`."""
        return self.vectors


class OrbitalFieldBatch(_Sites[OrbitalFieldSettings]):
    """``ofm``: orbital field matrices of the sites, in 1/bohr.

    numbers (N,), ligand (N, 32), own (N, 32), matrices (N, 32, 32), vectors (N, 1056),
    crystal (N,), and ``segments["site"]``.
    """

    @property
    def own(self) -> Tensor:
        """Valence o(c) of each site, (N, 32) float32; 39 wide with periods."""
        chosen = self.featurizer.settings
        rule = cast(Rule, chosen.valence)
        table = self.table(
            "valence", lambda: valence_vectors(rule, chosen.period_tag).astype(np.float32)
        )
        return table.index_select(0, self.numbers)

    @property
    def ligand(self) -> Tensor:
        """Neighbours' weighted valence, (N, 32) float32 in 1/bohr."""
        return self.fields["ligand"]

    @property
    def matrices(self) -> Tensor:
        """X of each site, rows are neighbours, (N, 32, 32)."""
        return self.ligand[:, :, None] * self.own[:, None, :]

    @property
    def vectors(self) -> Tensor:
        """X row by row, then o(c), (N, 1056): OCrystalNet eq. 3."""
        return torch.cat([self.matrices.flatten(1), self.own], 1)

    def dense(self) -> Tensor:
        """`vectors`."""
        return self.vectors


class MeanOrbitalFieldBatch(OrbitalFieldBatch):
    """``ofm`` with ``level="structure"``: `values` (b, 1056) is the mean over the sites."""

    @functools.cached_property
    def values(self) -> Tensor:
        """Mean of `vectors` over the sites of each material, (b, 1056) float32."""
        return self.segments[self.level].mean(self.vectors)

    def dense(self) -> Tensor:
        """`values`."""
        return self.values
