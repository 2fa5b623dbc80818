"""Gated convolutions on quotient graphs; the network is in ``model.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import Schema, Settings, Task, TorchTrainer
from matdata_quotient.hypers import Hypers

if TYPE_CHECKING:
    from torch import nn


class Quotient(TorchTrainer[Hypers]):
    """Gated convolutions in which equivalent sites are computed once."""

    name: ClassVar[str] = "quotient"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = (
        "none: its parts are of Xie and Grossman, Phys. Rev. Lett. 120, 145301 (2018), and "
        "Ruff et al., Digital Discovery 3, 594 (2024)"
    )
    summary: ClassVar[str] = "gated convolutions on classes of equivalent sites"
    Hypers: ClassVar[type[Settings]] = Hypers
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    vmap: ClassVar[bool] = False  # BatchNorm keeps running statistics
    defaults: ClassVar[Mapping[str, object]] = {
        "loss": "l1",
        "epochs": 200,
        "batch_size": 64,
        "optimizer": "adamw",
        "lr": 2e-3,
        "weight_decay": 1e-2,
        "schedule": "cosine",
        "warmup": 0.05,
    }

    def inputs(self) -> tuple[str, ...]:
        """Quotient graphs."""
        return ("quotient-graph",)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """Which sites are neighbours."""
        names = ("radius", "max_neighbours", "isolated")
        return {"quotient-graph": {name: getattr(self.hypers, name) for name in names}}

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_quotient.model import QuotientNetwork

        return QuotientNetwork(self.hypers, schema.heads)
