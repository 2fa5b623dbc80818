"""What a user can set of ResCNN and ElemNet; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import ConfigError, Settings, setting


@dataclass(frozen=True)
class ResCNNHypers(Settings):
    """Sizes of ResCNN; filters are the paper's, dense layers those of Finder, as the text says."""

    filters: tuple[int, ...] = setting((64, 128, 256, 256), "filters of each convolution")
    kernel: int = setting(3, "columns that a filter covers", minimum=1)
    dense: tuple[int, ...] = setting((512, 1024, 1024, 256), "dense layers, four")
    skip: bool = setting(True, "hand feature maps to the last two dense layers")
    dropout: float = setting(0.2, "dropout after dense layers", minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.dense) < 3 or len(self.filters) < 3:
            raise ConfigError(
                f"ResCNN has {len(self.filters)} convolutions and {len(self.dense)} dense layers; "
                "expected at least three of each"
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
