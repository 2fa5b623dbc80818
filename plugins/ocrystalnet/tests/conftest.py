"""Batches made of real featurizers, and networks with weights that never change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from matdata_ocrystalnet import OGCNN, OCrystalNet
from support.crystals import many

from matdata.plugin import Batch, Crystals, Head, Schema, Target, TorchTrainer, featurizer
from matdata.plugin import batch_of as in_memory


@pytest.fixture(scope="session")
def rattled() -> Callable[..., Crystals]:
    """`rattled(5)` are crystals without symmetry, in which neighbours are often not mutual."""

    def make(count: int) -> Crystals:
        crystals = many(count)
        columns = crystals.columns()
        noise = np.random.default_rng(1).normal(0.0, 0.04, columns["frac_coords"].shape)
        columns["frac_coords"] = columns["frac_coords"] + noise
        columns["lattice"] = columns["lattice"] * 0.8
        return Crystals(crystals.ids, **columns)

    return make


@pytest.fixture(scope="session")
def batch_of() -> Callable[..., Batch]:
    """`batch_of(crystals, trainer)` is the batch that the trainer's model would read."""

    def make(crystals: Crystals, trainer: TorchTrainer) -> Batch:
        return in_memory(trainer.inputs(), crystals, trainer.input_settings())

    return make


@pytest.fixture(scope="session")
def schema_of() -> Callable[..., Schema]:
    """`schema_of(trainer)` is the schema of one target."""

    def make(trainer: TorchTrainer, outputs: int = 1) -> Schema:
        settings = trainer.input_settings()
        made = {spec: featurizer(spec, settings.get(spec)) for spec in trainer.inputs()}
        return Schema((Target("energy"),), (Head("energy", (1,) * outputs),), made)

    return make


def _fill(weights: torch.Tensor, edge: torch.Tensor | None, seed: int) -> None:
    """Draw weights; those of a convolution on sites and on edges as one matrix, (out, in)."""
    rows, width = len(weights), weights.shape[-1]
    shape = tuple(weights.shape) if edge is None else (rows // 2, 2 * width + edge.shape[1])
    drawn = np.random.RandomState(seed).standard_normal(shape)
    values = torch.from_numpy(drawn) * 0.7 * shape[-1] ** -0.5
    if edge is not None:
        own, other, bond = torch.split(values, [width, width, edge.shape[1]], 1)
        edge.copy_(bond)
        values = torch.cat([own, other])
    weights.copy_(values)


@pytest.fixture(scope="session")
def network_of(schema_of: Callable[..., Schema]) -> Callable[..., tuple[Any, torch.nn.Module]]:
    """`network_of("ocrystalnet", hidden=16)`: the trainer, and its model with known weights."""
    kinds = {"ocrystalnet": OCrystalNet, "ogcnn": OGCNN}

    def make(name: str, **hypers: Any) -> tuple[Any, torch.nn.Module]:
        trainer = kinds[name](kinds[name].Hypers(**hypers))
        model = trainer.model(schema_of(trainer)).eval()
        with torch.no_grad():
            named = dict(model.named_parameters())
            for place, name in enumerate(key for key in named if not key.endswith(".edge")):
                whole = name.endswith(".pair.weight")
                edge = named[name.replace("pair.weight", "edge")] if whole else None
                _fill(named[name], edge, place)
        return trainer, model

    return make
