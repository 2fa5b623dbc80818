"""Published settings of MEGNet by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """What the published settings differ in; the defaults are those of the authors.

    Attributes
    ----------
    radius
        Cutoff of the graph, Å.
    centres
        Gaussians of a distance.
    last
        The last of their centres, Å; the first is 0.
    gaussian_width
        Width w of ``exp(-((d - centre) / w)^2)``, Å.
    steps
        Steps of set2set.
    """

    radius: float = 4.0
    centres: int = 100
    last: float = 5.0
    gaussian_width: float = 0.5
    steps: int = 3


PRESETS = {
    # C. Chen et al. (2019), and the defaults of their code (megnet 1.x).
    "megnet": Sizes(),
    # Ihalage and Hao, Adv. Sci. 9, 2200164 (2022), table 2.
    "finder": Sizes(centres=20),
    # matgl 4, whose Gaussians are ``exp(-0.5 d^2)``: the published weights of its repository.
    "matgl": Sizes(gaussian_width=2.0**0.5, steps=2),
}
