"""Section: the same epochs in all modes; no batch before its copy, whatever stalls.

In a rehearsal the side stream is `support.late_copies`, whose copies come when they are waited for.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

import matdata as md

from gpu.crystals import NAME, TARGET, Place
from gpu.leaves import same_batches
from gpu.record import Section, Skip, require
from matdata.core.errors import FeatureError
from matdata.load.copies import CudaCalls, SideStream
from matdata.load.loader import Loader
from matdata.load.materials import gather_materials
from matdata.load.options import LoadOptions
from matdata.load.setup import set_up
from matdata.load.tensors import TensorViews

INPUTS = ("graph", "ofm", "composition-set")
GRAPH = {"radius": 5.0, "max_neighbours": 12}
STALLS = 500
#: Longest stall in clock cycles: some milliseconds.
CYCLES = 4_000_000


class StallingCalls(CudaCalls):
    """CUDA's calls, with kernels that do nothing for a drawn time before copies."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.stalls = 0

    def copy(self, pinned: Tensor, device: torch.device) -> Tensor:
        """Copy behind a stall, or not."""
        if self._rng.random() < 0.5:
            cycles = int(self._rng.integers(1000, CYCLES))
            torch.cuda._sleep(cycles)  # type: ignore[no-untyped-call]
            self.stalls += 1
        return super().copy(pinned, device)


def run(section: Section, place: Place, device: str) -> None:
    """Orders, then stalls."""
    section.check("order of three epochs", functools.partial(_orders, place, device))
    for mode in ("ram", "stream"):
        section.check(f"stalled copies, {mode}", functools.partial(_stalled, place, device, mode))


def _loader(
    place: Place, device: str, mode: str, calls: CudaCalls | None = None, **options: Any
) -> Loader:
    """A loader of tensors; with `calls` on a side stream of them, one batch per chunk."""
    dataset = md.open(NAME, cache=place.cache)
    ids = dataset.ids[: 48 if place.rehearsal else 600]
    options = {"batch_size": 16, "window": len(ids) // 3, "shuffle": True, "seed": 3, **options}
    settings: dict[str, Mapping[str, object]] = {
        "graph": GRAPH,
        "composition-set": {"table": "matscholar"},
    }
    chosen = LoadOptions(device=device, mode=mode, input_settings=settings, **options)
    try:
        materials = gather_materials(dataset, ids, INPUTS, TARGET, chosen, NAME)
    except FeatureError as error:
        raise Skip(error.what) from error
    setup = set_up(materials, chosen)
    if calls is not None:
        assert isinstance(setup.views, TensorViews)
        setup.views.side = SideStream(torch.device(device), calls)
        setup = dataclasses.replace(setup, columns_bytes=1 << 60)
    return cast(Loader, Loader(materials, chosen, setup))


def _orders(place: Place, device: str) -> dict[str, Any]:
    plain = _loader(place, "cpu", "resident")
    wanted = [batch for _ in range(3) for batch in plain]
    for mode in ("resident", "ram", "stream"):
        loader = _loader(place, device, mode)
        actual = [batch for _ in range(3) for batch in loader]
        require(loader.mode == mode, f"mode {loader.mode} in place of {mode}: {loader.reason}")
        require(len(actual) == len(wanted), f"{len(actual)} batches in place of {len(wanted)}")
        for k, (one, other) in enumerate(zip(actual, wanted, strict=True)):
            same_batches(one, other, f"{mode}, batch {k}")
    return {"batches": len(wanted)}


def _stalled(place: Place, device: str, mode: str) -> dict[str, Any]:
    wanted = list(_loader(place, "cpu", "resident", shuffle=False))
    calls: Any = StallingCalls(seed=5)
    if device == "cpu":
        from support.late_copies import LateCalls

        calls = LateCalls(seed=5, eager=0.3)
    loader = _loader(place, device, mode, calls, shuffle=False, prefetch=3)
    epochs, most = 0, 60 if place.rehearsal else STALLS
    while calls.stalls < most:
        for k, (one, other) in enumerate(zip(loader, wanted, strict=True)):
            same_batches(one, other, f"epoch {epochs}, batch {k}")
        epochs += 1
    return {"stalls": calls.stalls, "batches": epochs * len(wanted)}
