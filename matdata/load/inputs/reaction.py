"""Reactions in a batch: precursors as weighted sets, sequences of operations, allowed elements."""

from __future__ import annotations

import functools
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from matdata.core.elements import N_ELEMENTS
from matdata.features.reaction import ReactionSettings
from matdata.load.inputs.base import BatchForm
from matdata.nn.segments import segment_sum
from matdata.tables import operations

OXYGEN = 8


class ReactionBatch(BatchForm[ReactionSettings]):
    """``reaction``: the precursors of b reactions, and their operations.

    Of the P precursors, one reaction after another (``segments["precursor"]``): vectors
    (P, width), shares (P,) that sum to 1 in each reaction, crystal (P,): the reaction of each,
    and pairs, two (E,), of different precursors of one reaction.

    Of the T operations in the order they are carried out (``segments["operation"]``; a reaction
    may have none): tokens (T,), and sequences (b, L + 2), padded, between a start and an end.

    Of the K elements of all precursors (``segments["element"]``, by reaction): numbers (K,) and
    precursor (K,), and of each reaction allowed (b, 118), the alchemy mask of the elements that
    the product may hold, in_precursors (b, 118), and feed (b, 118), their atomic fractions.
    """

    #: Tokens of `sequences` that are no operation; those of operations are `OPERATION_TOKENS`.
    PAD: ClassVar[int] = operations.PAD
    START: ClassVar[int] = operations.START
    END: ClassVar[int] = operations.END

    # precursors

    @property
    def vectors(self) -> Tensor:
        """Vectors of the precursors, (P, width) float32: 145 attributes of Magpie by default."""
        return self.fields["vectors"]

    @property
    def shares(self) -> Tensor:
        """Molar shares of the precursors, (P,) float32, sum 1 in each reaction, no unit."""
        return self.fields["shares"]

    @property
    def crystal(self) -> Tensor:
        """Reaction of each precursor, (P,) int64."""
        return self.segments["precursor"].owner

    @property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """All ordered pairs of different precursors of one reaction, two (E,) int64."""
        return self.segments["precursor"].distinct_pairs

    # operations

    @functools.cached_property
    def tokens(self) -> Tensor:
        """Token of each operation (`OPERATION_TOKENS` of `tables/operations.py`), (T,) int64."""
        return self.fields["operations"].to(torch.int64)

    @functools.cached_property
    def sequences(self) -> Tensor:
        """Operations of each reaction between START and END, then PAD, (b, L + 2) int64.

        L is the number of operations of the longest reaction of the batch.
        """
        entries = self.segments["operation"]
        padded = functional.pad(entries.padded(self.tokens), (1, 1), value=self.PAD)
        padded[:, 0] = self.START
        return padded.scatter(1, entries.lengths[:, None] + 1, self.END)

    @property
    def sequence_lengths(self) -> Tensor:
        """Tokens of each sequence, START and END included, (b,) int64."""
        return self.segments["operation"].lengths + 2

    # elements

    @functools.cached_property
    def numbers(self) -> Tensor:
        """Atomic number of each element of each precursor, (K,) int64."""
        return self.fields["elements"].to(torch.int64)

    @functools.cached_property
    def precursor(self) -> Tensor:
        """Precursor of each element, (K,) int64 in 0 to P - 1."""
        counts = self.fields["counts"].to(torch.int64)
        return torch.repeat_interleave(counts, output_size=self.segments["element"].total)

    @functools.cached_property
    def feed(self) -> Tensor:
        """Atomic fractions of all precursors together, (b, 118) float32, column Z - 1."""
        moles = self.shares.index_select(0, self.precursor) * self.fields["amounts"]
        place = self.segments["element"].owner * N_ELEMENTS + self.numbers - 1
        atoms = segment_sum(moles, place, self.size * N_ELEMENTS).view(self.size, N_ELEMENTS)
        return atoms / atoms.sum(1, keepdim=True)

    @functools.cached_property
    def in_precursors(self) -> Tensor:
        """Elements that the precursors of each reaction hold, (b, 118) bool, column Z - 1."""
        owner = self.segments["element"].owner
        flat = torch.zeros(self.size * N_ELEMENTS, dtype=torch.bool, device=self.device)
        place = owner * N_ELEMENTS + self.numbers - 1
        return flat.index_fill(0, place, True).view(self.size, N_ELEMENTS)

    @functools.cached_property
    def allowed(self) -> Tensor:
        """The alchemy mask, (b, 118) bool, column Z - 1: no element comes from nowhere.

        Elements of the precursors, and oxygen unless the setting `oxygen` is false.
        """
        mask = self.in_precursors
        if self.featurizer.settings.oxygen:
            mask = mask.clone()
            mask[:, OXYGEN - 1] = True
        return mask

    def dense(self) -> Tensor:
        """Share and vector of each precursor, (P, 1 + width)."""
        return torch.cat([self.shares[:, None], self.vectors], 1)
