"""ALIGNN: convolutions on a crystal graph and its line graph; the network is in ``model.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import Schema, Settings, Task, TorchTrainer
from matdata_alignn.hypers import Hypers

if TYPE_CHECKING:
    from torch import nn


class ALIGNN(TorchTrainer[Hypers]):
    """Edge-gated convolutions on bonds and on pairs of bonds, which know their angle."""

    name: ClassVar[str] = "alignn"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Choudhary and DeCost, npj Comput. Mater. 7, 185 (2021)"
    summary: ClassVar[str] = "edge-gated convolutions on bonds and on pairs of bonds"
    Hypers: ClassVar[type[Settings]] = Hypers
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    vmap: ClassVar[bool] = False  # BatchNorm keeps running statistics
    #: The training of the paper (Methods).
    defaults: ClassVar[Mapping[str, object]] = {
        "loss": "mse",
        "epochs": 300,
        "batch_size": 64,
        "optimizer": "adamw",
        "lr": 1e-3,
        "weight_decay": 1e-5,
        "schedule": "onecycle",
    }

    def inputs(self) -> tuple[str, ...]:
        """Crystal graphs with their line graphs."""
        return ("line-graph",)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """Neighbours, what becomes of sites that have none, and pairs with the reverse edge."""
        return {
            "line-graph": {
                "radius": self.hypers.radius,
                "max_neighbours": self.hypers.max_neighbours,
                "isolated": self.hypers.isolated,
                "backtrack": True,
            }
        }

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_alignn.model import ALIGNNetwork

        return ALIGNNetwork(self.hypers, schema.heads)
