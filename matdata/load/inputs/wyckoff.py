"""Wyckoff sites in a batch: every equivalent labelling, with terms looked up on the device."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from matdata.core.crystals import Int, offsets_of
from matdata.features.wyckoff import WyckoffSettings
from matdata.load.inputs.base import BatchForm, unsigned
from matdata.nn.segments import Segments
from matdata.tables import wyckoff, wyckoff_terms


class WyckoffBatch(BatchForm[WyckoffSettings]):
    """``wyckoff``: rows are orbits, repeated for each equivalent labelling of their material.

    numbers (K,), positions (K,), terms (K, width), weights (K,), labelling (K,) in 0..L-1,
    crystal (L,): the material of each labelling; `orbits`, the rows of each labelling, and
    ``segments["labelling"]``, the labellings of each material.
    A model predicts for each labelling and averages over those of a material (Goodall 2022,
    6.3.4).
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
        name = self.featurizer.settings.terms
        table = self.table(name, lambda: wyckoff_terms.terms(name).astype(np.float32))
        return table.index_select(0, self.positions)

    @functools.cached_property
    def orbits(self) -> Segments:
        """Where the rows of each labelling are."""
        ends = functional.pad(torch.cumsum(unsigned(self.fields["orbits"]), 0), (1, 0))
        if ends.device.type == "cpu":
            return Segments(ends)
        # the same from what the host knows, since nothing is fetched from a device
        labellings = self.segments["labelling"].host_lengths
        return Segments(ends, offsets_of(np.repeat(self._orbits_per_labelling, labellings)))

    @property
    def _orbits_per_labelling(self) -> Int:
        """Orbits of each material on the host, (b,): all its labellings have as many."""
        labellings = self.segments["labelling"].host_lengths
        return self.segments["orbit"].host_lengths // np.maximum(labellings, 1)

    @property
    def labelling(self) -> Tensor:
        """Labelling of each row, (K,) int64."""
        return self.orbits.owner

    @property
    def crystal(self) -> Tensor:
        """Material of each labelling, (L,) int64."""
        return self.segments["labelling"].owner

    @functools.cached_property
    def weights(self) -> Tensor:
        """Multiplicity over the sites of the conventional cell, (K,) float32."""
        table = self.table("multiplicity", lambda: wyckoff.multiplicities().astype(np.float32))
        sites = table.index_select(0, self.positions)
        return sites / self.orbits.sum(sites).index_select(0, self.labelling)

    @property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """All ordered pairs of rows of one labelling, each with itself too, two (P,) int64."""
        return self.orbits.pairs

    def dense(self) -> Tensor:
        """Terms, share, atomic number and labelling of each orbit, (K, width + 3) float32.

        Rows of the canonical labelling, or of all with the setting ``labellings=all``.
        """
        local = self.segments["labelling"].place
        after = [self.weights, self.numbers, local[self.labelling]]
        rows = torch.cat([self.terms, *(x[:, None].to(torch.float32) for x in after)], 1)
        if self.featurizer.settings.labellings == "all":
            return rows
        canonical = Segments.of_lengths(self._orbits_per_labelling, self.device)
        begin = self.segments["orbit"].start.index_select(0, canonical.owner)
        return rows.index_select(0, begin + canonical.place)
