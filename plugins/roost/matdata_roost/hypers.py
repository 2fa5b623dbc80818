"""What a user can set of Roost; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import ConfigError, Settings, setting

POOLING = ("attention", "mean")


@dataclass(frozen=True)
class Hypers(Settings):
    """Sizes, those of the thesis (app. A.1) unless said otherwise, and its design choices."""

    table: str = setting("matscholar", "table of element vectors, not trained")
    width: int = setting(64, "embedding dimension per element", minimum=2)
    layers: int = setting(3, "message-passing layers", minimum=0)
    heads: int = setting(3, "attention heads of a layer", minimum=1)
    gates: int = setting(256, "hidden width of the gates f", minimum=1)
    hidden: int = setting(256, "hidden width of the messages g", minimum=1)
    pool_heads: int = setting(3, "attention heads of the pooling", minimum=1)
    trunk: tuple[int, ...] = setting((1024, 512), "residual layers that all targets share")
    output: tuple[int, ...] = setting(
        (256, 128, 64),
        "width of the shared row, then residual layers of each target; the thesis has 126 for 128",
    )
    node_weights: bool = setting(True, "fractions as the last number of each element's vector")
    pool_weights: bool = setting(True, "fractions in the softmax of the attention (eq. 4.3)")
    pooling: str = setting(
        "attention",
        "messages and pooling by attention, or by the mean (eq. 4.5; no heads, gates, fractions)",
        choices=POOLING,
    )
    message_residual: bool = setting(True, "shortcuts around the message-passing layers")
    output_residual: bool = setting(True, "shortcuts in the output network")
    output_network: bool = setting(True, "false: a linear layer alone after the pooling")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pooling == "mean" and not self.pool_weights:
            raise ConfigError(
                "pooling is mean and pool_weights false",
                cause="the mean of eq. 4.5 has no weights that could be left out",
                next_step="leave pool_weights out",
            )
        if not (self.output_network or self.output_residual):
            raise ConfigError(
                "output_network and output_residual are both false",
                cause="without an output network there are no shortcuts in it",
                next_step="leave one of them out",
            )
