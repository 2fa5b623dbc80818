"""What a user can set of CrabNet; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import ConfigError, Settings, setting


@dataclass(frozen=True)
class Hypers(Settings):
    """Sizes of the network; the defaults are the paper's."""

    table: str = setting("mat2vec", "element vectors", choices=("mat2vec", "matscholar", "onehot"))
    width: int = setting(512, "columns of a row", minimum=2)
    layers: int = setting(3, "self-attention blocks; 0 for none (DenseNet baseline)", minimum=0)
    heads: int = setting(4, "attention heads of a block", minimum=1)
    feedforward: int = setting(2048, "hidden columns of a block", minimum=1)
    dropout: float = setting(0.1, "dropout in the blocks", minimum=0.0, maximum=1.0)
    hidden: tuple[int, ...] = setting((1024, 512, 256, 128), "residual output network")
    resolution: int = setting(5000, "steps of an encoded fraction", minimum=1)
    jitter: float = setting(0.02, "relative noise on fractions while training", minimum=0.0)
    scaling: str = setting(
        "element",
        "logits scale each element (paper) or the mean over elements (published code)",
        choices=("element", "pooled"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % 2 or self.width % self.heads:
            raise ConfigError(
                f"width is {self.width}; expected an even multiple of heads ({self.heads})"
            )
