"""L-G-DCNN: recurrent and convolutional networks over the elements of a formula, one family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import Schema, Settings, TorchTrainer
from matdata_lgdcnn.hypers import Hypers

if TYPE_CHECKING:
    from torch import nn


class LGDCNN(TorchTrainer[Hypers]):
    """H. Du et al.: LSTM and GRU fused with a deep convolutional network."""

    name: ClassVar[str] = "lgdcnn"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Du, Hui, Zhang and Wang, Rational design of deep learning networks"
    summary: ClassVar[str] = "recurrent and convolutional layers over elements; contributions"
    Hypers: ClassVar[type[Settings]] = Hypers
    #: The paper names no settings; its code has those of CrabNet with batches of 128 or more.
    defaults: ClassVar[Mapping[str, object]] = {
        "loss": "robust_l1",
        "epochs": 300,
        "batch_size": 128,
        "optimizer": "adamw",
        "lr": 5e-4,
        "schedule": "onecycle",
        "weight_decay": 1e-6,
        "clip": 1.0,
    }

    def inputs(self) -> tuple[str, ...]:
        """The element-derived matrix, elements in ascending order of atomic number."""
        return ("edm",)

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_lgdcnn.model import LGDCNNModel

        return LGDCNNModel(self.hypers, schema)
