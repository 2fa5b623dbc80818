"""What a loader yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy.typing as npt
from torch import Tensor

from matdata.core.errors import ConfigError, did_you_mean
from matdata.load.inputs.base import Input

Kind = TypeVar("Kind", bound=Input)


@dataclass(frozen=True, eq=False)
class Batch:
    """Materials, their inputs and their targets, on one device.

    Attributes
    ----------
    inputs
        By spec (``graph``, ``element:mat2vec``), each an `Input` of its feature.
    targets : (b, t) float32
        Targets as columns, array targets flattened one after another; t is 0 without targets.
        In their units, or normalised where the loader has a normalizer.
    mask : (b, t) bool
        Where a target is known; `targets` is 0 elsewhere.
    rows : (b,) int64
        Position of each material in the loader's list of ids.
    all_ids
        That list.
    weights : (b,) float32, optional
        Weights of the materials in the loss.
    """

    inputs: Mapping[str, Input]
    targets: Tensor
    mask: Tensor
    rows: Tensor
    all_ids: npt.NDArray[Any]
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, spec: str) -> Input:
        """The input of a feature, by its spec; `get` knows its class.

        Raises
        ------
        ConfigError
            If the batch holds no such input.
        """
        if spec not in self.inputs:
            raise ConfigError(
                f"the batch holds no input {spec!r}{did_you_mean(spec, self.inputs)}",
                next_step=f"inputs there are: {', '.join(self.inputs)}",
            )
        return self.inputs[spec]

    def get(self, spec: str, kind: type[Kind]) -> Kind:
        """The input of a feature, which is of this class: ``batch.get("graph", GraphInput)``.

        Raises
        ------
        ConfigError
            If the batch holds no such input, or one of another class.
        """
        found = self[spec]
        if isinstance(found, kind):
            return found
        raise ConfigError(
            f"the input {spec!r} of the batch is a {type(found).__name__}, not a {kind.__name__}",
            next_step=f'ask for it by its class: batch.get("{spec}", {type(found).__name__})',
        )

    @property
    def ids(self) -> list[str]:
        """Material ids, in the order of the batch."""
        return [str(name) for name in self.all_ids[self.rows.cpu().numpy()]]
