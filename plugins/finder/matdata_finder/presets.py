"""The form of Finder that is the default and the published one: graphs, clipping and schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """What the forms differ in.

    Attributes
    ----------
    self_edges
        Whether an element of a formula graph is its own neighbour, as every other one is. Without
        them two atoms of one element are neighbours of each other still.
    images
        Edges of a crystal graph: to ``all`` images of a neighbour within the cutoff, a site's own
        among them, or to the ``nearest`` image of each other site.
    cell
        Sites of a crystal graph: of the cell as it is ``given``, or of the ``primitive`` one, of
        which each crystal has one alone. The nearest images of a cell depend on it.
    clamp
        Largest absolute value of the logarithm of a predicted standard deviation; 0 for any.
    """

    self_edges: bool = True
    images: str = "nearest"
    cell: str = "primitive"
    clamp: float = 0.0


PRESETS = {
    "matdata": Form(),
    # Figures 1b and 1c and equation 3; clipping and the adjacency of formulas (ones but for the
    # diagonal) as in the authors' code, where the text leaves them open.
    "paper": Form(self_edges=False, cell="given", clamp=10.0),
}
#: Images of crystal graphs by the presets of version 2, whose cell was the given one.
IMAGES_OF_VERSION_2 = {"matdata": "all", "paper": "nearest"}

#: Where the schedules differ from `Finder.defaults`. Section 4: the rate falls by 0.999 ("at every
#: iteration"; in the authors' code at the end of each epoch), 1,200 epochs or early stopping (300
#: epochs without a better validation in the code); L2 of 1e-6 in Keras is a gradient of 2e-6 w.
SCHEDULES: Mapping[str, Mapping[str, object]] = {
    "paper": {
        "epochs": 1200,
        "patience": 300,
        "schedule": "decay",
        "gamma": 0.999,
        "weight_decay": 2e-6,
        "clip": 0.0,
    },
}
