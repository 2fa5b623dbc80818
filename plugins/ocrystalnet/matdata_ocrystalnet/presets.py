"""Published settings of OCrystalNet and OGCNN by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """What the readings of OCrystalNet differ in; both have the paper's 2,365,441 parameters.

    Attributes
    ----------
    layers
        Message passing layers L.
    final
        Last update of the sites, see `OCrystalNetHypers.final`.
    """

    layers: int = 1
    final: str = "joint"


#: Readings of OCrystalNet. The schedule of both is the paper's, over 200 epochs: the plugin's
#: defaults.
OCRYSTALNET = {
    # The author's published code.
    "ocrystalnet": Sizes(),
    # The text, whose eq. 5 to 7 end the network: four layers then give the number of parameters.
    "text": Sizes(layers=4, final="communicate"),
}

#: Where schedules of OGCNN differ from `OGCNN.defaults`.
OGCNN: Mapping[str, Mapping[str, object]] = {
    "ogcnn": {},
    # Table 2 of OCrystalNet compares with OGCNN and names no schedule: trained as long as the
    # other models of the table.
    "ocrystalnet": {"epochs": 200},
}
