"""From materials and options to the parts of a loader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError
from matdata.features.base import Featurizer
from matdata.features.one_cell import require_one_cell
from matdata.load.arrays import ArrayViews
from matdata.load.batching import Budget
from matdata.load.chunk import CHUNK_BYTES, WIDE_BATCHES, WIDE_BYTES
from matdata.load.devices import find_device
from matdata.load.gather import make_ready
from matdata.load.materials import Materials, weights_of
from matdata.load.modes import Mode, choose, default_window, too_small
from matdata.load.options import LoadOptions
from matdata.load.planning import Planner
from matdata.load.readers import MemorySource, Source, StreamSource
from matdata.load.reading import FeatureColumns
from matdata.load.targets import Targets
from matdata.load.views import B_co, Views

if TYPE_CHECKING:
    import torch

    from matdata.load.arrays import ArrayBatch
    from matdata.load.batch import Batch


@dataclass(frozen=True, eq=False)
class Setup(Generic[B_co]):
    """The parts of a loader.

    Attributes
    ----------
    featurizers
        By spec.
    source
        Gathers columns.
    views
        Cuts them into batches.
    planner
        Orders materials.
    mode
        Where columns lie.
    weights
        Weights in the loss.
    columns_bytes
        Bytes of the columns, an estimate where they are derived.
    """

    featurizers: Mapping[str, Featurizer]
    source: Source
    views: Views[B_co]
    planner: Planner
    mode: Mode
    weights: npt.NDArray[np.float32] | None
    columns_bytes: int


def set_up(materials: Materials, options: LoadOptions) -> Setup[Batch | ArrayBatch]:
    """Choose a mode, read columns, and plan.

    Raises
    ------
    ConfigError
        If the device is not there, a material does not fit the budget, or the sites of two inputs
        are of two cells.
    """
    arrays = options.device == "numpy"
    device, free = (None, None) if arrays else find_device(options.device)
    features = {
        spec: FeatureColumns(feature, materials.rows, as_stored=arrays)
        for spec, feature in materials.features.items()
    }
    size = int(sum(feature.sizes.sum() for feature in features.values()))
    mode = choose(options.mode, size, str(options.device), free)
    planner = _planner(materials, options, features, size)
    featurizers = {spec: feature.featurizer for spec, feature in features.items()}
    require_one_cell(featurizers, "one batch")
    make_ready(size)
    source, views, mode = _readers(features, materials, mode, device, featurizers)
    weights = weights_of(options.weights, materials.ids, "weights", materials.dataset_ids)
    single = None if weights is None else weights.astype(np.float32)
    return Setup(featurizers, source, views, planner, mode, single, size)


def _readers(
    features: Mapping[str, FeatureColumns],
    materials: Materials,
    mode: Mode,
    device: torch.device | None,
    featurizers: Mapping[str, Featurizer],
) -> tuple[Source, Views[Batch | ArrayBatch], Mode]:
    if mode.name == "stream":
        source: Source = StreamSource(features, len(materials.ids))
    else:
        memory = MemorySource.read(features)
        source = memory
    if device is None:
        return source, ArrayViews(featurizers, materials.ids), mode
    import torch

    from matdata.load.copies import SideStream
    from matdata.load.tensors import DeviceSource, TensorViews

    if mode.name == "resident" and device.type != "cpu":
        try:
            source = DeviceSource(memory.columns, device)
        except torch.OutOfMemoryError:
            mode = too_small(mode, str(device))
    aside = device.type == "cuda" and mode.name != "resident"
    side = SideStream(device) if aside else None
    return source, TensorViews(featurizers, materials.ids, device, side), mode


def _planner(
    materials: Materials,
    options: LoadOptions,
    features: Mapping[str, FeatureColumns],
    size: int,
) -> Planner:
    count = len(materials.ids)
    # of the columns alone: free memory chooses the mode, and must not choose the order
    window = options.window or default_window(size, count)
    budget = None
    if options.limits:
        budget = _budget(options, features, count)
        budget.check(materials.ids)
    chances = weights_of(
        options.sample_weights, materials.ids, "sample_weights", materials.dataset_ids
    )
    planner = Planner(materials.ids, options, min(window, count), budget, chances)
    if options.drop_last and not len(planner.plan(0)):
        raise ConfigError(
            f"nothing is left: {count} materials make no batch of {options.batch_size}, and "
            "drop_last leaves out a smaller one",
            next_step="choose a smaller batch_size, or drop_last=False",
        )
    return planner


def _budget(options: LoadOptions, features: Mapping[str, FeatureColumns], count: int) -> Budget:
    limits, sizes = dict(options.limits), {}
    for level in limits:
        sizes[level] = _entries(features, level)
    if options.batch_size:
        limits["crystal"] = options.size
        sizes["crystal"] = np.ones(count, dtype=np.int64)
    return Budget(limits, sizes)


def _entries(features: Mapping[str, FeatureColumns], level: str) -> npt.NDArray[np.int64]:
    """Entries of each material at a level that some input has."""

    def last(feature: FeatureColumns) -> tuple[bool, bool]:
        """Those of whose sites a batch has no rows, which may be of another cell; then those that
        have to be read for it."""
        rowless = level == "site" and feature.featurizer.cell_of_sites is None
        return rowless, feature.preparation.derives

    for feature in sorted(features.values(), key=last):
        entries = feature.entries(level)
        if entries is not None:
            return entries
    raise ConfigError(
        f"no input has {level}s, so a batch cannot be limited by them",
        next_step=f"inputs: {', '.join(features)}; `graph` has sites and edges",
    )


def batches_per_chunk(setup: Setup[object], targets: Targets) -> int:
    """Batches that are gathered at once, with what is learnt of them."""
    wanted = CHUNK_BYTES * (1 if str(setup.views.device) in ("cpu", "numpy") else 8)
    plan = setup.planner.plan(0)
    material = (setup.columns_bytes + targets.bytes) / max(1, setup.planner.count)
    batch = material * len(plan.rows) / max(1, len(plan))
    many = max(1, int(wanted / max(batch, 1.0)))
    if targets.bytes > setup.columns_bytes:
        many = max(many, min(WIDE_BATCHES, int(WIDE_BYTES / max(batch, 1.0))))
    return many
