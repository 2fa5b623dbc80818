"""Batches of materials in memory, for tests of models."""

from __future__ import annotations

from typing import Any

import numpy as np

from matdata.features import featurizer
from matdata.load.loader import make_loader
from matdata.materials.compute import as_batch
from matdata.training.contract import Schema
from matdata.training.data import View
from matdata.training.memory_features import MemoryFeature
from matdata.training.outputs import Head
from matdata.training.target import Target


def batch_of(materials: Any, spec: str, **settings: Any) -> Any:
    """One batch of all materials for which a feature succeeds."""
    made = featurizer(spec, settings)
    batch = as_batch(materials, made)
    feature = MemoryFeature(made, batch)
    ids = np.asarray(batch.ids, dtype=np.str_)
    view = View("materials in memory", ids, {}, {}, {spec: feature})
    return next(iter(make_loader(view, feature.ids, [spec], batch_size=len(feature.ids))))


def schema_of(*specs: str, sizes: tuple[int, ...] = (1,), robust: bool = True) -> Schema:
    """What a model of these inputs is built for."""
    targets = tuple(Target(f"target {k}", size) for k, size in enumerate(sizes))
    heads = tuple(Head(target.name, (target.size,) * (1 + robust)) for target in targets)
    return Schema(targets, heads, {spec: featurizer(spec) for spec in specs})
