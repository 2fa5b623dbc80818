"""SchNet: continuous-filter convolutions; the network is in ``model.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import Schema, Settings, Task, TorchTrainer
from matdata_schnet.hypers import Hypers
from matdata_schnet.presets import SCHEDULES

if TYPE_CHECKING:
    from torch import nn


class SchNet(TorchTrainer[Hypers]):
    """Sites that read their neighbours through filters, which a network makes of the distance."""

    name: ClassVar[str] = "schnet"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = (
        "Schütt, Sauceda, Kindermans, Tkatchenko and Müller, J. Chem. Phys. 148, 241722 (2018)"
    )
    summary: ClassVar[str] = "continuous-filter convolutions; outputs of sites are averaged"
    Hypers: ClassVar[type[Settings]] = Hypers
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    #: The paper: its rate falls by 4 % every 100,000 steps, to 0.13 of it after the 5,000,000 steps
    #: of the authors' code.
    defaults: ClassVar[Mapping[str, object]] = {
        "loss": "mse",
        "epochs": 1000,
        "batch_size": 32,
        "optimizer": "adam",
        "lr": 1e-3,
        "weight_decay": 0.0,
        "schedule": "exponential",
        "gamma": 0.13,
    }
    schedules: ClassVar[Mapping[str, Mapping[str, object]]] = SCHEDULES

    def inputs(self) -> tuple[str, ...]:
        """Crystal graphs."""
        return ("graph",)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """All neighbours within the cutoff, and what becomes of sites that have none."""
        radius, isolated = self.hypers.sizes().radius, self.hypers.isolated
        return {"graph": {"radius": radius, "max_neighbours": 0, "isolated": isolated}}

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_schnet.model import SchNetwork

        return SchNetwork(self.hypers, schema.heads)
