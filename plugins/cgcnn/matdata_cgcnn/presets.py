"""Published settings of CGCNN by name: sizes, and schedules of the training loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """What the published settings differ in; the defaults are those of aviary.

    Attributes
    ----------
    radius
        Cutoff of the graph, Å; Gaussians stand every `Hypers.step` from 0 to here.
    layers
        Convolutions.
    trunk, output
        Hidden layers after pooling: shared by all targets, and of each target.
    activation
        Between what targets share and what each has of its own: ``relu`` or ``softplus``.
    """

    radius: float = 5.0
    layers: int = 4
    trunk: int = 1
    output: int = 1
    activation: str = "relu"


PRESETS = {
    # aviary 1.2, with the training of Goodall's thesis (app. A.3.1).
    "aviary": Sizes(),
    # Xie and Grossman's code (main.py and data.py of txie-93/cgcnn): 41 Gaussians up to 8 Å.
    "xie": Sizes(radius=8.0, layers=3, trunk=0, output=0, activation="softplus"),
}

#: Where they differ from `CGCNN.defaults`. Xie's code lets the rate fall after 100 epochs and
#: leaves their number to the user (its own default, 30, ends before that): 200, as the papers that
#: compare themselves with it train.
SCHEDULES: Mapping[str, Mapping[str, object]] = {
    "xie": {
        "loss": "mse",
        "epochs": 200,
        "batch_size": 256,
        "optimizer": "sgd",
        "lr": 0.01,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "schedule": "step",
        "milestones": (100,),
        "gamma": 0.1,
    },
}
