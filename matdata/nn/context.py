"""The type of the context of a `torch.autograd.Function`; torch's own declares one saved tensor."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Context(Protocol):
    """What an operation keeps from its forward to its backward pass."""

    @property
    def saved_tensors(self) -> tuple[Tensor, ...]:
        """What `save_for_backward` was given."""

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        """Which inputs a gradient is wanted for."""

    def save_for_backward(self, *tensors: Tensor) -> None:
        """Keep inputs and outputs."""

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Outputs that have no gradient."""
