"""Published sizes of ALIGNN by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Layers and channels; the defaults are those of the paper.

    Attributes
    ----------
    alignn_layers
        Pairs of a convolution on the crystal graph and one on the line graph.
    gcn_layers
        Convolutions on the crystal graph alone, after these.
    embedding
        Channels between the Gaussians of a distance or an angle and `width`.
    width
        Channels of a site, an edge and a pair.
    """

    alignn_layers: int = 4
    gcn_layers: int = 4
    embedding: int = 64
    width: int = 256


PRESETS = {
    # K. Choudhary and B. DeCost (2021), table 1: 4,026,753 parameters, as tables 2 and 3 of
    # OCrystalNet count them.
    "alignn": Sizes(),
    # The same without its line graph: the ablation of the paper.
    "gcn": Sizes(alignn_layers=0),
    # The default sizes of the force field of the package alignn (``alignn_atomwise``).
    "alignn-2-64": Sizes(alignn_layers=2, gcn_layers=2, width=64),
}
