"""Gaussian bases of distances: centres, width and where they were published."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Array, Float


@dataclass(frozen=True)
class GaussianBasis:
    """Gaussians ``exp(-((d - centre) / width)^2)`` of a distance d.

    T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018).

    Attributes
    ----------
    start, stop
        First and last centre, Å.
    count
        Number of centres, evenly spaced.
    width
        Width of each, Å.
    """

    start: float
    stop: float
    count: int
    width: float

    @property
    def centres(self) -> Float:
        """Centres, (count,) float64 in Å."""
        return np.linspace(self.start, self.stop, self.count)

    def expand(self, distance: Array) -> npt.NDArray[np.float32]:
        """Distances (E,) in Å to (E, count)."""
        scaled = (distance[:, None] - self.centres) / self.width
        return np.exp(-(scaled**2)).astype(np.float32)


#: The bases of papers, by the names that options give them.
GAUSSIAN_BASES = {
    # Xie and Grossman's code: centres 0, 0.2, …, 8 Å, as wide as they are apart.
    "cgcnn": GaussianBasis(0.0, 8.0, 41, 0.2),
    # MEGNet, and Finder (methods): 20 centres from 0 to 5 Å, sigma 0.5.
    "megnet": GaussianBasis(0.0, 5.0, 20, 0.5),
    # OCrystalNet, eq. 4 of the text: one Gaussian at 2.5 Å, sigma 0.5.
    "ocrystalnet": GaussianBasis(2.5, 2.5, 1, 0.5),
    # OCrystalNet's published code: 51 centres, of which that is the middle one.
    "range51": GaussianBasis(0.0, 5.0, 51, 0.5),
}
