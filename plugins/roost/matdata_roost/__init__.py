"""Roost: representation learning from stoichiometry; the network is in ``model.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import Schema, Settings, Task, TorchTrainer
from matdata_roost.hypers import Hypers

if TYPE_CHECKING:
    from torch import nn


class Roost(TorchTrainer[Hypers]):
    """Message passing on the weighted set of the elements of a formula."""

    name: ClassVar[str] = "roost"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Goodall and Lee, Nat. Commun. 11, 6280 (2020)"
    summary: ClassVar[str] = "attention between the elements of a formula; needs no structure"
    Hypers: ClassVar[type[Settings]] = Hypers
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    #: Thesis, app. A.1. It has Adam with a weight decay of 1e-6, with which AdamW barely differs.
    defaults: ClassVar[Mapping[str, object]] = {
        "epochs": 250,
        "batch_size": 128,
        "optimizer": "adamw",
        "lr": 3e-4,
        "weight_decay": 1e-6,
    }

    def inputs(self) -> tuple[str, ...]:
        """The weighted set of elements."""
        return ("composition-set",)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """The table, which decides which elements have a vector."""
        return {"composition-set": {"table": self.hypers.table}}

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_roost.model import RoostNet

        return RoostNet(self.hypers, schema.heads)
