"""Section: training of every plugin: steps, waiting for data, kernels against steps, memory."""

from __future__ import annotations

import functools
import time
from typing import Any

import torch

from gpu.crystals import Place
from gpu.record import Section, aimed
from gpu.trial import Trial, few, networks, wait
from matdata.training.engine import Engine

#: Largest share of an epoch spent waiting for data, and of kernels' time that a step takes.
WAITED, OVER_KERNELS = 0.02, 2.0
PROFILED = 10
#: Materials of a batch whose kernels outweigh what it takes to start them.
LARGE = 2048


def run(section: Section, place: Place, device: str) -> None:
    """One epoch or two of each."""
    for name in few(networks(), place.rehearsal):
        section.check(name, functools.partial(_train, place, device, name))


def _train(place: Place, device: str, name: str) -> dict[str, Any]:
    trial = Trial(place, name, device)
    with trial.running():
        numbers = _measured(trial, device)
    if numbers["step/kernels"] > OVER_KERNELS and device == "cuda":
        large = Trial(place, name, device, batch_size=LARGE)
        with large.running():
            kernels, step = _kernels(large.engine(), large.loader(), [trial.settings.lr], device)
        numbers[f"of batches of {LARGE}"] = step / kernels
    return numbers


def _measured(trial: Trial, device: str) -> dict[str, Any]:
    engine, loader = trial.engine(), trial.loader()
    rates = [trial.settings.lr]
    for batch, _ in zip(loader, range(3), strict=False):
        engine.step(batch, rates)
    wait(device)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    loader.set_epoch(1)
    started, steps = time.perf_counter(), 0
    for batch in loader:
        engine.step(batch, rates)
        steps += 1
    wait(device)
    step = (time.perf_counter() - started) / steps
    waited = loader.meter.share
    loader.set_epoch(2)
    kernels, single = _kernels(engine, loader, rates, device)
    judged = device == "cuda"
    verdict = aimed(
        max(waited / WAITED, single / kernels / OVER_KERNELS),
        1.0,
        judged,
        f"waiting under {WAITED:.0%}, steps within {OVER_KERNELS:g}x of their kernels",
    )
    numbers = {
        "ms a step": 1e3 * step,
        "waited": waited,
        "ms of kernels": 1e3 * kernels,
        "step/kernels": single / kernels,
        "batch": trial.settings.batch_size,
        "mode": loader.mode,
    }
    if judged:
        numbers["MB at most"] = torch.cuda.max_memory_allocated() / 1e6
    return {**verdict, **numbers}


def _kernels(engine: Engine, loader: Any, rates: list[float], device: str) -> tuple[float, float]:
    """Seconds of kernels in a step, and of the step itself, on the same batches unprofiled."""
    count = PROFILED if device == "cuda" else 1
    batches = [batch for batch, _ in zip(loader, range(count), strict=False)]
    for batch in batches:  # expansions are kept, and then are in neither
        engine.step(batch, rates)
    wait(device)
    started = time.perf_counter()
    for batch in batches:
        engine.step(batch, rates)
    wait(device)
    single = (time.perf_counter() - started) / len(batches)
    activity = torch.profiler.ProfilerActivity
    kinds = [activity.CUDA if device == "cuda" else activity.CPU]
    with torch.profiler.profile(activities=kinds) as profile:
        for batch in batches:
            engine.step(batch, rates)
        wait(device)
    which = "self_device_time_total" if device == "cuda" else "self_cpu_time_total"
    micros = sum(getattr(event, which) for event in profile.key_averages())
    return max(micros / 1e6 / len(batches), 1e-9), single
