"""CrabNet: compositionally restricted attention-based network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import Schema, Settings, TorchTrainer
from matdata_crabnet.hypers import Hypers

if TYPE_CHECKING:
    from torch import nn


class CrabNet(TorchTrainer[Hypers]):
    """A. Y.-T. Wang et al.: attention over elements, contributions of elements as output."""

    name: ClassVar[str] = "crabnet"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Wang et al., npj Comput. Mater. 7, 77 (2021)"
    summary: ClassVar[str] = "self-attention over the elements of a formula; contributions"
    Hypers: ClassVar[type[Settings]] = Hypers
    #: AdamW with one cycle stands for the paper's LAMB with Lookahead and cyclic rates (1e-4 to
    #: 6e-3), which the loop has too: README.md; `swa` for its stochastic weight averaging.
    defaults: ClassVar[Mapping[str, object]] = {
        "loss": "robust_l1",
        "epochs": 300,
        "batch_size": 256,
        "optimizer": "adamw",
        "lr": 5e-4,
        "schedule": "onecycle",
        "weight_decay": 1e-6,
        "clip": 1.0,
    }

    def inputs(self) -> tuple[str, ...]:
        """The element-derived matrix."""
        return ("edm",)

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_crabnet.model import CrabNetModel

        return CrabNetModel(self.hypers, schema)
