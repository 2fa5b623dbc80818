"""ResCNN and ElemNet: networks whose only input is the fraction of each element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import Schema, Settings, TorchTrainer
from matdata_rescnn.hypers import ElemNetHypers, ResCNNHypers

if TYPE_CHECKING:
    from torch import nn


class ResCNN(TorchTrainer[ResCNNHypers]):
    """The deep baseline of Finder: 1-D convolutions over the fractions of 103 elements."""

    name: ClassVar[str] = "rescnn"
    version: ClassVar[str] = "2"
    citation: ClassVar[str] = "Ihalage and Hao, Adv. Sci. 9, 2200164 (2022)"
    summary: ClassVar[str] = "1-D convolutions over element fractions, dense layers with skips"
    Hypers: ClassVar[type[Settings]] = ResCNNHypers
    #: The paper trains with L1 (table 4); batch, rate and epochs are those of its code.
    defaults: ClassVar[Mapping[str, object]] = {
        "loss": "l1",
        "epochs": 300,
        "batch_size": 256,
        "optimizer": "adam",
        "lr": 3e-4,
        "weight_decay": 0.0,
    }

    def inputs(self) -> tuple[str, ...]:
        """Fractions of elements."""
        return ("fractions",)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """103 columns, H to Lr."""
        return {"fractions": {"elements": "103"}}

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_rescnn.model import ResCNNModel

        return ResCNNModel(self.hypers, schema)


class ElemNet(TorchTrainer[ElemNetHypers]):
    """D. Jha et al.: a deep dense network that learns chemistry from fractions alone."""

    name: ClassVar[str] = "elemnet"
    version: ClassVar[str] = "2"
    citation: ClassVar[str] = "Jha et al., Sci. Rep. 8, 17593 (2018)"
    summary: ClassVar[str] = "17 dense layers on the fractions of 86 elements"
    Hypers: ClassVar[type[Settings]] = ElemNetHypers
    defaults: ClassVar[Mapping[str, object]] = {
        "loss": "l1",
        "epochs": 1000,
        "batch_size": 32,
        "optimizer": "adam",
        "lr": 1e-4,
        "weight_decay": 0.0,
        "patience": 200,
    }

    def inputs(self) -> tuple[str, ...]:
        """Fractions of elements."""
        return ("fractions",)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """As many columns as `elements` has."""
        return {"fractions": {"elements": self.hypers.elements}}

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_rescnn.model import ElemNetModel

        return ElemNetModel(self.hypers, schema)
