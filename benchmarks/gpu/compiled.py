"""Section: torch.compile, and CUDA graphs (``reduce-overhead``), where batches have one shape."""

from __future__ import annotations

import functools
import time
from typing import Any

from gpu.crystals import Place
from gpu.record import MEASURED, Section, Skip, require
from gpu.trial import Trial, hypers_of, networks, wait

#: Networks whose tensors have the same shape in every batch of a size, then one whose have not.
PLUGINS = ("elemnet", "rescnn", "roost")
STEPS = 30
#: Largest relative difference to the outputs that are not compiled.
LARGEST = 1e-3


def run(section: Section, place: Place, device: str) -> None:
    """Each plugin in each way."""
    for name in PLUGINS:
        if name not in networks():
            section.add(name, "skipped", "the plugin is not at hand")
            continue
        for way in ("default", "reduce-overhead"):
            section.check(f"{name} {way}", functools.partial(_compare, place, device, name, way))


def _compare(place: Place, device: str, name: str, way: str) -> dict[str, Any]:
    if place.rehearsal:
        raise Skip("a compiler for the CPU takes minutes")
    plain, compiled = (
        Trial(place, name, device, hypers_of(name, False, undrawn=True), compile=mode)
        for mode in ("none", way)
    )
    with plain.running():
        return _measured(plain, compiled, device)


def _measured(plain: Trial, compiled: Trial, device: str) -> dict[str, Any]:
    size = plain.settings.batch_size
    batches = [b for b, _ in zip(plain.loader(), range(STEPS), strict=False) if len(b) == size]
    engines = plain.engine(), compiled.engine()
    wanted, actual = (engine.outputs(batches[0]).clone() for engine in engines)
    off = float((actual - wanted).norm() / wanted.norm())
    require(off <= LARGEST, f"outputs are off by {off:.2g}")
    started = time.perf_counter()
    engines[1].step(batches[0], [plain.settings.lr])
    wait(device)
    first = time.perf_counter() - started
    times = []
    for engine in engines:
        for _ in range(2):
            started = time.perf_counter()
            for batch in batches:
                engine.step(batch, [plain.settings.lr])
            wait(device)
        times.append((time.perf_counter() - started) / len(batches))
    return {
        "status": MEASURED,
        "times as fast": times[0] / times[1],
        "ms a step": 1e3 * times[1],
        "ms without": 1e3 * times[0],
        "seconds of the first step": first,
    }
