"""Section: an epoch of every plugin in which the host never waits for the device.

On a GPU `torch.cuda.set_sync_debug_mode("error")` raises at what waits. In a rehearsal steps are
taken on a device without values (`support.meta_device`), where it raises as well.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from typing import Any

import torch

from gpu.crystals import Place
from gpu.record import Section
from gpu.trial import Trial, hypers_of, networks
from matdata.training.engine import SeparateEngine

#: Hyperparameters without which a plugin has to ask for a size: OCrystalNet's added reverse edges
#: are counted once a batch.
UNCOUNTED = {"ocrystalnet": {"reverse": "both"}}


def run(section: Section, place: Place, device: str) -> None:
    """Float32, and fp16 with its left-out steps, in the modes that copy."""
    for name in networks():
        if device == "cpu":
            section.check(name, functools.partial(_without_values, place, name))
            continue
        for precision, mode in (("float32", "resident"), ("fp16", "ram")):
            work = functools.partial(_epoch, place, device, name, precision, mode)
            section.check(f"{name} {precision} {mode}", work)


def _hypers(place: Place, name: str) -> dict[str, Any]:
    return {**hypers_of(name, place.rehearsal), **UNCOUNTED.get(name, {})}


def _epoch(place: Place, device: str, name: str, precision: str, mode: str) -> dict[str, Any]:
    settings: dict[str, Any] = {"precision": precision, "loader": mode, "fraction": 0.25}
    trial = Trial(place, name, device, _hypers(place, name), **settings)
    with trial.running():
        return _unwaiting(trial)


def _unwaiting(trial: Trial) -> dict[str, Any]:
    engine, loader = trial.engine(), trial.loader()
    rates = [trial.settings.lr]
    for batch, _ in zip(loader, range(2), strict=False):  # tables, handles and pinned memory
        engine.step(batch, rates)
    torch.cuda.synchronize()
    loader.set_epoch(1)
    steps = 0
    torch.cuda.set_sync_debug_mode("error")
    try:
        for batch in loader:
            engine.step(batch, rates)
            steps += 1
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return {"steps": steps, "batch": trial.settings.batch_size}


def _without_values(place: Place, name: str) -> dict[str, Any]:
    from support.meta_device import DEVICE, no_copies

    trial = Trial(place, name, "cpu", _hypers(place, name))
    models = [model.to(DEVICE) for model in trial.models()]
    engine = SeparateEngine(models, dataclasses.replace(trial.recipe, device=DEVICE))
    steps = 0
    for batch in trial.loader():
        there = batch.to(DEVICE)
        with no_copies() if steps else contextlib.nullcontext():  # tables are sent once
            engine.step(there, [trial.settings.lr])
        steps += 1
    return {"steps": steps}
