"""CGCNN: crystal graph convolutional networks; the network is in ``model.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import Schema, Settings, Task, TorchTrainer
from matdata_cgcnn.hypers import Hypers
from matdata_cgcnn.presets import SCHEDULES

if TYPE_CHECKING:
    from torch import nn


class CGCNN(TorchTrainer[Hypers]):
    """Gated convolutions on the graph of a crystal."""

    name: ClassVar[str] = "cgcnn"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Xie and Grossman, Phys. Rev. Lett. 120, 145301 (2018)"
    summary: ClassVar[str] = "gated convolutions on crystal graphs"
    Hypers: ClassVar[type[Settings]] = Hypers
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    vmap: ClassVar[bool] = False  # BatchNorm keeps running statistics
    #: Thesis, app. A.3.1: the training of Wren.
    defaults: ClassVar[Mapping[str, object]] = {
        "epochs": 400,
        "batch_size": 128,
        "optimizer": "adamw",
        "lr": 3e-4,
        "weight_decay": 1e-6,
    }
    schedules: ClassVar[Mapping[str, Mapping[str, object]]] = SCHEDULES

    def inputs(self) -> tuple[str, ...]:
        """Crystal graphs."""
        return ("graph",)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """The cutoff and the number of neighbours."""
        radius = self.hypers.sizes().radius
        return {"graph": {"radius": radius, "max_neighbours": self.hypers.max_neighbours}}

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_cgcnn.model import CGCNNet

        return CGCNNet(self.hypers, schema.heads)
