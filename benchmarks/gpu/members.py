"""Section: ten members with stacked weights against one; and the same numbers as separate ones."""

from __future__ import annotations

import functools
import time
from typing import Any

from gpu.crystals import Place
from gpu.record import Section, Skip, aimed, require
from gpu.trial import Trial, hypers_of, few, networks, wait
from matdata.training.stacked import StackedEngine, reason_after_trial, reason_against

#: Largest ratio of a step of ten members to that of one.
MOST = 2.0
STEPS = 20


def run(section: Section, place: Place, device: str) -> None:
    """All plugins that can be stacked."""
    for name in few(networks(), place.rehearsal):
        section.check(name, functools.partial(_compare, place, device, name))


def _compare(place: Place, device: str, name: str) -> dict[str, Any]:
    members = 2 if place.rehearsal else 10
    trial = Trial(place, name, device, hypers_of(name, place.rehearsal), members)
    with trial.running():
        return _measured(place, device, name, trial, members)


def _measured(place: Place, device: str, name: str, trial: Trial, members: int) -> dict[str, Any]:
    models = trial.models()
    reason = reason_against(models, trial.plugin.vmap, trial.settings.schedule)
    if reason:
        raise Skip(reason)
    count = 1 if place.rehearsal else STEPS
    batches = [batch for batch, _ in zip(trial.loader(), range(count), strict=False)]
    stacked = StackedEngine(models, trial.recipe)
    reason = reason_after_trial(stacked, models, batches[0])
    require(reason is None, str(reason))
    alone = Trial(place, name, device, hypers_of(name, place.rehearsal)).engine()
    times = [_step(engine, batches, trial, device) for engine in (stacked, alone)]
    ratio = times[0] / times[1]
    verdict = aimed(ratio, MOST, device == "cuda", f"at most {MOST:g}x")
    return {
        **verdict,
        "members": members,
        "times one": ratio,
        "ms stacked": 1e3 * times[0],
        "ms one": 1e3 * times[1],
    }


def _step(engine: Any, batches: list[Any], trial: Trial, device: str) -> float:
    """Seconds of a step, the second time all batches are seen."""
    for _ in range(2):
        wait(device)
        started = time.perf_counter()
        for batch in batches:
            engine.step(batch, [trial.settings.lr] * engine.members)
        wait(device)
    return (time.perf_counter() - started) / len(batches)
