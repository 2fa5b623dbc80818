"""Finder: one self-attention network for formula graphs and for crystal graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.plugin import ConfigError, SavedModel, Schema, Settings, TorchTrainer
from matdata_finder.hypers import Hypers
from matdata_finder.presets import IMAGES_OF_VERSION_2, SCHEDULES

if TYPE_CHECKING:
    from torch import nn


class Finder(TorchTrainer[Hypers]):
    """A. Ihalage and Y. Hao: formula graph self-attention network."""

    name: ClassVar[str] = "finder"
    version: ClassVar[str] = "3"
    citation: ClassVar[str] = "Ihalage and Hao, Adv. Sci. 9, 2200164 (2022)"
    summary: ClassVar[str] = "self-attention on formula graphs, or on crystal graphs"
    Hypers: ClassVar[type[Settings]] = Hypers
    #: A half cosine in fewer epochs, where the paper's rate falls by 0.999 in each of 1,200.
    defaults: ClassVar[Mapping[str, object]] = {
        "loss": "robust_l1",
        "epochs": 500,
        "batch_size": 128,
        "optimizer": "adam",
        "lr": 3e-4,
        "schedule": "cosine",
        "weight_decay": 1e-6,
        "clip": 1.0,
    }
    schedules: ClassVar[Mapping[str, Mapping[str, object]]] = SCHEDULES

    @classmethod
    def upgrade(cls, saved: SavedModel, from_version: str) -> SavedModel | None:
        """Runs of version 2 keep their graphs, whose presets had other ones; weights are the same.

        It had no hyperparameter `cell`, and at first none of `images` and `preset`.
        """
        if from_version != "2":
            return None
        hypers = dict(saved.hypers)
        images = IMAGES_OF_VERSION_2.get(str(hypers.get("preset", "matdata")))
        if images is None:  # a preset that it did not have
            return None
        hypers["images"] = hypers.get("images") or images
        return SavedModel({**hypers, "cell": "given"}, saved.state)

    @classmethod
    def trains_like(cls, version: str, hypers: Mapping[str, object]) -> bool:
        """Version 3 differs from version 2 in the crystal graphs of some presets alone."""
        then = cls.upgrade(SavedModel(hypers, {}), version)
        if then is None:
            return False
        try:
            before, now = (cls(Hypers.from_mapping(one)) for one in (then.hypers, hypers))
        except ConfigError:  # hyperparameters that this version does not have
            return False
        return before.input_settings() == now.input_settings()

    def inputs(self) -> tuple[str, ...]:
        """The formula graph or the crystal graph."""
        return ("formula-graph",) if self.hypers.graph == "formula" else ("graph",)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """Neighbours within the cutoff, as the form has them; sites without one are kept."""
        if self.hypers.graph == "formula":
            return {}
        form = self.hypers.form()
        settings = {"radius": self.hypers.cutoff, "max_neighbours": 0, "isolated": "keep"}
        return {"graph": {**settings, "images": form.images, "cell": form.cell}}

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        from matdata_finder.model import FinderModel

        return FinderModel(self.hypers, schema)
