"""Reaction graph networks: products of reactions from their precursors; see ``model.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar

from matdata.plugin import Schema, Settings, Task, TorchTrainer
from matdata_reaction_graph.hypers import Hypers, MagpieHypers, PrecursorHypers

if TYPE_CHECKING:
    from torch import nn


H = TypeVar("H", bound=PrecursorHypers)


class _OfReactions(TorchTrainer[H]):
    """What networks that read reactions have in common."""

    tasks: ClassVar[tuple[Task, ...]] = (
        "multi_label",
        "distribution",
        "classification",
        "regression",
        "sequence",
    )

    def inputs(self) -> tuple[str, ...]:
        """Precursors and operations; the baseline reads the precursors alone."""
        return ("reaction",)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """The vector of a precursor."""
        return {"reaction": {"table": self.hypers.table}}


class ReactionGraph(_OfReactions[Hypers]):
    """Message passing between the precursors of a reaction, in the context of its operations."""

    name: ClassVar[str] = "reaction-graph"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Malik, Goodall and Lee, Chem. Mater. 33, 616 (2021)"
    summary: ClassVar[str] = "attention between precursors; elements and amounts of the product"
    #: The operations, by an autoencoder.
    encodes: ClassVar[tuple[Task, ...]] = ("sequence",)
    Hypers: ClassVar[type[Settings]] = Hypers
    #: Thesis, app. A.2, and the defaults of the published code.
    defaults: ClassVar[Mapping[str, object]] = {
        "epochs": 60,
        "batch_size": 256,
        "optimizer": "adam",
        "lr": 1e-4,
        "weight_decay": 1e-6,
    }

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_reaction_graph.model import ReactionNet

        return ReactionNet(self.hypers, schema)


class ReactionMagpie(_OfReactions[MagpieHypers]):
    """The vectors of up to three precursors one after another: what a set must beat."""

    name: ClassVar[str] = "reaction-magpie"
    version: ClassVar[str] = "2"
    citation: ClassVar[str] = "Goodall, PhD thesis, University of Cambridge (2022), chapter 5"
    summary: ClassVar[str] = "baseline: concatenated Magpie vectors of up to three precursors"
    Hypers: ClassVar[type[Settings]] = MagpieHypers
    #: Thesis, app. A.2.
    defaults: ClassVar[Mapping[str, object]] = {
        "epochs": 100,
        "batch_size": 64,
        "optimizer": "adam",
        "lr": 1e-4,
        "weight_decay": 1e-6,
    }

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_reaction_graph.magpie import ConcatenatedNet

        return ConcatenatedNet(self.hypers, schema)
