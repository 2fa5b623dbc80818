"""Compositions: weighted sets, padded matrices, fraction vectors and formula graphs."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from matdata.features.base import S_co
from matdata.features.formulas import (
    ELEMENT_SETS,
    LOG_SCALE,
    FractionSettings,
    MatrixSettings,
    SetSettings,
)
from matdata.load.inputs.base import Input, device_table, pairs_within, unsigned
from matdata.tables import element_vectors


class _Elements(Input[S_co]):
    @functools.cached_property
    def numbers(self) -> Tensor:
        """Atomic number of each element of each formula, (K,) int64."""
        return self.fields["elements"].to(torch.int64)

    @property
    def fractions(self) -> Tensor:
        """Atomic fractions, (K,) float32, sum 1 in each material."""
        return self.fields["fractions"]

    @property
    def crystal(self) -> Tensor:
        """Material of each element, (K,) int64."""
        return self.owner("element")


class SetInput(_Elements[SetSettings]):
    """``composition-set`` (Roost): numbers, fractions, vectors (K, width), pairs, crystal."""

    @property
    def vectors(self) -> Tensor:
        """Vectors of the elements, (K, width) float32."""
        table = self.featurizer.settings.table
        return device_table(table, self.device, element_vectors.vectors)[self.numbers]

    @functools.cached_property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """All ordered pairs of elements of one material, each with itself too, two (P,) int64."""
        pairs = int((self.lengths("element") ** 2).sum())
        return pairs_within(self.offsets["element"], self.entries("element"), pairs)

    def dense(self) -> Tensor:
        """Weight and vector, (K, 1 + width)."""
        return torch.cat([self.fractions[:, None], self.vectors], 1)


class MatrixInput(_Elements[MatrixSettings]):
    """``edm`` (CrabNet, L-G-DCNN): padded (b, L); L is the longest of the batch, or the setting."""

    @functools.cached_property
    def _slots(self) -> tuple[Tensor, int]:
        ends = self.offsets["element"]
        longest = int(self.lengths("element").max(initial=0))
        length = self.featurizer.settings.length or longest
        place = torch.arange(len(self.crystal), device=self.device) - ends[self.crystal]
        return self.crystal * length + place, length

    def _padded(self, values: Tensor) -> Tensor:
        slots, length = self._slots
        out = values.new_zeros(self.size * length)
        out[slots] = values
        return out.view(self.size, length)

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


def _columns(key: str) -> Tensor:
    column = torch.zeros(256, dtype=torch.int64)
    column[list(ELEMENT_SETS[key])] = torch.arange(len(ELEMENT_SETS[key]))
    return column


class FractionInput(_Elements[FractionSettings]):
    """``fractions`` (ElemNet, ResCNN): values (b, 103)."""

    @functools.cached_property
    def values(self) -> Tensor:
        """Fraction of each element by column, (b, columns) float32."""
        key = self.featurizer.settings.elements
        width = len(ELEMENT_SETS[key])
        column = device_table(key, self.device, _columns)[self.numbers]
        out = self.fractions.new_zeros(self.size * width)
        out[self.crystal * width + column] = self.fractions
        return out.view(self.size, width)

    def dense(self) -> Tensor:
        """`values`."""
        return self.values


class FormulaGraphInput(Input):
    """``formula-graph`` (Finder): one node an atom, fully connected."""

    @functools.cached_property
    def elements(self) -> Tensor:
        """Atomic number of each element of each formula, (K,) int64."""
        return self.fields["elements"].to(torch.int64)

    @functools.cached_property
    def counts(self) -> Tensor:
        """Atoms of each element in the integer formula, (K,) int64."""
        return unsigned(self.fields["counts"])

    @functools.cached_property
    def _element(self) -> Tensor:
        """Entry of the formula that each node comes from."""
        return torch.repeat_interleave(self.counts, output_size=self.entries("node"))

    @functools.cached_property
    def numbers(self) -> Tensor:
        """Atomic number of each node, (A,) int64."""
        return self.elements[self._element]

    @property
    def crystal(self) -> Tensor:
        """Material of each node, (A,) int64."""
        return self.owner("node")

    @property
    def node_offsets(self) -> Tensor:
        """Where the nodes of each material begin, (b + 1,) int64."""
        return self.offsets["node"]

    @functools.cached_property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """All ordered pairs of nodes of one material, each with itself too, two (P,) int64."""
        pairs = int((self.lengths("node") ** 2).sum())
        return pairs_within(self.node_offsets, self.entries("node"), pairs)

    def dense(self) -> Tensor:
        """Atomic number of each node, (A, 1)."""
        return self.numbers[:, None]
