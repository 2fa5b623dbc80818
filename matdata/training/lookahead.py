"""Lookahead: k steps forward, one step back, around any optimizer."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from matdata.training.optimizer import AnyOptimizer

#: Slots of the optimizer's state, so that checkpoints and stacks keep them with its own.
SLOW, COUNT = "slow", "slow_step"


def take_step(
    optimizer: AnyOptimizer,
    every: int,
    alpha: float,
    step: Callable[[], object] | None = None,
) -> None:
    """One step of an optimizer; at every `every`-th the weights go back towards the slow ones.

    Zhang et al., NeurIPS 2019, algorithm 1: slow weights phi begin as the weights theta do; after k
    steps of the optimizer ``phi <- phi + alpha (theta - phi)`` and ``theta <- phi``. The moments of
    the optimizer are kept.

    Parameters
    ----------
    optimizer
        With gradients in place.
    every
        k; 0 for the optimizer's step alone.
    alpha
        Share of the way that slow weights go.
    step
        Takes the optimizer's own step; ``optimizer.step`` if None. One that it leaves out counts.
    """
    step = step or optimizer.step
    if not every:
        step()
        return
    weights = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    # torch's optimizers set up their state where it is empty, so ours comes after the step
    begun: dict[Tensor, Tensor] = {
        p: p.detach().clone() for p in weights if SLOW not in optimizer.state.get(p, {})
    }
    step()
    for weight in weights:
        state = optimizer.state[weight]
        if weight in begun:
            state[SLOW], state[COUNT] = begun[weight], torch.tensor(0.0)
        state[COUNT] += 1.0
        if int(state[COUNT]) % every == 0:
            with torch.no_grad():
                weight.copy_(state[SLOW].lerp_(weight, alpha))
