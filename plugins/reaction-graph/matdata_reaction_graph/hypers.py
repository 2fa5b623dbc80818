"""What a user can set of reaction graph networks; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import Settings, setting


@dataclass(frozen=True)
class PrecursorHypers(Settings):
    """What networks of precursors have in common."""

    table: str = setting(
        "magpie145", "vector of a precursor: the setting of that name of the feature reaction"
    )
    scale: str = setting(
        "raw",
        "attributes of precursors as they are, as in the published code, or sign(x) log(1 + |x|)",
        choices=("raw", "log"),
    )
    mask: bool = setting(
        True, "alchemy mask: the product holds elements of the precursors, and oxygen, alone"
    )


@dataclass(frozen=True)
class PredictionHypers(PrecursorHypers):
    """What networks that predict from the row of a reaction share; sizes are the thesis's."""

    output: tuple[int, ...] = setting(
        (256, 512, 512, 256), "residual layers of each target but a composition"
    )
    elements: str = setting("matscholar", "table of element vectors of a composition, not trained")
    stoichiometry: tuple[int, ...] = setting(
        (256, 256, 256, 256, 128, 128, 64), "residual layers of the amount of an element"
    )
    feed: bool = setting(
        False,
        "amounts begin with the atomic fractions of all precursors together, which the thesis's "
        "network is to find in the reaction vector",
    )


@dataclass(frozen=True)
class Hypers(PredictionHypers):
    """Sizes, those of the thesis (app. A.2) unless noted."""

    actions: bool = setting(True, "read the sequence of operations")
    action_embedding: int = setting(8, "embedding dimension per operation", minimum=1)
    action_width: int = setting(32, "embedding dimension per sequence of operations", minimum=1)
    action_dropout: float = setting(
        0.2,
        "share of the numbers of an embedded operation that are dropped while operations are a "
        "target (the autoencoder)",
        minimum=0.0,
        maximum=0.9,
    )
    width: int = setting(128, "embedding dimension per precursor and of a reaction", minimum=2)
    layers: int = setting(5, "message-passing layers", minimum=0)
    heads: int = setting(3, "attention heads of a layer", minimum=1)
    gates: int = setting(256, "hidden width of the gates f", minimum=1)
    hidden: int = setting(256, "hidden width of the messages g", minimum=1)
    pool_heads: int = setting(3, "attention heads of the pooling", minimum=1)


@dataclass(frozen=True)
class MagpieHypers(PredictionHypers):
    """Sizes of the baseline `reaction-magpie`; those of the thesis."""

    precursors: int = setting(3, "most precursors of a reaction", minimum=1)
