"""L-G-DCNN: recurrent and convolutional networks over the elements of a formula, one family."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import matdata as md
from matdata_lgdcnn.presets import PRESETS, Parts

if TYPE_CHECKING:
    from torch import nn

GLOBAL = ("lstm-gru", "lstm", "gru", "rnn", "absent")
LOCAL = ("dcnn", "dcnn-k1", "dpcnn", "cnn", "absent")
ATTENTION = ("soft", "self", "absent")
TABLES = ("mat2vec", "matscholar", "onehot")


@dataclass(frozen=True)
class Hypers(md.Settings):
    """A preset, parts that differ from it (`None` keeps the preset's), and sizes."""

    preset: str = md.setting("L-G-DCNN", "model of the paper", choices=tuple(PRESETS))
    table: str | None = md.setting(None, "element vectors", choices=(None, *TABLES))
    globally: str | None = md.setting(None, "global part", choices=(None, *GLOBAL))
    attention: str | None = md.setting(
        None, "attention after recurrent layers", choices=(None, *ATTENTION)
    )
    locally: str | None = md.setting(None, "local part", choices=(None, *LOCAL))
    attention_residual: bool | None = md.setting(None, "shortcut around attention")
    region_residual: bool | None = md.setting(None, "shortcut around the first block")
    block_residual: bool | None = md.setting(None, "shortcuts around the other blocks")
    fusion: bool | None = md.setting(None, "add recurrent outputs at the end, max pooling (V1)")
    post: bool | None = md.setting(None, "post-processing network (model 2)")
    width: int = md.setting(512, "columns of an embedded element", minimum=2)
    hidden: int = md.setting(256, "state of a recurrent layer, one direction", minimum=1)
    filters: int = md.setting(512, "filters of the convolutions", minimum=1)
    kernel: int = md.setting(3, "elements that a filter covers, odd", minimum=1)
    blocks: int = md.setting(2, "convolution blocks after the first (2, 4, 6)", minimum=0)
    resolution: int = md.setting(2000, "steps of an encoded fraction", minimum=1)
    jitter: float = md.setting(0.02, "relative noise on fractions while training", minimum=0.0)
    scaling: str = md.setting(
        "element",
        "logits scale each element (paper) or the mean over elements (published code)",
        choices=("element", "pooled"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel % 2 == 0 or self.width % 2:
            raise md.ConfigError(
                f"kernel is {self.kernel} and width {self.width}; expected odd and even"
            )
        parts = self.parts()
        if parts.fusion and (
            parts.globally == "absent"
            or (parts.locally != "absent" and self.filters != 2 * self.hidden)
            or parts.locally == "dpcnn"
        ):
            raise md.ConfigError(
                "fusion adds recurrent and convolutional outputs of one shape",
                next_step="have a global part, filters = 2 * hidden, and no dpcnn",
            )

    def parts(self) -> Parts:
        """The preset with what was said otherwise."""
        base = PRESETS[self.preset]
        names = [item.name for item in dataclasses.fields(Parts)]
        said = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return dataclasses.replace(base, **said)


class LGDCNN(md.TorchTrainer):
    """H. Du et al.: LSTM and GRU fused with a deep convolutional network."""

    name: ClassVar[str] = "lgdcnn"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Du, Hui, Zhang and Wang, Rational design of deep learning networks"
    summary: ClassVar[str] = "recurrent and convolutional layers over elements; contributions"
    Hypers: ClassVar[type[md.Settings]] = Hypers
    #: The paper names no settings; its code has those of CrabNet with batches of 128 or more.
    defaults: ClassVar[Mapping[str, Any]] = {
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

    def model(self, schema: md.Schema) -> nn.Module:
        """The network."""
        from matdata_lgdcnn.model import LGDCNNModel

        return LGDCNNModel(self.hypers, schema)
