"""What a user can set of MEGNet; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import ConfigError, Settings, setting
from matdata_megnet.presets import PRESETS, Sizes


@dataclass(frozen=True)
class Hypers(Settings):
    """A preset, sizes that differ from it (`None` keeps the preset's), and what presets share."""

    preset: str = setting("megnet", "published settings", choices=tuple(PRESETS))
    radius: float | None = setting(None, "cutoff of the graph in Å", minimum=0.1)
    centres: int | None = setting(None, "Gaussians of a distance", minimum=2)
    last: float | None = setting(None, "centre of the last Gaussian in Å; the first is 0", above=0)
    gaussian_width: float | None = setting(
        None, "width w of the Gaussians exp(-(d/w)^2), Å", minimum=0.01
    )
    steps: int | None = setting(None, "steps of set2set", minimum=1)
    isolated: str = setting(
        "reject",
        "crystals with a site that has no neighbour within the cutoff: no prediction, or "
        "sites without edges",
        choices=("reject", "keep"),
    )
    embedding: int = setting(16, "embedding dimension of an element", minimum=1)
    dense: tuple[int, ...] = setting((64, 32), "widths of the layers before a convolution")
    convolution: tuple[int, ...] = setting((64, 64, 32), "widths of the layers of a convolution")
    output: tuple[int, ...] = setting((32, 16), "hidden layers after pooling")
    blocks: int = setting(3, "blocks of dense layers and a convolution", minimum=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("dense", "convolution", "output"):
            widths = getattr(self, name)
            if not widths or min(widths) < 1:
                raise ConfigError(f"{name} is {widths}; expected one width or more, each above 0")
        if self.dense[-1] != self.convolution[-1]:
            raise ConfigError(
                f"dense ends in {self.dense[-1]} channels, convolution in {self.convolution[-1]}",
                cause="a block adds what it was given to what it computes",
                next_step="give both the same last width",
            )

    def sizes(self) -> Sizes:
        """The preset with the sizes that differ."""
        return self.applied_to(PRESETS[self.preset])
