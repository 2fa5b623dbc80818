"""What a feature is in a batch: gathered columns, and what they expand to on the device."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Generic, Self

import numpy as np
import torch
from torch import Tensor

from matdata.core.crystals import Array
from matdata.features.base import Featurizer, S_co
from matdata.nn.segments import Segments


class BatchForm(Generic[S_co]):
    """One feature of the materials of a batch; base of all forms, and of those of plugins.

    Generic in the settings of its featurizer.

    Columns were gathered as they are kept; properties of subclasses expand them on the device to
    the shapes of the papers, once, when first asked for. A featurizer names its form as
    `batch_form` and the columns that it reads by `batch_columns`.

    Attributes
    ----------
    featurizer
        The feature's featurizer, with its settings.
    fields
        Values of each column, materials one after another: ``(sum of entries, *shape)``, or
        ``(size, *shape)`` at level ``crystal``. Unsigned integers of 16 bits and more come as
        signed ones of the same bits (`unsigned`), booleans as uint8.
    segments
        For each ragged level where the entries of each material are.
    size
        Materials in the batch.
    """

    def __init__(
        self,
        featurizer: Featurizer[S_co],
        fields: Mapping[str, Tensor],
        segments: Mapping[str, Segments],
        size: int,
    ) -> None:
        self.featurizer = featurizer
        self.fields = fields
        self.segments = segments
        self.size = size

    def __repr__(self) -> str:
        counts = [f"{self.size:,} materials"]
        counts += [f"{level}: {entries.total:,}" for level, entries in self.segments.items()]
        return f"{type(self).__name__}({', '.join(counts)})"

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Self:
        """The same input on another device; types are kept, and no size is fetched.

        Only `fields` and `segments` are copied: what was expanded from them on the device where
        they were is expanded anew when asked for.

        Parameters
        ----------
        device
            Where the tensors shall be.
        non_blocking
            As of `torch.Tensor.to`.
        """
        fields = {
            name: values.to(device, non_blocking=non_blocking)
            for name, values in self.fields.items()
        }
        segments = {
            level: entries.to(device, non_blocking) for level, entries in self.segments.items()
        }
        return type(self)(self.featurizer, fields, segments, self.size)

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return next(iter(self.fields.values())).device

    def dense(self) -> Tensor:
        """The dense form of `Featurizer.dense`, entries of all materials one after another.

        Raises
        ------
        NotImplementedError
            If the form has none on the device.
        """
        raise NotImplementedError(f"{type(self).__name__} has no dense form on the device")

    def table(self, name: str, make: Callable[[], Array]) -> Tensor:
        """A table of constants on the device, copied there once for each featurizer.

        Parameters
        ----------
        name
            Tells the tables of a form apart.
        make
            Returns the array; called where the table is not there yet.
        """
        tables = _TABLES.setdefault(self.featurizer, {})
        key = name, self.device
        if key not in tables:
            tables[key] = torch.from_numpy(np.array(make())).to(self.device)
        return tables[key]


#: Tables by featurizer, name and device: they go when the loader's featurizer goes.
_TABLES: weakref.WeakKeyDictionary[Featurizer, dict[tuple[str, torch.device], Tensor]] = (
    weakref.WeakKeyDictionary()
)


def unsigned(values: Tensor) -> Tensor:
    """int64 of 16-bit patterns, which torch cannot index while unsigned."""
    if values.device.type == "cpu":
        return values.view(torch.uint16).to(torch.int64)
    return values.to(torch.int64) & 0xFFFF
