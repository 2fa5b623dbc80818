"""Batches of tensors: chunks sent to a device and cut into views there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from matdata.core.crystals import Array, DType, Int, offsets_of
from matdata.features.base import CRYSTAL, Featurizer
from matdata.load.batch import Batch
from matdata.load.chunk import Chunk, Fields, cuts
from matdata.load.columns import Allocate, Columns
from matdata.load.copies import Copies, SideStream, send
from matdata.load.inputs import form_of
from matdata.load.inputs.base import BatchForm
from matdata.load.readers import Inputs
from matdata.load.targets import Targets
from matdata.nn.segments import Segments


class TensorViews:
    """Sends chunks to a device and cuts them into batches.

    Parameters
    ----------
    featurizers
        By spec.
    ids
        Material ids of the loader.
    device
        Where batches are wanted.
    side
        A stream for the copies to it; None to copy in that of the computation.
    """

    def __init__(
        self,
        featurizers: Mapping[str, Featurizer],
        ids: npt.NDArray[np.str_],
        device: torch.device,
        side: SideStream | None = None,
    ) -> None:
        self.featurizers = featurizers
        self.ids = ids
        self.device = device
        self.side = side
        self._forms = {spec: form_of(featurizer) for spec, featurizer in featurizers.items()}

    def allocate(self, shape: tuple[int, ...], dtype: DType) -> Array:
        """An array that can be sent to the device without waiting."""
        return np.empty(shape, dtype) if self.side is None else self.side.empty(shape, dtype)

    def sent(self, chunk: Chunk) -> SentChunk:
        """A chunk on its way to the device; what the thread that gathers does beforehand."""
        copies = Copies(self.device, self.side)
        with copies.sending():
            targets, weights = chunk.targets, chunk.weights
            return SentChunk(
                chunk.bounds.tolist(),
                {
                    spec: _SentInput(
                        self._forms[spec], self.featurizers[spec], columns, chunk.bounds, copies
                    )
                    for spec, columns in chunk.inputs.items()
                },
                copies.send(targets.values),
                self._mask(targets, copies),
                copies.send(chunk.rows),
                None if weights is None else copies.send(weights),
                self.ids,
                copies,
            )

    def _mask(self, targets: Targets, copies: Copies) -> Tensor:
        if targets.all_known:
            return copies.send(np.ones((1, 1), np.bool_)).expand(targets.mask.shape)
        return copies.send(targets.mask)


@dataclass(frozen=True, eq=False)
class SentChunk:
    """A chunk whose arrays are on the device, or on their way there."""

    bounds: list[int]
    inputs: Mapping[str, _SentInput]
    values: Tensor
    mask: Tensor
    rows: Tensor
    weights: Tensor | None
    ids: npt.NDArray[np.str_]
    copies: Copies

    def batches(self) -> Iterator[Batch]:
        """The batches of the chunk, in order."""
        self.copies.arrive()
        sizes = [last - first for first, last in pairwise(self.bounds)]
        values, masks, rows = (_cut(part, sizes) for part in (self.values, self.mask, self.rows))
        weights = None if self.weights is None else _cut(self.weights, sizes)
        for k, (first, size) in enumerate(zip(self.bounds, sizes, strict=False)):
            inputs = {spec: sent.form(k, first, size) for spec, sent in self.inputs.items()}
            weight = None if weights is None else weights[k]
            yield Batch(inputs, values[k], masks[k], rows[k], self.ids, weight)


class _SentInput:
    """The columns of one input of a chunk, on the device."""

    def __init__(
        self,
        form: type[BatchForm],
        featurizer: Featurizer,
        columns: Columns,
        bounds: Int,
        copies: Copies,
    ) -> None:
        self._form = form
        self._featurizer = featurizer
        self._layout = columns.layout
        self._cuts = cuts(columns, bounds)
        self._blocks = [copies.send(block) for block in columns.blocks]
        offsets = {level: copies.send(ends) for level, ends in self._cuts.offsets.items()}
        sizes = (np.diff(bounds) + 1).tolist()
        self._offsets = {level: _cut(ends, sizes) for level, ends in offsets.items()}

    def form(self, k: int, first: int, size: int) -> BatchForm:
        """The input of batch `k`, which has `size` materials from `first` on."""
        entries = {level: (e[k], e[k + 1]) for level, e in self._cuts.entries.items()}
        part = slice(first + k, first + k + size + 1)
        segments = {
            level: Segments(self._offsets[level][k], host[part])
            for level, host in self._cuts.offsets.items()
        }
        fields = Fields(self._layout, self._blocks, entries)
        return self._form(self._featurizer, fields, segments, size)


def _cut(values: Tensor, sizes: list[int]) -> Sequence[Tensor]:
    """Parts of these sizes, views: in one call, which takes a fifth of one call per part."""
    return torch.split_with_sizes(values, sizes)


def form_of_columns(
    featurizer: Featurizer, columns: Columns, device: torch.device | str
) -> BatchForm:
    """Columns of some materials in the form that their featurizer names, on a device."""
    fields = {name: torch.from_numpy(columns.field(name)).to(device) for name in columns.names}
    segments = {
        level: Segments(torch.from_numpy(ends).to(device), ends)
        for level, ends in columns.offsets.items()
    }
    return form_of(featurizer)(featurizer, fields, segments, columns.size)


class DeviceSource:
    """Columns that live on a device; gathering is index selection there.

    Parameters
    ----------
    columns
        Columns in memory; their blocks are copied to the device.
    device
        Where they are to live.
    """

    def __init__(self, columns: Inputs, device: torch.device) -> None:
        self._device = device
        self._host = columns
        self._blocks = {
            spec: [torch.from_numpy(block).to(device) for block in held.blocks]
            for spec, held in columns.items()
        }
        for spec, held in columns.items():  # offsets stay on the host, which plans with them
            self._host[spec] = Columns(held.layout, (), held.offsets, held.size)

    def begin(self, windows: Sequence[Int]) -> None:
        """Nothing to do."""

    def take(self, rows: Int, allocate: Allocate = np.empty) -> Inputs:
        """Columns of some materials; blocks are tensors on the device."""
        return {spec: self._take(spec, rows) for spec in self._blocks}

    def _take(self, spec: str, rows: Int) -> Columns:
        held = self._host[spec]
        index: dict[str, Tensor] = {CRYSTAL: self._send(rows)}
        offsets = {}
        layout, blocks = held.layout, self._blocks[spec]
        wide = {level for level, block in zip(layout.levels, blocks, strict=True) if block.numel()}
        for level, ends in held.offsets.items():
            lengths = ends[rows + 1] - ends[rows]
            out = offsets_of(lengths)
            offsets[level] = out
            if level not in wide:  # entries that are counted alone
                continue
            shift, repeats = self._send(np.stack([ends[rows] - out[:-1], lengths]))
            total = int(out[-1])
            moved = torch.repeat_interleave(shift, repeats, output_size=total)
            index[level] = moved + torch.arange(total, device=self._device)
        gathered: list[Any] = [
            block.index_select(0, index[level])
            if level in index
            else block.new_empty(int(offsets[level][-1]), *block.shape[1:])
            for level, block in zip(layout.levels, blocks, strict=True)
        ]
        return Columns(layout, gathered, offsets, len(rows))

    def _send(self, array: Array) -> Tensor:
        return send(torch.from_numpy(array), self._device)
