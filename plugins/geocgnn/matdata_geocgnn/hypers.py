"""What a user can set of GeoCGNN; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import ConfigError, Settings, setting
from matdata_geocgnn.presets import PRESETS, Sizes


@dataclass(frozen=True)
class Hypers(Settings):
    """A preset, sizes that differ from it (`None` keeps the preset's), and what presets share."""

    preset: str = setting("geocgnn", "published settings", choices=tuple(PRESETS))
    channels: int | None = setting(None, "channels of a site, and of a crystal", minimum=1)
    blocks: int | None = setting(None, "blocks of a convolution, a pooling and a layer", minimum=1)
    radius: float = setting(8.0, "cutoff of the graph in Å", minimum=0.1)
    max_neighbours: int = setting(12, "nearest neighbours of a site, and ties", minimum=0)
    gaussians: int = setting(64, "Gaussians of exp(-distance)", minimum=1)
    mesh: int = setting(
        4, "plane waves along each reciprocal axis; their number is its cube", minimum=1, maximum=16
    )
    halvings: int = setting(
        2, "layers after pooling, each half as wide as the one before", minimum=0
    )
    pooling: str = setting(
        "sum",
        "sum over the sites, as the authors' code computes, or mean: it divides the sum by the "
        "number of sites, and leaves the quotient unused",
        choices=("sum", "mean"),
    )
    isolated: str = setting(
        "reject",
        "crystals with a site that has no neighbour within the cutoff: no prediction, or "
        "sites without edges",
        choices=("reject", "keep"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.widths()[-1] < 1:
            raise ConfigError(
                f"{self.sizes().channels} channels cannot be halved {self.halvings} times",
                next_step="give more channels or fewer halvings",
            )

    def sizes(self) -> Sizes:
        """The preset with the sizes that differ."""
        return self.applied_to(PRESETS[self.preset])

    def widths(self) -> tuple[int, ...]:
        """Channels after pooling, and after each layer from there."""
        channels = self.sizes().channels
        return tuple(channels >> step for step in range(self.halvings + 1))
