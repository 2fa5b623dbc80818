"""Wren: predictions from Wyckoff representations; the network is in ``model.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import Schema, Settings, Task, TorchTrainer
from matdata_wren.hypers import Hypers

if TYPE_CHECKING:
    from torch import nn


class Wren(TorchTrainer[Hypers]):
    """Message passing on Wyckoff orbits, averaged over equivalent labellings."""

    name: ClassVar[str] = "wren"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Goodall et al., Sci. Adv. 8, eabn4117 (2022)"
    summary: ClassVar[str] = "attention between Wyckoff orbits; needs symmetry, no coordinates"
    Hypers: ClassVar[type[Settings]] = Hypers
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    #: Thesis, app. A.3.
    defaults: ClassVar[Mapping[str, object]] = {
        "epochs": 400,
        "batch_size": 128,
        "optimizer": "adamw",
        "lr": 3e-4,
        "weight_decay": 1e-6,
    }

    def inputs(self) -> tuple[str, ...]:
        """Wyckoff orbits, all equivalent labellings."""
        return ("wyckoff",)

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_wren.model import WrenNet

        return WrenNet(self.hypers, schema.heads)
