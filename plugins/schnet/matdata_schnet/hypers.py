"""What a user can set of SchNet; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import Settings, setting
from matdata_schnet.presets import PRESETS, Sizes


@dataclass(frozen=True)
class Hypers(Settings):
    """A preset, sizes that differ from it (`None` keeps the preset's), and what presets share."""

    preset: str = setting("schnet", "published settings", choices=tuple(PRESETS))
    radius: float | None = setting(
        None, "cutoff of the graph, and centre of the last Gaussian, in Å", minimum=0.1
    )
    gaussians: int | None = setting(None, "Gaussians of a distance", minimum=2)
    gaussian_width: float | None = setting(
        None, "width w of the Gaussians exp(-(d/w)^2), Å", minimum=0.01
    )
    channels: int | None = setting(None, "channels of a site", minimum=2)
    filters: int | None = setting(None, "channels of a filter", minimum=1)
    interactions: int | None = setting(None, "interaction blocks", minimum=0)
    cutoff: str | None = setting(
        None, "factor of a filter by distance", choices=(None, "hard", "cosine")
    )
    last_softplus: bool | None = setting(
        None, "whether the second layer of a filter has a softplus as well"
    )
    neighbours: str | None = setting(
        None, "what a site takes of the messages of its neighbours", choices=(None, "mean", "sum")
    )
    readout: str = setting(
        "mean",
        "mean of the sites' outputs, for targets per atom and others that do not grow with the "
        "cell, or their sum, for targets per cell",
        choices=("mean", "sum"),
    )
    isolated: str = setting(
        "reject",
        "crystals with a site that has no neighbour within the cutoff: no prediction, or "
        "sites without edges",
        choices=("reject", "keep"),
    )

    def sizes(self) -> Sizes:
        """The preset with the sizes that differ."""
        return self.applied_to(PRESETS[self.preset])
