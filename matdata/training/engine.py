"""The members of an ensemble and their optimizers, trained sequentially.

An engine takes optimizer steps for all members on the same batch. `SeparateEngine` holds a network
a member; `matdata.training.stacked` holds one network with stacked weights. Both speak of weights
as ``name -> (members, ...)``, so that checkpoints and predictions do not depend on which was used.
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from matdata.core.errors import ConfigError, did_you_mean
from matdata.load.batch import Batch
from matdata.training.distributed import ALONE, Group
from matdata.training.lookahead import take_step
from matdata.training.objectives.base import TINY
from matdata.training.objectives.combined import Objectives, Returned, weighted_sum
from matdata.training.optim import (
    clip_members,
    clip_one,
    fill_slots,
    make_optimizer,
    optimizer_slots,
)
from matdata.training.optimizer import AnyOptimizer
from matdata.training.precision import LossScaler, autocast
from matdata.training.settings import TrainSettings

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Recipe:
    """What an engine needs to take a step.

    Attributes
    ----------
    settings
        Settings of the loop.
    objectives
        What the columns of the outputs mean, and the losses.
    device
        Where the networks are.
    group
        The processes that train together.
    frozen
        Patterns of weights that stay as they are.
    draws : (members, n), optional
        Factors of the losses of the training materials, for each member its own.
    """

    settings: TrainSettings
    objectives: Objectives
    device: torch.device
    group: Group = ALONE
    frozen: tuple[str, ...] = ()
    draws: Tensor | None = None

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Mixed precision, where the settings ask for it."""
        return autocast(self.settings.precision, self.device)

    def scalers(self, count: int) -> list[LossScaler]:
        """Loss scalers for so many optimizers; they do nothing but in fp16."""
        return [LossScaler(self.settings.precision, self.device) for _ in range(count)]

    def losses(self, outputs: Tensor, batch: Batch, members: int | list[int]) -> Tensor:
        """Mean loss of each member over the known targets of all processes: (...,).

        `members` are those that outputs (..., b, o) are of.
        """
        entries = self.objectives.losses(outputs.float(), batch)
        if self.draws is not None:
            entries = entries * self.draws[members][..., batch.rows, None]
        total, weight = weighted_sum(entries, self.objectives.present(batch), batch.weights)
        return total / self.group.sum(weight).clamp(min=TINY)


class Engine(ABC):
    """Members that take steps on the same batches."""

    kind: ClassVar[str]

    def __init__(self, members: int, recipe: Recipe) -> None:
        self.members = members
        self.recipe = recipe
        #: Members that still train.
        self.active = list(range(members))
        #: Of the optimizers: one a member, or one for all that are stacked.
        self.scalers: list[LossScaler] = []

    @abstractmethod
    def step(self, batch: Batch, rates: Sequence[float]) -> Tensor:
        """One optimizer step of the active members with their rates; their losses (active,)."""

    @abstractmethod
    def outputs(self, batch: Batch) -> Tensor:
        """Outputs of the active members (active, b, o) in evaluation mode, without gradients."""

    @abstractmethod
    def weights(self) -> Weights:
        """Copies of the weights of all members, (members, ...) each."""

    @abstractmethod
    def load_weights(self, weights: Weights) -> None:
        """Take over weights of all members."""

    @abstractmethod
    def slots(self) -> Weights:
        """The state of the optimizers, ``<slot>/<weight> -> (members, ...)``."""

    @abstractmethod
    def load_slots(self, slots: Weights) -> None:
        """Take over what `slots` returned."""

    def skipped(self) -> int:
        """Steps that were left out since gradients overflowed, in all optimizers together."""
        return sum(scaler.skipped() for scaler in self.scalers)

    def scaling(self) -> Weights:
        """The state of the loss scalers, ``<name> -> (optimizers,)``; empty but in fp16."""
        states = [scaler.state() for scaler in self.scalers]
        return {name: torch.stack([state[name] for state in states]) for name in states[0]}

    def load_scaling(self, scaling: Weights) -> None:
        """Take over what `scaling` returned."""
        for number, scaler in enumerate(self.scalers):
            scaler.load_state({name: value[number] for name, value in scaling.items()})

    @abstractmethod
    def stop(self, member: int) -> None:
        """Leave a member's weights as they are from now on."""


def matching(names: Sequence[str], patterns: Sequence[str], option: str) -> list[str]:
    """Names of weights that match one of the patterns of an option.

    Raises
    ------
    ConfigError
        If a pattern matches none.
    """
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in names):
            raise ConfigError(
                f"{option} {pattern!r} matches no weights{did_you_mean(pattern, names)}",
                next_step=f"weights there are: {', '.join(names)}",
            )
    return [name for name in names if any(fnmatch.fnmatchcase(name, p) for p in patterns)]


def freeze(model: nn.Module, patterns: Sequence[str]) -> list[str]:
    """Take the weights that match a pattern (``embedding.*``) out of the training.

    Returns
    -------
    list of str
        Their names.

    Raises
    ------
    ConfigError
        If a pattern matches none, or all of them.
    """
    names = [name for name, _ in model.named_parameters()]
    still = matching(names, patterns, "--freeze")
    if still and len(still) == len(names):
        raise ConfigError(f"--freeze {' '.join(patterns)} leaves nothing to train")
    for name, parameter in model.named_parameters():
        if name in still:
            parameter.requires_grad_(False)
    return still


def reduce_gradients(gradients: Sequence[Tensor], group: Group) -> None:
    """Sum gradients over all processes, in place, as one message."""
    if group.size == 1:
        return
    flat = group.sum(torch.cat([g.reshape(-1) for g in gradients]))
    pieces = torch.split(flat, [g.numel() for g in gradients])
    for gradient, piece in zip(gradients, pieces, strict=True):
        gradient.copy_(piece.view_as(gradient))


class SeparateEngine(Engine):
    """A network and an optimizer per member."""

    kind: ClassVar[str] = "separate"

    def __init__(self, models: Sequence[nn.Module], recipe: Recipe) -> None:
        super().__init__(len(models), recipe)
        self.models = list(models)
        self._trained = []
        self._optimizers = []
        for model in self.models:
            freeze(model, recipe.frozen)
            trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
            self._trained.append(trained)
            self._optimizers.append(make_optimizer(list(trained.values()), recipe.settings))
        self._calls = [_compiled(model, recipe.settings) for model in self.models]
        self.scalers = recipe.scalers(len(self.models))

    def step(self, batch: Batch, rates: Sequence[float]) -> Tensor:
        """One step of each active member in turn."""
        losses = []
        for member, rate in zip(self.active, rates, strict=True):
            _set_mode(self.models[member], training=True)
            with self.recipe.autocast():
                outputs = self.recipe.objectives.flat(self._calls[member](batch))
            loss = self.recipe.losses(outputs, batch, member)
            optimizer, scaler = self._optimizers[member], self.scalers[member]
            optimizer.zero_grad(set_to_none=True)
            scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            trained = list(self._trained[member].values())
            _finish(optimizer, scaler, rate, trained, self.recipe, single=True)
            losses.append(loss.detach())
        return torch.stack(losses)

    @torch.no_grad()
    def outputs(self, batch: Batch) -> Tensor:
        """Outputs of each active member in turn."""
        per_member = []
        for member in self.active:
            _set_mode(self.models[member], training=False)
            with self.recipe.autocast():
                per_member.append(self.recipe.objectives.flat(self._calls[member](batch)).float())
        return torch.stack(per_member)

    @torch.no_grad()
    def weights(self) -> Weights:
        """Copies of the state of all networks, stacked."""
        states = [model.state_dict() for model in self.models]
        return {name: torch.stack([state[name] for state in states]) for name in states[0]}

    def load_weights(self, weights: Weights) -> None:
        """Fill the networks."""
        for member, model in enumerate(self.models):
            model.load_state_dict({name: value[member] for name, value in weights.items()})

    def slots(self) -> Weights:
        """The optimizers' tensors, stacked."""
        slots_of_members = [
            optimizer_slots(optimizer, list(trained))
            for optimizer, trained in zip(self._optimizers, self._trained, strict=True)
        ]
        return {
            key: torch.stack([slots[key] for slots in slots_of_members])
            for key in slots_of_members[0]
        }

    def load_slots(self, slots: Weights) -> None:
        """Fill the optimizers."""
        for member, optimizer in enumerate(self._optimizers):
            own = {key: value[member] for key, value in slots.items()}
            fill_slots(optimizer, list(self._trained[member]), own)

    def stop(self, member: int) -> None:
        """Take a member out of the steps."""
        self.active.remove(member)


def _set_mode(model: nn.Module, training: bool) -> None:
    if model.training is not training:  # walking through all modules takes time in every step
        model.train(training)


def _compiled(model: nn.Module, settings: TrainSettings) -> Callable[[Batch], Returned]:
    if settings.compile == "none":
        return model
    mode = None if settings.compile == "default" else settings.compile
    return torch.compile(model, mode=mode)  # type: ignore[no-any-return]


def _finish(
    optimizer: AnyOptimizer,
    scaler: LossScaler,
    rate: float,
    trained: Sequence[Tensor],
    recipe: Recipe,
    single: bool,
) -> None:
    """Reduce, cut and apply the gradients; `single` weights have no leading axis of members."""
    gradients = [p.grad for p in trained if p.grad is not None]
    reduce_gradients(gradients, recipe.group)  # an overflow in one process is one in all
    scaler.unscale(optimizer)
    if recipe.settings.clip:
        (clip_one if single else clip_members)(gradients, recipe.settings.clip)
    for group in optimizer.param_groups:
        group["lr"] = rate
    step = functools.partial(scaler.step, optimizer)
    take_step(optimizer, recipe.settings.lookahead, recipe.settings.lookahead_alpha, step)
