"""Published settings of SchNet by name: sizes, and schedules of the training loop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """What the published settings differ in; the defaults are those of the paper's crystals.

    Attributes
    ----------
    radius
        Cutoff of the graph, and centre of the last Gaussian, Å; the first is 0.
    gaussians
        Gaussians of a distance.
    gaussian_width
        Width w of ``exp(-((d - centre) / w)^2)``, Å; if not given, the distance of two centres is
        their standard deviation, ``w / sqrt(2)``.
    channels
        Channels of a site.
    filters
        Channels of a filter.
    interactions
        Interaction blocks.
    cutoff
        Factor of a filter: ``hard`` (1 within the radius) or ``cosine``,
        ``(cos(pi d / radius) + 1) / 2``.
    last_softplus
        Whether the second layer of a filter has a softplus as well.
    neighbours
        ``mean`` or ``sum`` of the messages of a site's neighbours.
    """

    radius: float = 5.0
    gaussians: int = 50
    gaussian_width: float | None = math.sqrt(0.1)
    channels: int = 64
    filters: int = 64
    interactions: int = 6
    cutoff: str = "hard"
    last_softplus: bool = True
    neighbours: str = "mean"

    @property
    def width(self) -> float:
        """Width of the Gaussians, Å."""
        if self.gaussian_width is not None:
            return self.gaussian_width
        return math.sqrt(2.0) * self.radius / (self.gaussians - 1)


PRESETS = {
    # K. T. Schütt et al., J. Chem. Phys. 148, 241722 (2018), for crystals of the Materials Project;
    # Gaussians every 0.1 Å with gamma = 10 Å^-2 and softplus twice, as in their first code
    # (atomistic-machine-learning/SchNet).
    "schnet": Sizes(),
    # Their script for the Materials Project in SchNetPack 0.x (schnetpack_matproj.py).
    "schnetpack": Sizes(gaussians=25, gaussian_width=None, last_softplus=False),
    # Defaults of torch_geometric.nn.models.SchNet, those of SchNetPack's networks for molecules.
    "pyg": Sizes(
        radius=10.0,
        gaussian_width=None,
        channels=128,
        filters=128,
        cutoff="cosine",
        last_softplus=False,
        neighbours="sum",
    ),
}

#: Where they differ from `SchNet.defaults`; PyG publishes none. The script of SchNetPack stops once
#: the rate is 1e-6.
SCHEDULES: Mapping[str, Mapping[str, object]] = {
    "schnetpack": {
        "epochs": 5000,
        "lr": 1e-4,
        "schedule": "plateau",
        "plateau_patience": 50,
        "gamma": 0.5,
    },
}
