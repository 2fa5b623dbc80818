"""Batches of NumPy arrays, for whoever does without torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int, Ragged
from matdata.features.base import CRYSTAL, Featurizer
from matdata.load.chunk import Chunk, Fields, cuts
from matdata.load.lookup import Form, input_of, of_form


class ArrayInput:
    """Stored fields of one feature in a batch.

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
        fields: Mapping[str, object],
        offsets: Mapping[str, Int],
        size: int,
    ) -> None:
        self.featurizer = featurizer
        self.fields = fields
        self.offsets = offsets
        self.size = size

    def dense(self) -> Any:
        """The dense form of `Featurizer.dense`."""
        columns = {}
        for field in self.featurizer.fields:
            values = np.ascontiguousarray(self.fields[field.name]).view(field.dtype)
            ragged = field.level != CRYSTAL
            columns[field.name] = Ragged(values, self.offsets[field.level]) if ragged else values
        return self.featurizer.dense(columns)


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

    allocate = staticmethod(np.empty)

    def sent(self, chunk: Chunk) -> Chunk:
        """The chunk: arrays stay where they are."""
        return chunk

    def batches(self, chunk: Chunk) -> Iterator[ArrayBatch]:
        """The batches of a chunk, in order."""
        at = {spec: cuts(columns, chunk.bounds) for spec, columns in chunk.inputs.items()}
        bounds = chunk.bounds.tolist()
        for k, (first, last) in enumerate(pairwise(bounds)):
            inputs = {}
            for spec, columns in chunk.inputs.items():
                entries = {level: (e[k], e[k + 1]) for level, e in at[spec].entries.items()}
                fields = Fields(columns.layout, list(columns.blocks), entries)
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
