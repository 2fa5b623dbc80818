"""What a feature is in a batch: gathered stored fields, and what they expand to on the device."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Generic

import numpy as np
import torch
from torch import Tensor

from matdata.core.crystals import Int
from matdata.features.base import Featurizer, S_co


class Input(Generic[S_co]):
    """One feature of the materials of a batch; generic in the settings of its featurizer.

    Fields were gathered as they are kept; properties of subclasses expand them on the device to
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
    host_offsets
        `offsets` as arrays of the host, so that no size has to be fetched from the device.
    """

    def __init__(
        self,
        featurizer: Featurizer[S_co],
        fields: Mapping[str, Tensor],
        offsets: Mapping[str, Tensor],
        size: int,
        host_offsets: Mapping[str, Int] | None = None,
    ) -> None:
        self.featurizer = featurizer
        self.fields = fields
        self.offsets = offsets
        self.size = size
        if host_offsets is None:
            host_offsets = {level: ends.cpu().numpy() for level, ends in offsets.items()}
        self.host_offsets = host_offsets
        self._owners: dict[str, Tensor] = {}

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return next(iter(self.fields.values())).device

    def entries(self, level: str) -> int:
        """Entries of a ragged level in the batch, known without asking the device."""
        return int(self.host_offsets[level][-1])

    def lengths(self, level: str) -> Int:
        """Entries of each material, on the host, (size,)."""
        return np.diff(self.host_offsets[level])

    def owner(self, level: str) -> Tensor:
        """Index in the batch of the material that each entry of a level belongs to, int64."""
        if level not in self._owners:
            self._owners[level] = owners(self.offsets[level], self.entries(level))
        return self._owners[level]

    def dense(self) -> Tensor:
        """The dense form of `Featurizer.dense`, entries of all materials one after another."""
        raise NotImplementedError


def unsigned(values: Tensor) -> Tensor:
    """int64 of 16-bit patterns, which torch cannot index while unsigned."""
    if values.device.type == "cpu":
        return values.view(torch.uint16).to(torch.int64)
    return values.to(torch.int64) & 0xFFFF


def owners(offsets: Tensor, total: int) -> Tensor:
    """For each of `total` entries the row whose stretch of `offsets` (b + 1,) it is in, int64."""
    return torch.repeat_interleave(offsets[1:] - offsets[:-1], output_size=total)


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
    made = make(key)
    return (made if isinstance(made, Tensor) else torch.from_numpy(np.array(made))).to(device)


def pairs_within(offsets: Tensor, entries: int, pairs: int) -> tuple[Tensor, Tensor]:
    """All ordered pairs (i, j) of entries of one material, i = j included.

    Parameters
    ----------
    offsets : (b + 1,) int64
        Where materials begin.
    entries, pairs
        How many of both there are.

    Returns
    -------
    first, second : (P,) int64
        Sorted by first; P is the sum of the squared numbers of entries.
    """
    lengths = offsets[1:] - offsets[:-1]
    repeat = torch.repeat_interleave
    partners = repeat(lengths, lengths, output_size=entries)
    first = repeat(partners, output_size=pairs)
    # partners of an entry begin where its material does
    begin = repeat(offsets[:-1], lengths, output_size=entries)
    shift = begin - (torch.cumsum(partners, 0) - partners)
    second = torch.arange(pairs, device=offsets.device) + shift[first]
    return first, second
