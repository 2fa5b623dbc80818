"""What both networks use: activations, and Gaussians of distances."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin.nn import Gaussians

ACTIVATION: dict[str, Callable[[Tensor], Tensor]] = {
    "mish": F.mish,
    "relu": F.relu,
    "silu": F.silu,
    "softplus": F.softplus,
}
#: First and last centre, their number, and width, in Å.
RANGES = {
    # Published code of OCrystalNet.
    "range51": (0.0, 5.0, 51, 0.5),
    # Eq. 4 of its text: one Gaussian, the middle one of those.
    "ocrystalnet": (2.5, 2.5, 1, 0.5),
    # Xie and Grossman's code.
    "cgcnn": (0.0, 8.0, 41, 0.2),
    # MEGNet.
    "megnet": (0.0, 5.0, 20, 0.5),
}


class Distances(nn.Module):
    """Eq. 4: Gaussians ``exp(-(d - centre)^2 / width^2)`` of distances.

    Parameters
    ----------
    name
        One of `RANGES`. With one Gaussian, as the text has it, OCrystalNet has 25,600 parameters
        fewer than the paper says.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        first, last, self.width, width = RANGES[name]
        self.gaussians = Gaussians(first, last, self.width, width)

    def forward(self, distance: Tensor) -> Tensor:
        """Distances (E,) in Å to (E, width)."""
        values: Tensor = self.gaussians(distance)
        return values
