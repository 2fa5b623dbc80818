"""Warm start: a network begins with the weights of another run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from matdata.errors import TrainError
from matdata.training.checkpoint import read_weights
from matdata.training.contents import BEST
from matdata.training.engine import matching
from matdata.training.run import Run


def parent_of(run: Run) -> dict[str, Any]:
    """What the manifest of a child says about the run it takes weights from."""
    return {"name": run.name, "weights": run.weights_digest()}


def take_over(models: Sequence[nn.Module], parent: Run, reinit: Sequence[str]) -> list[str]:
    """Fill networks with the best weights of a run; member m gets those of member m, in turn.

    Parameters
    ----------
    models
        The members.
    parent
        A run of a plugin with the same weights.
    reinit
        Patterns of weights that keep their own first values (the head for another target).

    Returns
    -------
    list of str
        Names of the weights that were not taken over.

    Raises
    ------
    TrainError
        If a weight that is to be taken over is absent there or has another shape.
    ConfigError
        If a pattern matches nothing.
    """
    weights, _ = read_weights(parent.folder / BEST)
    own = models[0].state_dict()
    kept = matching(list(own), reinit, "--reinit")
    for name, value in own.items():
        if name in kept:
            continue
        if name not in weights or weights[name].shape[1:] != value.shape:
            there = list(weights[name].shape[1:]) if name in weights else "absent"
            raise TrainError(
                f"weight {name} is {there} in run {parent.name!r}, {list(value.shape)} here",
                cause="the runs differ in hypers, loss or number of targets",
                next_step=f"train with the hypers of that run, or add --reinit {name}",
            )
    members = len(next(iter(weights.values())))
    for member, model in enumerate(models):
        taken = {n: weights[n][member % members] for n in own if n not in kept}
        model.load_state_dict({**model.state_dict(), **taken})
    return kept
