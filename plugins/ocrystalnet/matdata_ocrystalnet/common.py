"""What both networks use: activations, and Gaussians of distances."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin.nn import GAUSSIAN_BASES, Gaussians

ACTIVATION: dict[str, Callable[[Tensor], Tensor]] = {
    "mish": F.mish,
    "relu": F.relu,
    "silu": F.silu,
    "softplus": F.softplus,
}


class Distances(nn.Module):
    """Eq. 4: Gaussians ``exp(-(d - centre)^2 / width^2)`` of distances.

    Parameters
    ----------
    name
        One of `matdata.nn.GAUSSIAN_BASES`. With one Gaussian, as the text has it, OCrystalNet has
        25,600 parameters fewer than in the paper.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.gaussians = Gaussians(GAUSSIAN_BASES[name])
        self.width = GAUSSIAN_BASES[name].count

    def forward(self, distance: Tensor) -> Tensor:
        """Distances (E,) in Å to (E, width)."""
        values: Tensor = self.gaussians(distance)
        return values
