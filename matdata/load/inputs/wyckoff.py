"""Wyckoff sites in a batch: every equivalent labelling, with terms looked up on the device."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import ClassVar, cast

import numpy as np
import torch
from torch import Tensor

from matdata.crystals import Ragged
from matdata.features.base import Column, Featurizer
from matdata.features.wyckoff import Wyckoff
from matdata.load.inputs.base import Input, device_table, pairs_within, unsigned
from matdata.tables import wyckoff, wyckoff_terms


def _terms(_: str) -> Tensor:
    return torch.from_numpy(wyckoff_terms.terms().astype(np.float32))


def _multiplicities(_: str) -> Tensor:
    return torch.from_numpy(wyckoff.multiplicities().astype(np.float32))


class WyckoffInput(Input):
    """``wyckoff``: rows are orbits, repeated for each equivalent labelling of their material.

    numbers (K,), positions (K,), terms (K, width), weights (K,), labelling (K,) in 0..L-1,
    crystal (L,): the material of each labelling. A model predicts for each labelling and averages
    over those of a material (Goodall 2022, 6.3.4).
    """

    reads: ClassVar[tuple[str, ...]] = ("elements", "positions", "orbits")

    @classmethod
    def prepare(cls, featurizer: Featurizer, stored: Mapping[str, Column]) -> dict[str, Column]:
        """All equivalent labellings of each crystal, one after another."""
        numbers = cast(Ragged, stored["elements"])
        made = cast(Wyckoff, featurizer)
        tables = [
            made.equivalents(kinds, rows)
            for kinds, rows in zip(numbers, cast(Ragged, stored["positions"]), strict=True)
        ]
        none = np.empty(0, np.int64)
        sizes = np.array([table.size for table in tables], dtype=np.int64)
        counts = np.array([len(table) for table in tables], dtype=np.int64)
        positions = np.concatenate([none, *(table.ravel() for table in tables)])
        elements = [np.tile(kinds, len(t)) for kinds, t in zip(numbers, tables, strict=True)]
        ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        labellings = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return {
            "elements": Ragged(np.concatenate([numbers.values[:0], *elements]), ends),
            "positions": Ragged(positions.astype(np.uint16), ends),
            "orbits": Ragged(np.repeat(numbers.lengths, counts).astype(np.uint16), labellings),
        }

    @classmethod
    def levels(cls, featurizer: Featurizer) -> dict[str, str]:
        """Rows are orbits of labellings."""
        return {"elements": "orbit", "positions": "orbit", "orbits": "labelling"}

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
        """Vectors of the positions, (K, `wyckoff_terms.WIDTH`) float32."""
        return device_table("terms", self.device, _terms)[self.positions]

    @functools.cached_property
    def row_offsets(self) -> Tensor:
        """Where the rows of each labelling begin, (L + 1,) int64."""
        ends = torch.cumsum(unsigned(self.fields["orbits"]), 0)
        return torch.cat([ends.new_zeros(1), ends])

    @functools.cached_property
    def labelling(self) -> Tensor:
        """Labelling of each row, (K,) int64."""
        return torch.repeat_interleave(unsigned(self.fields["orbits"]))

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
        return pairs_within(self.row_offsets)

    def dense(self) -> Tensor:
        """Terms, weight and atomic number of each row, (K, width + 2)."""
        own = [self.weights[:, None], self.numbers[:, None].to(torch.float32)]
        return torch.cat([self.terms, *own], 1)
