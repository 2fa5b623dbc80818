"""Absolute error."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from matdata.training.objectives.numbers import NumberObjective

if TYPE_CHECKING:
    from torch import Tensor


class L1(NumberObjective):
    """``|y - mu|``."""

    name: ClassVar[str] = "l1"
    summary: ClassVar[str] = "absolute error"

    def entries(self, output: Tensor, truth: Tensor) -> Tensor:
        """Absolute errors."""
        return (output - truth).abs()
