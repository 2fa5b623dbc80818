"""What a user can set of Roost; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import Settings, setting


@dataclass(frozen=True)
class Hypers(Settings):
    """Sizes, those of the thesis (app. A.1) unless said otherwise."""

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
