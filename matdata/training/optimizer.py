"""Optimizers without `torch.optim.Optimizer`, whose first use imports torch's compiler.

That import takes as long as torch itself, and is for nothing in a training that compiles nothing.
The arithmetic is torch's own, by the functions that its classes call (`torch.optim.adam.adam`,
`torch.optim.adamw.adamw`, `torch.optim.sgd.sgd`; public, tried with torch 2.15), so the bits are
the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, ClassVar, TypeAlias

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd


class Optimizer(ABC):
    """What the loop asks of an optimizer, under the names of `torch.optim.Optimizer`.

    Attributes
    ----------
    param_groups
        One group: ``params``, and the options by name; ``lr`` may be changed between steps.
    state
        By weight tensor what the optimizer keeps, by name of the slot.
    """

    def __init__(self, parameters: Iterable[Tensor], **options: Any) -> None:
        self.param_groups: list[dict[str, Any]] = [{"params": list(parameters), **options}]
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or set them to 0."""
        for weight in self.param_groups[0]["params"]:
            if set_to_none:
                weight.grad = None
            elif weight.grad is not None:
                weight.grad.zero_()

    @torch.no_grad()
    def step(self) -> None:
        """One step with the gradients that the weights hold; weights without one stay."""
        (group,) = self.param_groups
        weights = [weight for weight in group["params"] if weight.grad is not None]
        if weights:
            self._move(weights, [weight.grad for weight in weights], group)

    @abstractmethod
    def _move(self, weights: list[Tensor], gradients: list[Tensor], group: dict[str, Any]) -> None:
        """Take the step for weights that have a gradient."""


#: The optimizers of this module, and torch's, which its `GradScaler` needs for fp16.
AnyOptimizer: TypeAlias = Optimizer | torch.optim.Optimizer


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015).

    Options: ``lr``, ``betas``, ``eps``, ``weight_decay``, ``fused`` (True, or None for torch's
    choice).
    """

    _function: ClassVar[Any] = staticmethod(adam)

    def _move(self, weights: list[Tensor], gradients: list[Tensor], group: dict[str, Any]) -> None:
        for weight in weights:
            state = self.state[weight]
            if "exp_avg" not in state:
                # torch's fused form counts on the device, the others on the host
                home = weight.device if group["fused"] else "cpu"
                state["step"] = torch.zeros((), dtype=torch.float32, device=home)
                state["exp_avg"] = torch.zeros_like(weight)
                state["exp_avg_sq"] = torch.zeros_like(weight)
        states = [self.state[weight] for weight in weights]
        first, second = group["betas"]
        self._function(
            weights,
            gradients,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=group["fused"],
            amsgrad=False,
            beta1=first,
            beta2=second,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=False,
        )


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019); options as of `Adam`."""

    _function: ClassVar[Any] = staticmethod(adamw)


class Sgd(Optimizer):
    """Gradient descent with momentum; options ``lr``, ``momentum``, ``weight_decay``, ``fused``."""

    def _move(self, weights: list[Tensor], gradients: list[Tensor], group: dict[str, Any]) -> None:
        kept = bool(group["momentum"])
        buffers = [
            self.state[weight].get("momentum_buffer") if kept else None for weight in weights
        ]
        sgd(
            weights,
            gradients,
            buffers,
            fused=group["fused"],
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            lr=group["lr"],
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )
        for weight, buffer in zip(weights, buffers, strict=True):
            if buffer is not None:
                self.state[weight]["momentum_buffer"] = buffer
