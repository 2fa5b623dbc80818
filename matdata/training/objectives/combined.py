"""The objectives of all targets of a run, read from the columns that its model returns."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from matdata.core.errors import TrainError
from matdata.load.batch import Batch
from matdata.training.objectives.base import Objective
from matdata.training.outputs import Distribution, Head, columns_of_heads

#: What a model returns: one tensor (b, o) in the layout of `columns_of_heads`, or one per target.
Returned: TypeAlias = Tensor | Mapping[str, Tensor]


class Objectives:
    """The objectives of a run's targets.

    Losses and errors are averaged within a target first (over the numbers of an array, the labels
    of a material), then over targets and materials: a spectrum counts as much as a number.

    Parameters
    ----------
    bound
        One per target, in the order of the targets.
    """

    def __init__(self, bound: Sequence[Objective]) -> None:
        self.bound = tuple(bound)
        self.heads = tuple(Head(one.target.name, one.parts()) for one in self.bound)
        self.outputs = sum(head.width for head in self.heads)
        self._places = columns_of_heads(self.heads)
        ends = [0, *itertools.accumulate(one.target.columns for one in self.bound)]
        self._truths = [slice(first, last) for first, last in itertools.pairwise(ends)]
        self._single = all(one.target.columns == 1 for one in self.bound)
        self._context = {spec for one in self.bound for spec in one.context}

    def flat(self, returned: Returned) -> Tensor:
        """What a model returned as one tensor (..., b, o).

        Raises
        ------
        TrainError
            If it is not what the heads declare.
        """
        if isinstance(returned, Mapping):
            returned = self._joined(returned)
        if returned.shape[-1] != self.outputs:
            raise TrainError(
                f"the model returned {returned.shape[-1]} columns, its targets need {self.outputs}",
                next_step="make its last layer as wide as schema.outputs, or build it by "
                "schema.heads",
            )
        return returned

    def _joined(self, returned: Mapping[str, Tensor]) -> Tensor:
        widths = {name: values.shape[-1] for name, values in returned.items()}
        wanted = {head.target: head.width for head in self.heads}
        if widths != wanted:
            raise TrainError(
                f"the model returned columns {widths}, its targets need {wanted}",
                next_step="return a tensor of that width for each target, by its name",
            )
        parts = [torch.split(returned[head.target], list(head.parts), -1) for head in self.heads]
        longest = max(map(len, parts))
        return torch.cat([own[k] for k in range(longest) for own in parts if k < len(own)], -1)

    def _each(self, outputs: Tensor) -> list[Tensor]:
        """The columns of each target, (..., b, width)."""
        if len(self.bound) == 1:
            return [outputs]
        return [
            torch.cat([outputs[..., part] for part in parts], -1)
            if len(parts) > 1
            else outputs[..., parts[0]]
            for parts in self._places
        ]

    def _inputs(self, batch: Batch, like: Tensor) -> dict[str, Tensor]:
        return {spec: batch[spec].dense().to(like.device) for spec in self._context}

    def _rows(self, name: str, outputs: Tensor, batch: Batch) -> Tensor:
        context = self._inputs(batch, outputs)
        rows = []
        for one, own, place in zip(self.bound, self._each(outputs), self._truths, strict=True):
            method = one.loss if name == "loss" else one.error
            rows.append(method(own, batch.targets[:, place], batch.mask[:, place], context))
        return rows[0][..., None] if len(rows) == 1 else torch.stack(rows, -1)

    def present(self, batch: Batch) -> Tensor:
        """Where anything of a target is known, (b, targets) bool."""
        if self._single:
            return batch.mask
        return torch.stack([batch.mask[:, place].any(-1) for place in self._truths], -1)

    def losses(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Loss of each row and target, (..., b, targets); of what is unknown it means nothing."""
        return self._rows("loss", outputs, batch)

    def errors(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Errors likewise, by which epochs are compared."""
        return self._rows("error", outputs, batch)

    def decode(self, outputs: Tensor, batch: Batch) -> list[Distribution[Tensor]]:
        """What outputs (..., b, o) say about each target, in normalised units."""
        context = self._inputs(batch, outputs)
        pairs = zip(self.bound, self._each(outputs), strict=True)
        return [one.decode(own, context) for one, own in pairs]


def weighted_sum(
    entries: Tensor, mask: Tensor, weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Sum over known entries and sum of their weights.

    Parameters
    ----------
    entries : (..., b, t)
        Loss of each material and target.
    mask : (b, t) bool
        Where the target is known.
    weights : (b,), optional
        Weights of the materials.

    Returns
    -------
    total : (...,)
    weight : scalar
    """
    factor = mask.to(entries.dtype)
    if weights is not None:
        factor = factor * weights[:, None]
    # an unknown target may meet an infinite loss; zero times that is not zero
    return torch.where(mask, entries * factor, 0.0).sum((-2, -1)), factor.sum()
