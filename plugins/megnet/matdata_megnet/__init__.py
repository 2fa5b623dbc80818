"""MEGNet: a graph network of sites, edges and a state; the network is in ``model.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import Schema, Settings, Task, TorchTrainer
from matdata_megnet.hypers import Hypers

if TYPE_CHECKING:
    from torch import nn


class MEGNet(TorchTrainer[Hypers]):
    """Edges, sites and a global state that update one another, pooled by set2set."""

    name: ClassVar[str] = "megnet"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Chen, Ye, Zuo, Zheng and Ong, Chem. Mater. 31, 3564 (2019)"
    summary: ClassVar[str] = "graph network of sites, edges and a state; set2set pooling"
    Hypers: ClassVar[type[Settings]] = Hypers
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    #: The defaults of the authors' code (megnet 1.x).
    defaults: ClassVar[Mapping[str, object]] = {
        "loss": "mse",
        "epochs": 1000,
        "batch_size": 128,
        "optimizer": "adam",
        "lr": 1e-3,
        "weight_decay": 0.0,
        "clip": 3.0,
    }

    def inputs(self) -> tuple[str, ...]:
        """Crystal graphs."""
        return ("graph",)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """All neighbours within the cutoff, and what becomes of sites that have none."""
        radius, isolated = self.hypers.sizes().radius, self.hypers.isolated
        return {"graph": {"radius": radius, "max_neighbours": 0, "isolated": isolated}}

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_megnet.model import MEGNetwork

        return MEGNetwork(self.hypers, schema.heads)
