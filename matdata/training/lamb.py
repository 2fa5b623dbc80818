"""LAMB, with a trust ratio for each member of an ensemble and each weight tensor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from matdata.training.optimizer import Optimizer

#: phi of the paper is a clipped norm; CrabNet's code has this bound.
LARGEST_NORM = 10.0


class Lamb(Optimizer):
    """Layerwise adaptive moments (You et al., ICLR 2020, algorithm 2).

    With the moments of Adam, ``m`` and ``v``, both with their bias taken out, a weight tensor x
    with learning rate eta and weight decay lambda becomes ::

        r = m / (sqrt(v) + eps)
        u = r + lambda x
        x - eta (phi(|x|) / |u|) u,   phi(z) = min(z, 10)

    where norms run over the tensor. The trust ratio phi/|u| is 1 where either norm is 0.

    Parameters
    ----------
    parameters
        Weight tensors; with `stacked`, (m, ...) each, and norms run over each of the m members.
    lr, betas, eps, weight_decay
        eta, the rates of both moments, epsilon and lambda.
    stacked
        Whether weights have a leading axis of members.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        stacked: bool = False,
    ) -> None:
        options = {"betas": betas, "eps": eps, "weight_decay": weight_decay, "stacked": stacked}
        super().__init__(parameters, lr=lr, **options)

    def _move(self, weights: list[Tensor], gradients: list[Tensor], group: dict[str, Any]) -> None:
        for weight, gradient in zip(weights, gradients, strict=True):
            self._move_one(weight, gradient, group)

    def _move_one(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if "exp_avg" not in state:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"] = torch.zeros_like(weight)
            state["exp_avg_sq"] = torch.zeros_like(weight)
        state["step"] += 1.0
        first, second = group["betas"]
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        mean.lerp_(gradient, 1.0 - first)
        square.mul_(second).addcmul_(gradient, gradient, value=1.0 - second)
        passed = float(state["step"])
        deviation = (square / (1.0 - second**passed)).sqrt_().add_(group["eps"])
        update = (mean / (1.0 - first**passed)).div_(deviation)
        if group["weight_decay"]:
            update.add_(weight, alpha=group["weight_decay"])
        trust = trust_ratio(weight, update, group["stacked"])
        weight.sub_(update.mul_(trust), alpha=group["lr"])


def trust_ratio(weight: Tensor, update: Tensor, stacked: bool) -> Tensor:
    """phi(|x|) / |u|, in a shape that multiplies the update: one number, or one a member."""
    if stacked:
        shape = (-1, *[1] * (weight.dim() - 1))
        own, moved = (t.reshape(len(t), -1).norm(dim=1).view(shape) for t in (weight, update))
    else:
        own, moved = weight.norm(), update.norm()
    ratio: Tensor = own.clamp(max=LARGEST_NORM) / moved
    return torch.where((own > 0.0) & (moved > 0.0), ratio, torch.ones_like(ratio))
