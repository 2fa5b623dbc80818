"""What a user can set of the network on quotient graphs; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import Settings, setting


@dataclass(frozen=True)
class Hypers(Settings):
    """Graph and sizes."""

    table: str = setting("cgcnn92", "table of element vectors, not trained")
    radius: float = setting(0.0, "cutoff of the graph in Å; 0 for none", minimum=0.0)
    max_neighbours: int = setting(12, "nearest neighbours of a site, and ties", minimum=0)
    isolated: str = setting(
        "reject",
        "crystals with a site that has no neighbour within the cutoff: no prediction, or "
        "sites without edges",
        choices=("reject", "keep"),
    )
    centres: int = setting(32, "Gaussians of a distance", minimum=2)
    last: float = setting(6.0, "centre of the last Gaussian in Å; the first is 0", above=0)
    width: int = setting(64, "channels of a site", minimum=1)
    update: int = setting(128, "width of the hidden layer that updates a site", minimum=1)
    layers: int = setting(2, "convolutions", minimum=0)
    hidden: int = setting(128, "width of the layers after pooling", minimum=1)
