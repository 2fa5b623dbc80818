"""Published settings of GeoCGNN by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """What the published settings differ in.

    Attributes
    ----------
    channels
        Channels of a site, and of a crystal.
    blocks
        Blocks of a convolution, a pooling and a layer.
    """

    channels: int
    blocks: int


PRESETS = {
    # The training that the README of the authors' code (Tinystormjojo/geo-CGNN) gives.
    "geocgnn": Sizes(channels=192, blocks=5),
    # The defaults of that code, and of the weights that it holds for OQMD.
    "oqmd": Sizes(channels=128, blocks=6),
}
