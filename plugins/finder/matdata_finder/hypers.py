"""What a user can set of Finder; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import ConfigError, Settings, setting
from matdata_finder.presets import PRESETS, Form


@dataclass(frozen=True)
class Hypers(Settings):
    """Which graph is read, a form of it (`None` keeps the preset's), and sizes (section 4)."""

    preset: str = setting(
        "matdata", "form of graphs and schedule: matdata's or the paper's", choices=tuple(PRESETS)
    )
    graph: str = setting(
        "formula",
        "formula: edges are predicted; crystal: edges from distances",
        choices=("formula", "crystal"),
    )
    cutoff: float = setting(4.0, "crystal: longest edge in Å", minimum=0.0)
    self_edges: bool | None = setting(
        None, "formula: an atom is its own neighbour, too; other atoms of its element always are"
    )
    images: str | None = setting(
        None,
        "crystal: edges to all images of a neighbour, or to the nearest alone",
        choices=(None, "all", "nearest"),
    )
    cell: str | None = setting(
        None,
        "crystal: sites of the cell as given, or of the primitive cell",
        choices=(None, "given", "primitive"),
    )
    clamp: float | None = setting(
        None, "largest logarithm of a standard deviation, up or down; 0: any", minimum=0.0
    )
    table: str = setting(
        "mat2vec", "element vectors; onehot is an ablation", choices=("mat2vec", "onehot")
    )
    layers: int = setting(2, "message passing layers (1 to 4 in the paper)", minimum=1)
    width: int = setting(200, "channels per node after a layer", minimum=1)
    edge: int = setting(1, "formula: channels of a predicted edge attribute", minimum=1)
    functions: tuple[int, ...] = setting((128, 64), "hidden layers of phi_e and phi_m, two")
    pool: int = setting(256, "hidden units of the pooling's networks", minimum=1)
    attention: bool = setting(True, "element-wise attention; false is an ablation")
    pool_attention: bool = setting(True, "attention in pooling; false: mean (ablation)")
    post: bool = setting(True, "post-processing network; false is an ablation")
    filters: int = setting(64, "filters of its convolution", minimum=1)
    dense: tuple[int, ...] = setting((512, 1024, 1024, 256), "its dense layers, four")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.functions) != 2 or len(self.dense) != 4:
            raise ConfigError(
                f"functions has {len(self.functions)} layers and dense {len(self.dense)}; "
                "expected two and four"
            )

    def form(self) -> Form:
        """The preset's with what differs."""
        return self.applied_to(PRESETS[self.preset])
