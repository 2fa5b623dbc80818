"""What a user can set of ResCNN and ElemNet; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import ConfigError, Settings, setting


@dataclass(frozen=True)
class ResCNNHypers(Settings):
    """Sizes of ResCNN; filters are the paper's, dense layers those of Finder, as the text says.

    For dielectric functions the authors' code has another network: ``filters=64,128,256,256,256
    pool=flatten dense=256,1024,1024,2048,512 joins=2,1 dropout=0.1 last_dropout=false``.
    """

    filters: tuple[int, ...] = setting((64, 128, 256, 256), "filters of each convolution")
    kernel: int = setting(3, "columns that a filter covers", minimum=1)
    pool: str = setting(
        "max", "of the last maps: the largest of each, or all of them", choices=("max", "flatten")
    )
    dense: tuple[int, ...] = setting((512, 1024, 1024, 256), "dense layers, three or more")
    skip: bool = setting(True, "hand feature maps to the last two dense layers")
    joins: tuple[int, ...] = setting(
        (3, 2), "convolutions whose maps join the last dense layer but one, and the last"
    )
    dropout: float = setting(0.2, "dropout after dense layers", minimum=0.0, maximum=1.0)
    last_dropout: bool = setting(True, "dropout after the last dense layer, too")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.dense) < 3 or len(self.filters) < 3:
            raise ConfigError(
                f"ResCNN has {len(self.filters)} convolutions and {len(self.dense)} dense layers; "
                "expected at least three of each"
            )
        known = range(1, len(self.filters) + 1)
        if len(self.joins) != 2 or not all(one in known for one in self.joins):
            raise ConfigError(
                f"joins is {self.joins}; expected two convolutions, 1 to {len(self.filters)}"
            )


@dataclass(frozen=True)
class ElemNetHypers(Settings):
    """Sizes of ElemNet; the defaults are the paper's 17 layers (its table 1)."""

    layers: tuple[int, ...] = setting(
        (1024,) * 4 + (512,) * 3 + (256,) * 3 + (128,) * 3 + (64,) * 2 + (32,),
        "hidden layers; the 17th is the output",
    )
    dropout: tuple[float, ...] = setting(
        (0.2, 0.1, 0.3, 0.2), "dropout after the last layer of each of the first widths"
    )
    elements: str = setting("86", "elements with a column", choices=("86", "103", "118"))
