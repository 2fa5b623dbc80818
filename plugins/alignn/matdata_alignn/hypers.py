"""What a user can set of ALIGNN; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import Settings, setting
from matdata_alignn.presets import PRESETS, Sizes


@dataclass(frozen=True)
class Hypers(Settings):
    """A preset, sizes that differ from it (`None` keeps the preset's), and what presets share."""

    preset: str = setting("alignn", "published sizes", choices=tuple(PRESETS))
    alignn_layers: int | None = setting(
        None, "layers on the crystal graph and its line graph", minimum=0
    )
    gcn_layers: int | None = setting(None, "layers on the crystal graph alone", minimum=0)
    embedding: int | None = setting(None, "channels of a distance or angle at first", minimum=1)
    width: int | None = setting(None, "channels of a site, an edge and a pair", minimum=1)
    table: str = setting("cgcnn92", "table of element vectors, not trained")
    radius: float = setting(
        0.0,
        "cutoff of the graph in Å; 0 for none: the package widens its 8 Å until each site has its "
        "neighbours",
        minimum=0.0,
    )
    max_neighbours: int = setting(12, "nearest neighbours of a site, and ties", minimum=0)
    isolated: str = setting(
        "reject",
        "crystals with a site that has no neighbour within the radius: no prediction, or sites "
        "without edges",
        choices=("reject", "keep"),
    )
    own_images: str = setting(
        "once",
        "edges between a site and its own images count once, or twice as in the package alignn, "
        "whose predictions then depend on the cell",
        choices=("once", "twice"),
    )
    distances: int = setting(80, "Gaussians of a distance, from 0 Å", minimum=2)
    longest: float = setting(8.0, "centre of their last, Å", above=0)
    angles: int = setting(40, "Gaussians of the cosine of an angle, from -1 to 1", minimum=2)

    def sizes(self) -> Sizes:
        """The preset with the sizes that differ."""
        return self.applied_to(PRESETS[self.preset])
