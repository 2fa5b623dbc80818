"""Batches made of real featurizers, and networks with weights that never change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from matdata_ocrystalnet import OGCNN, OCrystalNet
from support.crystals import many

import matdata as md
from matdata.features import featurizer
from matdata.load.batch import Batch
from matdata.load.inputs import input_class
from matdata.load.prepare import preparation


@pytest.fixture(scope="session")
def rattled() -> Callable[..., md.Crystals]:
    """`rattled(5)` are crystals without symmetry, in which neighbours are often not mutual."""

    def make(count: int) -> md.Crystals:
        crystals = many(count)
        columns = crystals.columns()
        noise = np.random.default_rng(1).normal(0.0, 0.04, columns["frac_coords"].shape)
        columns["frac_coords"] = columns["frac_coords"] + noise
        columns["lattice"] = columns["lattice"] * 0.8
        return md.Crystals(crystals.ids, **columns)

    return make


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.view(np.int16) if values.dtype == np.uint16 else values)


def _input(crystals: md.Crystals, spec: str, settings: Any) -> Any:
    made = featurizer(spec, settings)
    block = made.featurize(crystals)
    assert not block.rejects
    fields, offsets = {}, {}
    prepared = preparation(made).make(made, block.fields)
    for name, (level, column) in prepared.items():
        ragged = isinstance(column, md.Ragged)
        fields[name] = _tensor(np.ascontiguousarray(column.values if ragged else column))
        if ragged:
            offsets[level] = torch.from_numpy(np.asarray(column.offsets, dtype=np.int64))
    return input_class(made)(made, fields, offsets, len(crystals))


@pytest.fixture(scope="session")
def batch_of() -> Callable[..., Batch]:
    """`batch_of(crystals, trainer)` is the batch that the trainer's model would read."""

    def make(crystals: md.Crystals, trainer: md.TorchTrainer) -> Batch:
        settings = trainer.input_settings()
        size = len(crystals)
        return Batch(
            {spec: _input(crystals, spec, settings.get(spec)) for spec in trainer.inputs()},
            torch.zeros(size, 1),
            torch.ones(size, 1, dtype=torch.bool),
            torch.arange(size),
            crystals.ids,
        )

    return make


@pytest.fixture(scope="session")
def schema_of() -> Callable[..., md.Schema]:
    """`schema_of(trainer)` is the schema of one target."""

    def make(trainer: md.TorchTrainer, outputs: int = 1) -> md.Schema:
        settings = trainer.input_settings()
        made = {spec: featurizer(spec, settings.get(spec)) for spec in trainer.inputs()}
        return md.Schema((md.Target("energy"),), (md.Head("energy", (1,) * outputs),), made)

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
def network_of(schema_of: Callable[..., md.Schema]) -> Callable[..., tuple[Any, torch.nn.Module]]:
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
