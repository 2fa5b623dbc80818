"""Section: one step of every plugin in each precision, against float32 on the CPU.

Steps are those of plain gradient descent, so what weights moved by is the gradient. Networks draw
nothing here (no dropout, no jitter). Differences are norms, relative to those of the CPU.
"""

from __future__ import annotations

import functools
from typing import Any

import torch

from gpu.crystals import Place
from gpu.record import Section, require
from gpu.trial import Trial, hypers_of, networks

#: Largest relative difference of outputs and gradients: METHOD of each is its products' rounding
#: (2^-24, 2^-11, 2^-8 and 2^-11), which layers multiply; ReLUs that switch weigh on gradients.
LARGEST = {
    "float32": (1e-4, 2e-3),
    "tf32": (1e-2, 5e-2),
    "bf16": (1e-1, 4.5e-1),
    "fp16": (3e-2, 1e-1),
}
RATE = 1.0
#: Factor of the loss to begin with in fp16, with which few gradients overflow.
SETTLED = 256.0
#: Halvings of it after which gradients are not too large but not finite.
MOST_LEFT_OUT = 24


def run(section: Section, place: Place, device: str) -> None:
    """All plugins, all precisions."""
    for name in networks():
        wanted: dict[str, tuple[torch.Tensor, torch.Tensor, int]] = {}
        section.check(f"{name} on the CPU", functools.partial(_reference, wanted, place, name))
        if "cpu" not in wanted:
            continue
        for precision in LARGEST:
            if precision == "tf32" and device == "cpu":
                continue  # CPUs have none
            work = functools.partial(_compare, place, device, name, precision, wanted["cpu"])
            section.check(f"{name} {precision}", work)


def _reference(wanted: dict[str, Any], place: Place, name: str) -> None:
    wanted["cpu"] = _step(place, "cpu", name, "float32")


def _compare(
    place: Place, device: str, name: str, precision: str, wanted: tuple[Any, Any, int]
) -> dict[str, Any]:
    outputs, gradient, skipped = _step(place, device, name, precision)
    off = [_relative(outputs, wanted[0]), _relative(gradient, wanted[1])]
    for what, actual, most in zip(("outputs", "gradients"), off, LARGEST[precision], strict=True):
        require(actual <= most, f"{what} are off by {actual:.2g}, {most:g} is allowed")
    numbers: dict[str, Any] = {"outputs": off[0], "gradients": off[1]}
    if precision == "fp16":
        numbers["steps left out"] = skipped
    return numbers


def _relative(actual: torch.Tensor, wanted: torch.Tensor) -> float:
    require(
        actual.shape == wanted.shape, f"{tuple(actual.shape)} in place of {tuple(wanted.shape)}"
    )
    return float((actual - wanted).norm() / wanted.norm())


def _step(
    place: Place, device: str, name: str, precision: str
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Outputs before a step, and the gradient, in float64 on the CPU; steps left out before."""
    hypers = hypers_of(name, place.rehearsal, undrawn=True)
    settings: dict[str, Any] = {
        "optimizer": "sgd",
        "momentum": 0.0,
        "weight_decay": 0.0,
        "clip": 0.0,
    }
    trial = Trial(place, name, device, hypers, precision=precision, **settings)
    with trial.running():
        engine = trial.engine()
        batch = next(iter(trial.loader(shuffle=False)))
        trained = [key for key, value in engine.models[0].named_parameters()]  # type: ignore[attr-defined]
        outputs = engine.outputs(batch).double().cpu()
        for scaler in engine.scalers:
            state = {"scale": SETTLED, "growth": 0, "skipped": 0, "in_a_row": 0}
            scaler.load_state({key: torch.tensor(value) for key, value in state.items()})
        before = engine.weights()
        while True:  # one that overflows changes no weight
            skipped = engine.skipped()
            loss = engine.step(batch, [RATE])
            if engine.skipped() == skipped:
                break
            require(skipped < MOST_LEFT_OUT, f"gradients overflow, {MOST_LEFT_OUT} steps long")
        require(bool(loss.isfinite().all()), "the loss is not finite")
        after = engine.weights()
    moved = [(before[key] - after[key]).double().flatten().cpu() / RATE for key in trained]
    return outputs, torch.cat(moved), skipped
