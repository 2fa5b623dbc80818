"""What a loader yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from matdata.core.html import card
from matdata.load.inputs.base import BatchForm
from matdata.load.lookup import input_of, of_form

Form = TypeVar("Form", bound=BatchForm)


@dataclass(frozen=True, eq=False, repr=False)
class Batch:
    """Materials, their inputs and their targets, on one device.

    Attributes
    ----------
    inputs
        By spec (``graph``, ``element:mat2vec``), each the `BatchForm` that its featurizer names.
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

    inputs: Mapping[str, BatchForm]
    targets: Tensor
    mask: Tensor
    rows: Tensor
    all_ids: npt.NDArray[np.str_]
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        inputs = ", ".join(self.inputs) or "no inputs"
        return f"Batch({len(self):,} materials: {inputs}; {self.targets.shape[1]} targets)"

    def _repr_html_(self) -> str:
        rows = [(spec, type(form).__name__) for spec, form in self.inputs.items()]
        rows.append(("targets", " x ".join(map(str, self.targets.shape))))
        title = f"Batch of {len(self):,} materials"
        return card(title, [f"on {self.targets.device}"], ("input", "form"), rows)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Batch:
        """The batch on another device, as ``batch.to("cuda")``; see `BatchForm.to`.

        Parameters
        ----------
        device
            Where the tensors shall be.
        non_blocking
            As of `torch.Tensor.to`: from pinned memory, the host does not wait for the copy.
        """

        def moved(tensor: Tensor) -> Tensor:
            return tensor.to(device, non_blocking=non_blocking)

        return replace(
            self,
            inputs={spec: form.to(device, non_blocking) for spec, form in self.inputs.items()},
            targets=moved(self.targets),
            mask=moved(self.mask),
            rows=moved(self.rows),
            weights=None if self.weights is None else moved(self.weights),
        )

    def get(self, spec: str, form: type[Form]) -> Form:
        """The input of a feature in its own form, for type checkers and for who must be sure.

        Parameters
        ----------
        spec
            Of the feature: ``"graph"``, ``"element:mat2vec"``.
        form
            The class that is expected: ``batch.get("graph", GraphBatch)``.

        Raises
        ------
        ConfigError
            If the batch has no such input, or it is of another form, with its name.
        """
        return of_form(self[spec], spec, form)

    def __getitem__(self, spec: str) -> BatchForm:
        """The input of a feature, by its spec; `get` is the typed way.

        Raises
        ------
        ConfigError
            If the batch has no such input, with those that it has.
        """
        return input_of(self.inputs, spec)

    @property
    def ids(self) -> list[str]:
        """Material ids, in the order of the batch."""
        return [str(name) for name in self.all_ids[self.rows.cpu().numpy()]]
