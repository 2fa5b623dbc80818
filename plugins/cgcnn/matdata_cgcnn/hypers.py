"""What a user can set of CGCNN; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import Settings, setting


@dataclass(frozen=True)
class Hypers(Settings):
    """Graph and sizes; the published implementations agree on them unless said otherwise."""

    table: str = setting("cgcnn92", "table of element vectors, not trained")
    radius: float = setting(5.0, "cutoff of the graph in Å; Xie's code has 8", minimum=0.1)
    max_neighbours: int = setting(12, "nearest neighbours of a site, and ties", minimum=0)
    step: float = setting(0.2, "spacing and width of the Gaussians, Å", minimum=0.01)
    width: int = setting(64, "channels per site within the network", minimum=1)
    layers: int = setting(4, "convolutions; Xie's code has 3", minimum=0)
    hidden: int = setting(128, "width of the layers after pooling", minimum=1)
    trunk: int = setting(1, "hidden layers that all targets share", minimum=0)
    output: int = setting(1, "hidden layers of each target", minimum=0)
