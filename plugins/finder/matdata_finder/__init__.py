"""Finder: one self-attention network for formula graphs and for crystal graphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import matdata as md

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Hypers(md.Settings):
    """Which graph is read, and sizes; the defaults are the paper's (section 4)."""

    graph: str = md.setting(
        "formula",
        "formula: edges are predicted; crystal: edges from distances",
        choices=("formula", "crystal"),
    )
    cutoff: float = md.setting(4.0, "crystal: longest edge in Å", minimum=0.0)
    table: str = md.setting(
        "mat2vec", "element vectors; onehot is an ablation", choices=("mat2vec", "onehot")
    )
    layers: int = md.setting(2, "message passing layers (1 to 4 in the paper)", minimum=1)
    width: int = md.setting(200, "numbers of a node after a layer", minimum=1)
    edge: int = md.setting(1, "formula: numbers of a predicted edge attribute", minimum=1)
    functions: tuple[int, ...] = md.setting((128, 64), "hidden layers of phi_e and phi_m, two")
    pool: int = md.setting(256, "hidden units of the pooling's networks", minimum=1)
    attention: bool = md.setting(True, "element-wise attention; false is an ablation")
    pool_attention: bool = md.setting(True, "attention in pooling; false: mean (ablation)")
    post: bool = md.setting(True, "post-processing network; false is an ablation")
    filters: int = md.setting(64, "filters of its convolution", minimum=1)
    dense: tuple[int, ...] = md.setting((512, 1024, 1024, 256), "its dense layers, four")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.functions) != 2 or len(self.dense) != 4:
            raise md.ConfigError(
                f"functions has {len(self.functions)} layers and dense {len(self.dense)}; "
                "expected two and four"
            )


class Finder(md.TorchTrainer):
    """A. Ihalage and Y. Hao: formula graph self-attention network."""

    name: ClassVar[str] = "finder"
    version: ClassVar[str] = "2"
    citation: ClassVar[str] = "Ihalage and Hao, Adv. Sci. 9, 2200164 (2022)"
    summary: ClassVar[str] = "self-attention on formula graphs, or on crystal graphs"
    Hypers: ClassVar[type[md.Settings]] = Hypers
    #: The paper's rate falls by a factor of 0.999 an iteration; a half cosine stands here for it.
    defaults: ClassVar[Mapping[str, Any]] = {
        "loss": "robust_l1",
        "epochs": 500,
        "batch_size": 128,
        "optimizer": "adam",
        "lr": 3e-4,
        "schedule": "cosine",
        "weight_decay": 1e-6,
        "clip": 1.0,
    }

    def inputs(self) -> tuple[str, ...]:
        """The formula graph or the crystal graph."""
        return ("formula-graph",) if self.hypers.graph == "formula" else ("graph",)

    def input_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """All neighbours within the cutoff; sites without one are kept."""
        if self.hypers.graph == "formula":
            return {}
        radius = self.hypers.cutoff
        return {"graph": {"radius": radius, "max_neighbours": 0, "isolated": "keep"}}

    def model(self, schema: md.Schema) -> nn.Module:
        """The network."""
        from matdata_finder.model import FinderModel

        return FinderModel(self.hypers, schema)
