"""Wyckoff sites in a batch: every equivalent labelling, with terms looked up on the device."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from matdata.features.wyckoff import WyckoffSettings
from matdata.load.inputs.base import Input, device_table, owners, pairs_within, unsigned
from matdata.tables import wyckoff, wyckoff_terms


def _terms(key: str) -> Tensor:
    return torch.from_numpy(wyckoff_terms.terms(key).astype(np.float32))


def _multiplicities(_: str) -> Tensor:
    return torch.from_numpy(wyckoff.multiplicities().astype(np.float32))


class WyckoffInput(Input[WyckoffSettings]):
    """``wyckoff``: rows are orbits, repeated for each equivalent labelling of their material.

    numbers (K,), positions (K,), terms (K, width), weights (K,), labelling (K,) in 0..L-1,
    crystal (L,): the material of each labelling. A model predicts for each labelling and averages
    over those of a material (Goodall 2022, 6.3.4).
    """

    @functools.cached_property
    def numbers(self) -> Tensor:
        """Atomic number of each row, (K,) int64."""
        return self.fields["elements"].to(torch.int64)

    @functools.cached_property
    def positions(self) -> Tensor:
        """Wyckoff position of each row, among the 1,731, (K,) int64."""
        return unsigned(self.fields["positions"])

    @property
    def terms(self) -> Tensor:
        """Vectors of the positions, (K, 444), or 522 with ``terms=sites``, float32."""
        return device_table(self.featurizer.settings.terms, self.device, _terms)[self.positions]

    @functools.cached_property
    def row_offsets(self) -> Tensor:
        """Where the rows of each labelling begin, (L + 1,) int64."""
        ends = torch.cumsum(unsigned(self.fields["orbits"]), 0)
        return torch.cat([ends.new_zeros(1), ends])

    @functools.cached_property
    def labelling(self) -> Tensor:
        """Labelling of each row, (K,) int64."""
        return owners(self.row_offsets, self.entries("orbit"))

    @property
    def crystal(self) -> Tensor:
        """Material of each labelling, (L,) int64."""
        return self.owner("labelling")

    @functools.cached_property
    def weights(self) -> Tensor:
        """Multiplicity over the sites of the conventional cell, (K,) float32."""
        sites = device_table("multiplicities", self.device, _multiplicities)[self.positions]
        totals = sites.new_zeros(len(self.crystal)).index_add(0, self.labelling, sites)
        return sites / totals[self.labelling]

    @functools.cached_property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """All ordered pairs of rows of one labelling, each with itself too, two (P,) int64."""
        rows, labellings = self.lengths("orbit"), self.lengths("labelling")
        pairs = int((rows**2 // labellings.clip(1)).sum())
        return pairs_within(self.row_offsets, self.entries("orbit"), pairs)

    def dense(self) -> Tensor:
        """Terms, share, atomic number and labelling of each orbit, (K, width + 3) float32.

        Rows of the canonical labelling, or of all, as the setting ``labellings`` says.
        """
        first = self.offsets["labelling"][:-1][self.crystal]
        local = torch.arange(len(first), device=self.device) - first
        after = [self.weights, self.numbers, local[self.labelling]]
        rows = torch.cat([self.terms, *(x[:, None].to(torch.float32) for x in after)], 1)
        if self.featurizer.settings.labellings == "all":
            return rows
        return rows[local[self.labelling] == 0]
