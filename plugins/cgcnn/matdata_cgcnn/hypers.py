"""What a user can set of CGCNN; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import Settings, setting
from matdata_cgcnn.presets import PRESETS, Sizes


@dataclass(frozen=True)
class Hypers(Settings):
    """A preset, sizes that differ from it (`None` keeps the preset's), and what presets share."""

    preset: str = setting("aviary", "published settings", choices=tuple(PRESETS))
    table: str = setting("cgcnn92", "table of element vectors, not trained")
    radius: float | None = setting(None, "cutoff of the graph in Å", minimum=0.1)
    max_neighbours: int = setting(12, "nearest neighbours of a site, and ties", minimum=0)
    step: float = setting(0.2, "spacing and width of the Gaussians, Å", minimum=0.01)
    width: int = setting(64, "channels per site within the network", minimum=1)
    layers: int | None = setting(None, "convolutions", minimum=0)
    hidden: int = setting(128, "width of the layers after pooling", minimum=1)
    trunk: int | None = setting(None, "hidden layers that all targets share", minimum=0)
    output: int | None = setting(None, "hidden layers of each target", minimum=0)
    activation: str | None = setting(
        None, "between the shared layers and a target's", choices=(None, "relu", "softplus")
    )

    def sizes(self) -> Sizes:
        """The preset with the sizes that differ."""
        return self.applied_to(PRESETS[self.preset])
