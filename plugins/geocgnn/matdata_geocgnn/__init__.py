"""GeoCGNN: gated convolutions under attention masks; the network is in ``model.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import Schema, Settings, Task, TorchTrainer
from matdata_geocgnn.hypers import Hypers

if TYPE_CHECKING:
    from torch import nn


class GeoCGNN(TorchTrainer[Hypers]):
    """Gated convolutions, masked by radial functions of the distance and by plane waves."""

    name: ClassVar[str] = "geocgnn"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Cheng, Zhang and Dong, Commun. Mater. 2, 92 (2021)"
    summary: ClassVar[str] = "gated convolutions under masks of radial functions and plane waves"
    Hypers: ClassVar[type[Settings]] = Hypers
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    vmap: ClassVar[bool] = False  # BatchNorm keeps running statistics
    #: The training that the README of the authors' code gives.
    defaults: ClassVar[Mapping[str, object]] = {
        "loss": "mse",
        "epochs": 300,
        "batch_size": 300,
        "optimizer": "adam",
        "lr": 1e-3,
        "weight_decay": 0.0,
        "schedule": "step",
        "milestones": (250,),
        "gamma": 0.1,
    }

    def inputs(self) -> tuple[str, ...]:
        """Crystal graphs."""
        return ("graph",)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """The nearest neighbours within the cutoff, and what becomes of sites that have none."""
        chosen = self.hypers
        return {
            "graph": {
                "radius": chosen.radius,
                "max_neighbours": chosen.max_neighbours,
                "isolated": chosen.isolated,
            }
        }

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_geocgnn.model import GeoCGNNetwork

        return GeoCGNNetwork(self.hypers, schema.heads)
