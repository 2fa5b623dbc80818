"""What a user can set of the L-G-DCNN family; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import ConfigError, Settings, setting
from matdata_lgdcnn.presets import PRESETS, Parts

GLOBAL = ("lstm-gru", "lstm", "gru", "rnn", "absent")
LOCAL = ("dcnn", "dcnn-k1", "dpcnn", "cnn", "absent")
ATTENTION = ("soft", "self", "absent")
TABLES = ("mat2vec", "matscholar", "onehot")


@dataclass(frozen=True)
class Hypers(Settings):
    """A preset, parts that differ from it (`None` keeps the preset's), and sizes."""

    preset: str = setting("L-G-DCNN", "model of the paper", choices=tuple(PRESETS))
    table: str | None = setting(None, "element vectors", choices=(None, *TABLES))
    globally: str | None = setting(None, "global part", choices=(None, *GLOBAL))
    attention: str | None = setting(
        None, "attention after recurrent layers", choices=(None, *ATTENTION)
    )
    locally: str | None = setting(None, "local part", choices=(None, *LOCAL))
    attention_residual: bool | None = setting(None, "shortcut around attention")
    region_residual: bool | None = setting(None, "shortcut around the first block")
    block_residual: bool | None = setting(None, "shortcuts around the other blocks")
    fusion: bool | None = setting(None, "add recurrent outputs at the end, max pooling (V1)")
    post: bool | None = setting(None, "post-processing network (model 2)")
    width: int = setting(512, "embedding dimension per element", minimum=2)
    hidden: int = setting(256, "state of a recurrent layer, one direction", minimum=1)
    filters: int = setting(512, "filters of the convolutions", minimum=1)
    kernel: int = setting(3, "elements that a filter covers, odd", minimum=1)
    blocks: int = setting(2, "convolution blocks after the first (2, 4, 6)", minimum=0)
    resolution: int = setting(2000, "steps of an encoded fraction", minimum=1)
    jitter: float = setting(0.02, "relative noise on fractions while training", minimum=0.0)
    scaling: str = setting(
        "element",
        "logits scale each element (paper) or the mean over elements (published code)",
        choices=("element", "pooled"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel % 2 == 0 or self.width % 2:
            raise ConfigError(
                f"kernel is {self.kernel} and width {self.width}; expected odd and even"
            )
        parts = self.parts()
        if parts.fusion and (
            parts.globally == "absent"
            or (parts.locally != "absent" and self.filters != 2 * self.hidden)
            or parts.locally == "dpcnn"
        ):
            raise ConfigError(
                "fusion adds recurrent and convolutional outputs of one shape",
                next_step="have a global part, filters = 2 * hidden, and no dpcnn",
            )

    def parts(self) -> Parts:
        """The preset with the parts that differ."""
        return self.applied_to(PRESETS[self.preset])
