"""CrabNet: compositionally restricted attention-based network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import matdata as md

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Hypers(md.Settings):
    """Sizes of the network; the defaults are the paper's."""

    table: str = md.setting(
        "mat2vec", "element vectors", choices=("mat2vec", "matscholar", "onehot")
    )
    width: int = md.setting(512, "columns of a row", minimum=2)
    layers: int = md.setting(3, "self-attention blocks; 0 for none (DenseNet baseline)", minimum=0)
    heads: int = md.setting(4, "attention heads of a block", minimum=1)
    feedforward: int = md.setting(2048, "hidden columns of a block", minimum=1)
    dropout: float = md.setting(0.1, "dropout in the blocks", minimum=0.0, maximum=1.0)
    hidden: tuple[int, ...] = md.setting((1024, 512, 256, 128), "residual output network")
    resolution: int = md.setting(5000, "steps of an encoded fraction", minimum=1)
    jitter: float = md.setting(0.02, "relative noise on fractions while training", minimum=0.0)
    scaling: str = md.setting(
        "element",
        "logits scale each element (paper) or the mean over elements (published code)",
        choices=("element", "pooled"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % 2 or self.width % self.heads:
            raise md.ConfigError(
                f"width is {self.width}; expected an even multiple of heads ({self.heads})"
            )


class CrabNet(md.TorchTrainer):
    """A. Y.-T. Wang et al.: attention over elements, contributions of elements as output."""

    name: ClassVar[str] = "crabnet"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Wang et al., npj Comput. Mater. 7, 77 (2021)"
    summary: ClassVar[str] = "self-attention over the elements of a formula; contributions"
    Hypers: ClassVar[type[md.Settings]] = Hypers
    #: AdamW with one cycle stands for the paper's LAMB with Lookahead and cyclic rates (1e-4 to
    #: 6e-3), which the loop has too: README.md; `swa` for its stochastic weight averaging.
    defaults: ClassVar[Mapping[str, Any]] = {
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

    def model(self, schema: md.Schema) -> nn.Module:
        """The network."""
        from matdata_crabnet.model import CrabNetModel

        return CrabNetModel(self.hypers, schema)
