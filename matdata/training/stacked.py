"""An ensemble as one network whose weights carry a leading axis of members.

`torch.func.vmap` maps one network over stacked weights, so a batch is gathered, expanded and
launched once for all members. Optimizers work entry by entry, so stacked Adam states are
independent; LAMB's norms are taken, and gradients cut, for each member on its own.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from matdata.load.batch import Batch
from matdata.training.engine import Engine, Recipe, Weights, _finish, _set_mode, freeze
from matdata.training.optim import fill_slots, is_count, make_optimizer, optimizer_slots
from matdata.training.precision import ROUNDING


class StackedEngine(Engine):
    """All active members in one call; members that stop are taken out of the stack."""

    kind: ClassVar[str] = "stacked"

    def __init__(self, models: Sequence[nn.Module], recipe: Recipe) -> None:
        super().__init__(len(models), recipe)
        for model in models:
            freeze(model, recipe.frozen)
        self._base = copy.deepcopy(models[0])
        states = [model.state_dict() for model in models]
        self._all: Weights = {n: torch.stack([s[n] for s in states]) for n in states[0]}
        self._parameters = [name for name, _ in self._base.named_parameters()]
        frozen = {n for n, p in self._base.named_parameters() if not p.requires_grad}
        self._trained = [name for name in self._parameters if name not in frozen]
        #: Buffers that are the same in all members stay single: the network's own.
        self._mapped = [
            name
            for name, value in self._all.items()
            if name in self._parameters or not bool((value == value[:1]).all())
        ]
        # one factor of the loss for all: a step that overflows in one is left out for all
        self.scalers = recipe.scalers(1)
        self._restack({})

    def _restack(self, slots: Weights) -> None:
        """Rebuild the active stack and its optimizer from weights and slots of all members."""
        rows = torch.tensor(self.active, device=self.recipe.device)
        self._stack = {name: self._all[name][rows] for name in self._mapped}
        for name in self._trained:
            self._stack[name].requires_grad_()
        trained = [self._stack[name] for name in self._trained]
        self._optimizer = make_optimizer(trained, self.recipe.settings, stacked=True)
        active = {
            # one count of steps serves all active members
            key: value[self.active[0]] if is_count(key) else value[rows.to(value.device)]
            for key, value in slots.items()
        }
        fill_slots(self._optimizer, self._trained, active)

    def _call(self, batch: Batch) -> Tensor:
        def one(weights: Weights) -> Tensor:
            return self.recipe.objectives.flat(functional_call(self._base, weights, (batch,)))

        with self.recipe.autocast():
            outputs: Tensor = torch.vmap(one, randomness="different")(self._stack)
        return outputs

    def step(self, batch: Batch, rates: Sequence[float]) -> Tensor:
        """One step of all active members; they share one rate."""
        _set_mode(self._base, training=True)
        losses = self.recipe.losses(self._call(batch), batch, self.active)
        self._optimizer.zero_grad(set_to_none=True)
        (scaler,) = self.scalers
        scaler.scale(losses.sum()).backward()  # type: ignore[no-untyped-call]
        trained = [self._stack[name] for name in self._trained]
        _finish(self._optimizer, scaler, rates[0], trained, self.recipe, single=False)
        return losses.detach()

    @torch.no_grad()
    def outputs(self, batch: Batch) -> Tensor:
        """Outputs of all active members."""
        _set_mode(self._base, training=False)
        return self._call(batch).float()

    @torch.no_grad()
    def _collect(self) -> None:
        for name, values in self._stack.items():
            self._all[name][self.active] = values

    @torch.no_grad()
    def weights(self) -> Weights:
        """Copies of the weights of all members."""
        self._collect()
        return {name: value.clone() for name, value in self._all.items()}

    @torch.no_grad()
    def load_weights(self, weights: Weights) -> None:
        """Take over weights of all members; optimizers begin anew."""
        self._all = {n: weights[n].to(v.device, v.dtype).clone() for n, v in self._all.items()}
        single = {n: v[0] for n, v in self._all.items() if n not in self._mapped}
        self._base.load_state_dict(single, strict=False)
        if self.active:
            self._restack({})

    @torch.no_grad()
    def slots(self) -> Weights:
        """The optimizer's tensors; zero for members that stopped."""
        slots_of_all = {}
        for key, value in optimizer_slots(self._optimizer, self._trained).items():
            wide = value.expand(len(self.active)) if is_count(key) else value
            slots_of_all[key] = value.new_zeros(self.members, *wide.shape[1:])
            slots_of_all[key][self.active] = wide
        return slots_of_all

    def load_slots(self, slots: Weights) -> None:
        """Fill the optimizer."""
        if self.active:
            self._restack(slots)

    def stop(self, member: int) -> None:
        """Keep a member's weights and take it out of the stack."""
        slots = self.slots()
        self._collect()
        self.active.remove(member)
        if self.active:
            self._restack(slots)


def reason_against(models: Sequence[nn.Module], declared: bool, schedule: str) -> str | None:
    """Why members cannot be stacked, as far as it is known without a trial."""
    if not declared:
        return "the plugin declares that its network cannot be mapped over stacked weights"
    if schedule == "plateau":
        return "a plateau schedule keeps a rate for each member"
    for name, module in models[0].named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.track_running_stats:
            return f"{name} is a BatchNorm, whose running statistics are changed in place"
    return None


def reason_after_trial(
    stacked: StackedEngine, models: Sequence[nn.Module], batch: Batch
) -> str | None:
    """Why members cannot be stacked, found by running one batch both ways."""
    tolerance = ROUNDING[stacked.recipe.settings.precision]
    try:
        outputs = stacked.outputs(batch)
        with torch.enable_grad():
            stacked._call(batch).sum().backward()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
        text = str(error).strip().splitlines() or [type(error).__name__]
        return f"torch.func.vmap fails on it: {text[0][:200]}"
    finally:
        stacked._optimizer.zero_grad(set_to_none=True)
    flat = stacked.recipe.objectives.flat
    with torch.no_grad(), stacked.recipe.autocast():
        expected = torch.stack([flat(model.eval()(batch)).float() for model in models])
    scale = expected.abs().max().clamp(min=1.0)
    off = (
        float(((outputs - expected).abs() / scale).max())
        if outputs.shape == expected.shape
        else 1.0
    )
    if not off <= tolerance:
        return f"mapped over stacked weights it returns other numbers (off by {off:.2g})"
    return None
