"""ResCNN and ElemNet: networks whose only input is the fraction of each element."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import matdata as md

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ResCNNHypers(md.Settings):
    """Sizes of ResCNN; filters are the paper's, dense layers those of Finder, as the text says."""

    filters: tuple[int, ...] = md.setting((64, 128, 256, 256), "filters of each convolution")
    kernel: int = md.setting(3, "columns that a filter covers", minimum=1)
    dense: tuple[int, ...] = md.setting((512, 1024, 1024, 256), "dense layers, four")
    skip: bool = md.setting(True, "hand feature maps to the last two dense layers")
    dropout: float = md.setting(0.2, "dropout after dense layers", minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.dense) < 3 or len(self.filters) < 3:
            raise md.ConfigError(
                f"ResCNN has {len(self.filters)} convolutions and {len(self.dense)} dense layers; "
                "expected at least three of each"
            )


class ResCNN(md.TorchTrainer):
    """The deep baseline of Finder: 1-D convolutions over the fractions of 103 elements."""

    name: ClassVar[str] = "rescnn"
    version: ClassVar[str] = "2"
    citation: ClassVar[str] = "Ihalage and Hao, Adv. Sci. 9, 2200164 (2022)"
    summary: ClassVar[str] = "1-D convolutions over element fractions, dense layers with skips"
    Hypers: ClassVar[type[md.Settings]] = ResCNNHypers
    #: The paper trains with L1 (table 4); batch, rate and epochs are those of its code.
    defaults: ClassVar[Mapping[str, Any]] = {
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

    def input_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """103 columns, H to Lr."""
        return {"fractions": {"elements": "103"}}

    def model(self, schema: md.Schema) -> nn.Module:
        """The network."""
        from matdata_rescnn.model import ResCNNModel

        return ResCNNModel(self.hypers, schema)


@dataclass(frozen=True)
class ElemNetHypers(md.Settings):
    """Sizes of ElemNet; the defaults are the paper's 17 layers (its table 1)."""

    layers: tuple[int, ...] = md.setting(
        (1024,) * 4 + (512,) * 3 + (256,) * 3 + (128,) * 3 + (64,) * 2 + (32,),
        "hidden layers; the 17th is the output",
    )
    dropout: tuple[float, ...] = md.setting(
        (0.2, 0.1, 0.3, 0.2), "dropout after the last layer of each of the first widths"
    )
    elements: str = md.setting("86", "elements with a column", choices=("86", "103", "118"))


class ElemNet(md.TorchTrainer):
    """D. Jha et al.: a deep dense network that learns chemistry from fractions alone."""

    name: ClassVar[str] = "elemnet"
    version: ClassVar[str] = "2"
    citation: ClassVar[str] = "Jha et al., Sci. Rep. 8, 17593 (2018)"
    summary: ClassVar[str] = "17 dense layers on the fractions of 86 elements"
    Hypers: ClassVar[type[md.Settings]] = ElemNetHypers
    defaults: ClassVar[Mapping[str, Any]] = {
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

    def input_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """As many columns as `elements` says."""
        return {"fractions": {"elements": self.hypers.elements}}

    def model(self, schema: md.Schema) -> nn.Module:
        """The network."""
        from matdata_rescnn.model import ElemNetModel

        return ElemNetModel(self.hypers, schema)
