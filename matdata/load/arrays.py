"""Batches of NumPy arrays, for whoever does without torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Array, DType, Int, Ragged
from matdata.features.base import CRYSTAL, Column, Dense, Featurizer, Field
from matdata.load.chunk import Chunk, Fields, cuts
from matdata.load.columns import Builder
from matdata.load.lookup import Form, input_of, of_form

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from matdata.load.batch import Batch
    from matdata.load.inputs.base import BatchForm


class ArrayInput:
    """Stored fields of one feature in a batch; no form of tensors, since it needs no torch.

    Attributes
    ----------
    featurizer
        The feature's featurizer.
    fields
        Values of each stored field, materials one after another. Unsigned integers of 16 bits
        and more come as signed ones of the same bits.
    offsets
        For each ragged level where materials begin, (b + 1,) int64.
    size
        Materials in the batch.
    """

    def __init__(
        self,
        featurizer: Featurizer,
        fields: Mapping[str, Array],
        offsets: Mapping[str, Int],
        size: int,
    ) -> None:
        self.featurizer = featurizer
        self.fields = fields
        self.offsets = offsets
        self.size = size

    def dense(self) -> Dense:
        """The dense form of `Featurizer.dense`."""
        return self.featurizer.dense(self._stored(self.featurizer.fields))

    def to(self, device: torch.device | str) -> BatchForm:
        """The same input as tensors on a device, in the form that its featurizer names.

        Raises
        ------
        FeatureError
            If that form cannot be imported.
        """
        from matdata.load.tensors import form_of_columns

        names = self.featurizer.batch_fields
        stored = self._stored([field for field in self.featurizer.fields if field.name in names])
        columns = Builder(self.size)
        columns.add(self.featurizer.batch_columns(stored), self.size)
        return form_of_columns(self.featurizer, columns.finish(), device)

    def _stored(self, fields: Iterable[Field]) -> dict[str, Column]:
        """Fields in the types in which they are stored."""
        columns: dict[str, Column] = {}
        for field in fields:
            values = np.ascontiguousarray(self.fields[field.name]).view(field.dtype)
            ragged = field.level != CRYSTAL
            columns[field.name] = Ragged(values, self.offsets[field.level]) if ragged else values
        return columns


@dataclass(frozen=True, eq=False)
class ArrayBatch:
    """Materials, their inputs and their targets as arrays; as `matdata.load.batch.Batch`."""

    inputs: Mapping[str, ArrayInput]
    targets: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    rows: Int
    all_ids: npt.NDArray[np.str_]
    weights: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, spec: str) -> ArrayInput:
        """The input of a feature, by its spec.

        Raises
        ------
        ConfigError
            If the batch has no such input, with those that it has.
        """
        return input_of(self.inputs, spec)

    def get(self, spec: str, form: type[Form]) -> Form:
        """The input of a feature in the form that is expected, as `Batch.get`.

        Here each is an `ArrayInput`, which has the stored fields, whatever form it has in batches
        of tensors.

        Raises
        ------
        ConfigError
            If the batch has no such input, or it is of another form, with its name.
        """
        return of_form(self[spec], spec, form)

    def to(self, device: torch.device | str) -> Batch:
        """The batch as tensors on a device, as a loader of that device would yield it.

        Raises
        ------
        FeatureError
            If the form of an input cannot be imported.
        """
        import torch

        from matdata.load.batch import Batch

        def sent(array: Array) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)

        return Batch(
            {spec: held.to(device) for spec, held in self.inputs.items()},
            sent(self.targets),
            sent(self.mask.copy()),  # of targets that are all known it can be one value
            sent(self.rows),
            self.all_ids,
            None if self.weights is None else sent(self.weights),
        )

    @property
    def ids(self) -> list[str]:
        """Material ids, in the order of the batch."""
        return [str(name) for name in self.all_ids[self.rows]]


class ArrayViews:
    """Cuts chunks into NumPy batches."""

    device = "numpy"

    def __init__(self, featurizers: Mapping[str, Featurizer], ids: npt.NDArray[np.str_]) -> None:
        self.featurizers = featurizers
        self.ids = ids

    def allocate(self, shape: tuple[int, ...], dtype: DType) -> Array:
        """An array."""
        return np.empty(shape, dtype)

    def sent(self, chunk: Chunk) -> ArrayChunk:
        """The chunk: arrays stay where they are."""
        return ArrayChunk(chunk, self.featurizers, self.ids)


@dataclass(frozen=True, eq=False)
class ArrayChunk:
    """A chunk, with what its batches are made of."""

    chunk: Chunk
    featurizers: Mapping[str, Featurizer]
    ids: npt.NDArray[np.str_]

    def batches(self) -> Iterator[ArrayBatch]:
        """The batches of the chunk, in order."""
        chunk = self.chunk
        at = {spec: cuts(columns, chunk.bounds) for spec, columns in chunk.inputs.items()}
        bounds = chunk.bounds.tolist()
        for k, (first, last) in enumerate(pairwise(bounds)):
            inputs = {}
            for spec, columns in chunk.inputs.items():
                entries = {level: (e[k], e[k + 1]) for level, e in at[spec].entries.items()}
                fields = Fields(columns.layout, columns.blocks, entries)
                part = slice(first + k, last + k + 1)
                offsets = {level: ends[part] for level, ends in at[spec].offsets.items()}
                inputs[spec] = ArrayInput(self.featurizers[spec], fields, offsets, last - first)
            yield ArrayBatch(
                inputs,
                chunk.targets.values[first:last],
                chunk.targets.mask[first:last],
                chunk.rows[first:last],
                self.ids,
                None if chunk.weights is None else chunk.weights[first:last],
            )
