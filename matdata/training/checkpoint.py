"""Checkpoints: everything that decides what comes next, in one file that a rename replaces."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from matdata.core.errors import TrainError
from matdata.store.safetensors import read_tensors, write_tensors
from matdata.training.contents import BEST, LAST, require_written_by
from matdata.training.engine import Weights
from matdata.training.loop import Loop
from matdata.training.progress import Progress


def save_checkpoint(loop: Loop, folder: Path, run: str = "") -> None:
    """Write the state of a loop, and the best weights so far for predictions.

    Both files hold `run`, the digest of what the run was asked for: they fit no other run.
    """
    if not loop.engine.recipe.group.leads:
        return
    state = {
        "run": run,
        "progress": loop.progress.to_json(),
        "loader": loop.train.state(),
        "frozen": list(loop.engine.recipe.frozen),
    }
    groups = {
        "weights": loop.engine.weights(),
        "optimizer": loop.engine.slots(),
        "scaling": loop.engine.scaling(),
        "best": loop.best,
        "average": loop.average,
        "random": _random_state(loop.engine.recipe.device),
    }
    arrays = {
        f"{group}/{name}": value.detach().cpu().numpy()
        for group, values in groups.items()
        for name, value in values.items()
    }
    write_tensors(folder / LAST, arrays, state)
    if loop.best:
        # no times here: equal trainings give equal files
        members = [
            {"best": own.best, "best_epoch": own.best_epoch} for own in loop.progress.members
        ]
        best = {"run": run, "epoch": loop.progress.epoch, "members": members}
        write_best(folder, loop.best, best)


def write_best(folder: Path, weights: Weights, state: dict[str, object]) -> None:
    """Write the weights that predictions are made with."""
    arrays = {name: value.detach().cpu().numpy() for name, value in weights.items()}
    write_tensors(folder / BEST, arrays, state)


def read_weights(path: Path) -> tuple[Weights, dict[str, Any]]:
    """Weights (members, ...) of a file of `write_best`, and its state."""
    arrays, state = read_tensors(path)
    return {name: torch.from_numpy(value) for name, value in arrays.items()}, state


def load_checkpoint(loop: Loop, folder: Path, runs: Collection[str] = ("",)) -> bool:
    """Bring a new loop to where a checkpoint of this run stands; returns whether there is one.

    `runs` are the digests that `require_written_by` takes.

    Raises
    ------
    TrainError
        If the network has other weights than the checkpoint.
    StoreError
        If the checkpoint is damaged, or of another run.
    """
    path = folder / LAST
    if not path.is_file():
        return False
    arrays, state = read_tensors(path)
    require_written_by(path, state, runs)
    device = loop.engine.recipe.device
    groups: dict[str, dict[str, Tensor]] = {}
    for key, value in arrays.items():
        group, _, name = key.partition("/")
        home = device if group in ("weights", "best", "average") else torch.device("cpu")
        groups.setdefault(group, {})[name] = torch.from_numpy(value).to(home)
    check_weights(groups["weights"], loop.engine.weights(), path)
    loop.engine.load_weights(groups["weights"])
    loop.resume(Progress.from_json(state["progress"]))
    loop.best, loop.average = groups.get("best", {}), groups.get("average", {})
    loop.usable = bool(loop.best)
    loop.engine.load_slots(groups.get("optimizer", {}))
    loop.engine.load_scaling(groups.get("scaling", {}))
    # the leading process wrote it; all stand at the same batch, of which each has its own part
    loop.train.load_state({**state["loader"], "rank": loop.engine.recipe.group.rank})
    _set_random_state(groups["random"], device)
    return True


def check_weights(weights: Weights, expected: Weights, path: Path) -> None:
    """Check names and shapes of weights.

    Raises
    ------
    TrainError
        Naming the first that differs.
    """
    for name in sorted({*weights, *expected}):
        one, other = weights.get(name), expected.get(name)
        if one is None or other is None or one.shape != other.shape:
            shapes = [list(t.shape[1:]) if t is not None else "absent" for t in (one, other)]
            raise TrainError(
                f"{path} does not fit the network: {name} is {shapes[0]} there, {shapes[1]} here",
                cause="the plugin was changed without a new version",
                next_step="train again under another name",
            )


def _random_state(device: torch.device) -> Weights:
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def _set_random_state(states: Weights, device: torch.device) -> None:
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
