"""Section: ``deterministic=true`` gives the same bits twice; a killed training ends as another.

An operation that has no deterministic form is named: the plugin that needs it cannot be trained so.
"""

from __future__ import annotations

import functools
import signal
import subprocess
import sys
from typing import Any

import numpy as np

from gpu.crystals import NAME, TARGET, Place
from gpu.killed import LOST
from gpu.record import MEASURED, Section, Skip, require
from gpu.trial import few, hypers_of, networks
from matdata.core.errors import DeviceError, FeatureError
from matdata.store.safetensors import read_tensors
from matdata.training.predict import predict_dataset
from matdata.training.request import Request
from matdata.training.run import Run
from matdata.training.train import train

#: The plugin whose training is killed: the first that is there.
KILLED = ("roost", "elemnet", "example")
#: Largest difference of predictions in float32, of the largest.
PREDICTED = 1e-4


def run(section: Section, place: Place, device: str) -> None:
    """A killed training first, then the bits of all plugins."""
    names = networks()
    victim = next((name for name in KILLED if name in names), None)
    if victim is not None:
        precisions = ("fp16",) if place.rehearsal else ("float32", "fp16")
        work = functools.partial(_ended, place, device, victim, "killed", precisions)
        section.check(f"killed, {victim}", work)
        work = functools.partial(_ended, place, device, victim, "lost", ("float32",))
        section.check(f"device lost, {victim}", work)
        section.check(f"predicted, {victim}", functools.partial(_predicted, place, device, victim))
    for name in few(names, place.rehearsal):
        section.check(f"twice, {name}", functools.partial(_twice, place, device, name))


def request_of(place: Place, device: str, name: str, **settings: Any) -> Request:
    """A short training on a part of the data."""
    own = {"batch_size": 8, "epochs": 2} if place.rehearsal else {"fraction": 0.2, "epochs": 2}
    chosen = {"tensorboard": False, "device": device, "deterministic": True, **own, **settings}
    return Request(name, NAME, (TARGET,), hypers=hypers_of(name, place.rehearsal), settings=chosen)


def _bits(run: Run) -> dict[str, Any]:
    weights: dict[str, Any] = read_tensors(run.folder / "best.safetensors")[0]
    return weights


def _require_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    require(one.keys() == other.keys(), "the weights have other names")
    differ = [name for name, value in one.items() if not np.array_equal(value, other[name])]
    require(not differ, f"{len(differ)} of {len(one)} weights differ, the first is {differ[:1]}")


def _twice(place: Place, device: str, name: str) -> dict[str, Any]:
    request = request_of(place, device, name)
    try:
        first, second = (train(request, place.cache, f"{name}-{k}") for k in range(2))
    except DeviceError as error:
        return {"status": MEASURED, "reason": f"forbidden: {error.what}"}
    except FeatureError as error:
        raise Skip(error.what) from error
    _require_same(_bits(first), _bits(second))
    return {"steps": first.result()["steps"]}


def _ended(
    place: Place, device: str, name: str, how: str, precisions: tuple[str, ...]
) -> dict[str, Any]:
    """A training that ended in its middle goes on from its checkpoint as if nothing was."""
    wanted = {"killed": -signal.SIGKILL, "lost": LOST}[how]
    for precision in precisions:
        command = [sys.executable, "-m", "gpu.killed", str(place.cache), device, name, precision]
        command += ["rehearse" if place.rehearsal else "gpu", how]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        ended = f"it was to end with {wanted}, not {done.returncode}: {done.stderr[-300:]}"
        require(done.returncode == wanted, ended)
        require(
            how == "killed" or "checkpoint" in done.stderr,
            f"no word of the checkpoint: {done.stderr[-300:]}",
        )
        request = request_of(place, device, name, precision=precision, checkpoint_seconds=0.0)
        resumed = train(request, place.cache, f"{how}-{precision}")
        whole = train(request, place.cache, f"whole-{precision}")
        _require_same(_bits(resumed), _bits(whole))
    return {"precisions": " ".join(precisions), "steps": whole.result()["steps"]}


def _predicted(place: Place, device: str, name: str) -> dict[str, Any]:
    """Predictions of the same weights there and on the CPU."""
    import matdata as md

    precision = "fp16" if place.rehearsal else "float32"
    request = request_of(place, device, name, precision=precision, checkpoint_seconds=0.0)
    run = train(request, place.cache, f"whole-{precision}")  # it is there
    dataset = md.open(NAME, cache=place.cache)
    ids = dataset.ids[:200]
    there, here = (
        predict_dataset(run, dataset, ids, settings={"device": one, "precision": "float32"})
        for one in (device, "cpu")
    )
    off = np.abs(there.mean - here.mean).max() / np.abs(here.mean).max()
    require(bool(off <= PREDICTED), f"predictions are off by {off:.2g} of the largest")
    return {"largest difference": float(off)}
