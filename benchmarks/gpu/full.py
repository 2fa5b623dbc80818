"""Section: a device that is full: columns stay in memory, errors of trainings name what to change.

Nearly all memory is taken, as other programs take it. A rehearsal has no device to fill.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import torch

from gpu.crystals import Place
from gpu.exact import request_of
from gpu.loaders import loader_of
from gpu.record import Section, Skip, require
from gpu.trial import networks
from matdata.core.errors import DeviceError
from matdata.training.train import train

#: Bytes that are left.
LEFT = 4 << 20


def run(section: Section, place: Place, device: str) -> None:
    """Columns that do not fit, then networks that do not."""
    section.check("resident on a full device", functools.partial(_resident, place, device))
    name = next((one for one in ("rescnn", "elemnet", "example") if one in networks()), "")
    section.check(f"training on a full device, {name}", lambda: _training(place, device, name))


@contextlib.contextmanager
def _filled(device: str) -> Iterator[None]:
    if device == "cpu":
        raise Skip("a CPU's memory is not filled")
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    held = []
    for size in (1 << 32, 1 << 28, LEFT // 2):
        with contextlib.suppress(torch.OutOfMemoryError):
            while torch.cuda.mem_get_info()[0] > LEFT:
                held.append(torch.empty(size, dtype=torch.uint8, device=device))
    try:
        yield
    finally:
        held.clear()
        torch.cuda.empty_cache()


def _resident(place: Place, device: str) -> dict[str, Any]:
    with _filled(device):
        loader = loader_of(place, device, "graph", mode="resident")
        mode, reason = loader.mode, loader.reason
    require(mode == "ram", f"mode {mode}: {reason}")
    require("did not fit" in reason, reason)
    return {"batches": sum(1 for _ in loader)}


def _training(place: Place, device: str, name: str) -> None:
    with _filled(device):
        try:
            train(request_of(place, device, name), place.cache, f"full-{name}")
        except DeviceError as error:
            require("is full" in error.what, error.what)
            require("batch_size" in str(error), str(error))
        else:
            require(False, "it was trained where there is no memory")
    train(request_of(place, device, name), place.cache, f"full-{name}")
