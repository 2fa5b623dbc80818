"""Compositions: weighted sets, padded matrices, fraction vectors and formula graphs."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from matdata.core.crystals import Int
from matdata.features.base import S_co
from matdata.features.formulas import (
    ELEMENT_SETS,
    LOG_SCALE,
    FractionSettings,
    MatrixSettings,
    SetSettings,
)
from matdata.load.inputs.base import BatchForm, unsigned
from matdata.tables import element_vectors


class _Elements(BatchForm[S_co]):
    @functools.cached_property
    def numbers(self) -> Tensor:
        """Atomic number of each element of each formula, (K,) int64."""
        return self.fields["elements"].to(torch.int64)

    @property
    def fractions(self) -> Tensor:
        """Atomic fractions, (K,) float32, sum 1 in each material, no unit."""
        return self.fields["fractions"]

    @property
    def crystal(self) -> Tensor:
        """Material of each element, (K,) int64."""
        return self.segments["element"].owner


class CompositionSetBatch(_Elements[SetSettings]):
    """``composition-set`` (Roost): the weighted set of elements of each formula.

    numbers (K,), fractions (K,), vectors (K, width), pairs two (P,), crystal (K,), and
    ``segments["element"]``.
    """

    @property
    def vectors(self) -> Tensor:
        """Vectors of the elements, (K, width) float32."""
        name = self.featurizer.settings.table
        table = self.table(name, lambda: element_vectors.vectors(name))
        return table.index_select(0, self.numbers)

    @property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """All ordered pairs of elements of one material, each with itself too, two (P,) int64."""
        return self.segments["element"].pairs

    def dense(self) -> Tensor:
        """Weight and vector, (K, 1 + width)."""
        return torch.cat([self.fractions[:, None], self.vectors], 1)


class ElementMatrixBatch(_Elements[MatrixSettings]):
    """``edm`` (CrabNet, L-G-DCNN): rows of elements as they are, and padded.

    numbers (K,), fractions (K,), crystal (K,) and ``segments["element"]``; elements,
    padded_fractions, log_fractions and mask are (b, L), L the longest formula of the batch, or
    or the setting ``length``.
    """

    def _padded(self, values: Tensor) -> Tensor:
        grid = self.segments["element"].padded(values)
        more = (self.featurizer.settings.length or grid.shape[1]) - grid.shape[1]
        return functional.pad(grid, (0, more))

    @functools.cached_property
    def elements(self) -> Tensor:
        """Atomic numbers, 0 where padded, (b, L) int64."""
        return self._padded(self.numbers)

    @functools.cached_property
    def padded_fractions(self) -> Tensor:
        """Fractions, 0 where padded, (b, L) float32."""
        return self._padded(self.fractions)

    @functools.cached_property
    def log_fractions(self) -> Tensor:
        """``0.0025 log2(x)^2``, at most 1, 0 where padded, (b, L) float32."""
        return self._padded((LOG_SCALE * torch.log2(self.fractions) ** 2).clamp(max=1.0))

    @property
    def mask(self) -> Tensor:
        """True where an element is, (b, L)."""
        return self.elements > 0

    def dense(self) -> Tensor:
        """Element, fraction, logarithmic fraction, (b, L, 3)."""
        parts = [self.elements.to(torch.float32), self.padded_fractions, self.log_fractions]
        return torch.stack(parts, 2)


def _columns(key: str) -> Int:
    """Column of each atomic number, (256,)."""
    column = np.zeros(256, dtype=np.int64)
    column[list(ELEMENT_SETS[key])] = np.arange(len(ELEMENT_SETS[key]))
    return column


class FractionBatch(_Elements[FractionSettings]):
    """``fractions`` (ElemNet, ResCNN): `values` (b, columns), 103 columns by default."""

    @functools.cached_property
    def values(self) -> Tensor:
        """Fraction of each element by column, (b, columns) float32."""
        key = self.featurizer.settings.elements
        width = len(ELEMENT_SETS[key])
        column = self.table(key, lambda: _columns(key)).index_select(0, self.numbers)
        out = self.fractions.new_zeros(self.size * width)
        out[self.crystal * width + column] = self.fractions
        return out.view(self.size, width)

    def dense(self) -> Tensor:
        """`values`."""
        return self.values


class FormulaGraphBatch(BatchForm):
    """``formula-graph`` (Finder): one node per atom, fully connected.

    numbers (A,), crystal (A,), pairs two (P,) and ``segments["node"]``; as stored, elements (K,)
    and counts (K,), the atoms of each, with ``segments["element"]``.
    """

    @functools.cached_property
    def elements(self) -> Tensor:
        """Atomic number of each element of each formula, ascending, (K,) int64."""
        return self.fields["elements"].to(torch.int64)

    @functools.cached_property
    def counts(self) -> Tensor:
        """Atoms of each element in the integer formula, (K,) int64."""
        return unsigned(self.fields["counts"])

    @functools.cached_property
    def _element(self) -> Tensor:
        """Entry of the formula that each node comes from, (A,) int64."""
        return torch.repeat_interleave(self.counts, output_size=self.segments["node"].total)

    @functools.cached_property
    def numbers(self) -> Tensor:
        """Atomic number of each node, (A,) int64."""
        return self.elements.index_select(0, self._element)

    @property
    def crystal(self) -> Tensor:
        """Material of each node, (A,) int64."""
        return self.segments["node"].owner

    @property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """All ordered pairs of nodes of one material, each with itself too, two (P,) int64."""
        return self.segments["node"].pairs

    def dense(self) -> Tensor:
        """Atomic number of each node, (A, 1)."""
        return self.numbers[:, None]
