"""What a feature is in a batch: gathered stored fields, and what they expand to on the device."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from matdata.features.base import Column, Featurizer


class Input:
    """One feature of the materials of a batch.

    Stored fields were gathered as they are; properties of subclasses expand them on the device to
    the shapes of the papers, once, when first asked for.

    Parameters
    ----------
    featurizer
        The feature's featurizer, with its settings.
    fields
        Values of each field, materials one after another: (sum of entries, *shape). Unsigned
        integers of 16 bits come as int16 of the same bits (`unsigned`).
    offsets
        For each ragged level the int64 positions where materials begin, (size + 1,).
    size
        Materials in the batch.
    """

    #: Stored fields that are put on the device.
    reads: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        featurizer: Featurizer,
        fields: Mapping[str, Tensor],
        offsets: Mapping[str, Tensor],
        size: int,
    ) -> None:
        self.featurizer = featurizer
        self.fields = fields
        self.offsets = offsets
        self.size = size
        self._owners: dict[str, Tensor] = {}

    @classmethod
    def prepare(cls, featurizer: Featurizer, stored: Mapping[str, Column]) -> dict[str, Column]:
        """Columns to keep for loading: stored fields by default, or what is derived of them once.

        Called on the host, with all materials (or those of a shard) at once.
        """
        return {name: stored[name] for name in cls.reads}

    @classmethod
    def levels(cls, featurizer: Featurizer) -> dict[str, str]:
        """Level of each column that `prepare` returns."""
        known = {field.name: field.level for field in featurizer.fields}
        return {name: known[name] for name in cls.reads}

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return next(iter(self.fields.values())).device

    def owner(self, level: str) -> Tensor:
        """Index in the batch of the material that each entry of a level belongs to, int64."""
        if level not in self._owners:
            ends = self.offsets[level]
            self._owners[level] = torch.repeat_interleave(ends[1:] - ends[:-1])
        return self._owners[level]

    def dense(self) -> Tensor:
        """The dense form of `Featurizer.dense`, entries of all materials one after another."""
        raise NotImplementedError


def unsigned(values: Tensor) -> Tensor:
    """int64 of 16-bit patterns, which torch cannot index while unsigned."""
    return values.to(torch.int64) & 0xFFFF


@functools.lru_cache(maxsize=64)
def device_table(key: str, device: torch.device, make: Any) -> Tensor:
    """A table of matdata on a device, copied once a process.

    Parameters
    ----------
    key
        Name that tells tables of one function apart.
    device
        Where it is needed.
    make
        ``make(key)`` returns the array.
    """
    return torch.from_numpy(np.array(make(key))).to(device)


def pairs_within(offsets: Tensor) -> tuple[Tensor, Tensor]:
    """All ordered pairs (i, j) of entries of one material, i = j included.

    Parameters
    ----------
    offsets : (b + 1,) int64
        Where materials begin.

    Returns
    -------
    first, second : (P,) int64
        Sorted by first; P is the sum of the squared numbers of entries.
    """
    lengths = offsets[1:] - offsets[:-1]
    per_entry = torch.repeat_interleave(lengths, lengths)
    first = torch.repeat_interleave(per_entry)
    begin = torch.cumsum(per_entry, 0) - per_entry
    start = torch.repeat_interleave(offsets[:-1], lengths)
    step = torch.arange(len(first), device=offsets.device) - begin[first]
    return first, start[first] + step
