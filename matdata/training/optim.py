"""Optimizers, and gradients cut to a norm for each member of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from matdata.core.documents import JsonObject
from matdata.training.lamb import Lamb
from matdata.training.lookahead import COUNT
from matdata.training.optimizer import Adam, AdamW, AnyOptimizer, Sgd
from matdata.training.settings import TrainSettings

BETA2 = 0.999
EPSILON = 1e-8
#: Slots that hold one number for all of a weight tensor, its members included.
COUNTS = ("step", COUNT)


def make_optimizer(
    parameters: Sequence[Tensor], settings: TrainSettings, stacked: bool = False
) -> AnyOptimizer:
    """The optimizer that the settings name, in its fused form where the device has one.

    Adam: Kingma and Ba 2015; AdamW: Loshchilov and Hutter 2019; LAMB: `matdata.training.lamb`,
    which has to know whether weights are `stacked`, with a leading axis of members. The others
    work entry by entry.
    """
    if settings.optimizer == "lamb":
        betas = (settings.momentum, BETA2)
        decay = settings.weight_decay
        return Lamb(parameters, settings.lr, betas, weight_decay=decay, stacked=stacked)
    fused = all(p.device.type in ("cpu", "cuda") for p in parameters) or None
    options: JsonObject = {
        "lr": settings.lr,
        "weight_decay": settings.weight_decay,
        "fused": fused,
    }
    scaled = settings.precision == "fp16"  # torch's scaler has the step left out on the device
    if settings.optimizer == "sgd":
        options["momentum"] = settings.momentum
        if not scaled:
            return Sgd(parameters, **options)
        sgd = torch.optim.SGD(parameters, **options)
        if settings.momentum:
            _begin_momentum(sgd)
        return sgd
    options |= {"betas": (settings.momentum, BETA2), "eps": EPSILON}
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(parameters, **options) if scaled else AdamW(parameters, **options)
    return torch.optim.Adam(parameters, **options) if scaled else Adam(parameters, **options)


def _begin_momentum(optimizer: torch.optim.Optimizer) -> None:
    # torch's fused SGD makes its buffers, uninitialised, in a first step that is then left out
    # because gradients overflow, and takes what lies there for momentum in the second.
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)


def clip_members(gradients: Sequence[Tensor], largest: float) -> Tensor:
    """Scale the gradients of each member so that their norm is at most `largest`.

    Parameters
    ----------
    gradients
        Of stacked weights, (m, ...) each; changed in place.
    largest
        The norm over all weights of one member.

    Returns
    -------
    norms : (m,)
        Before the cut.
    """
    norms: Tensor = torch.stack([g.flatten(1).norm(dim=1) for g in gradients]).norm(dim=0)
    factor = (largest / (norms + 1e-6)).clamp(max=1.0)
    shaped = [factor.view(-1, *[1] * (g.dim() - 1)) for g in gradients]
    torch._foreach_mul_(list(gradients), shaped)
    return norms


def clip_one(gradients: Sequence[Tensor], largest: float) -> None:
    """The same for the gradients of a single member, without a leading axis."""
    norm = torch.stack(torch._foreach_norm(list(gradients))).norm()
    torch._foreach_mul_(list(gradients), (largest / (norm + 1e-6)).clamp(max=1.0))


def is_count(key: str) -> bool:
    """Whether a slot, ``<slot>/<weight>``, counts steps."""
    return key.partition("/")[0] in COUNTS


def optimizer_slots(optimizer: AnyOptimizer, names: Sequence[str]) -> dict[str, Tensor]:
    """Tensors that the optimizer keeps, as ``<slot>/<weight>``; `names` in its order."""
    slots = {}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for name, parameter in zip(names, parameters, strict=True):
        for slot, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                slots[f"{slot}/{name}"] = value
    return slots


def fill_slots(optimizer: AnyOptimizer, names: Sequence[str], slots: dict[str, Tensor]) -> None:
    """Give an optimizer back what `optimizer_slots` returned."""
    fused = bool(optimizer.param_groups[0].get("fused"))
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    place = dict(zip(names, parameters, strict=True))
    for key, value in slots.items():
        slot, _, name = key.partition("/")
        # unless fused, torch counts steps on the host
        on_host = slot == COUNT or (slot == "step" and not fused)
        home = torch.device("cpu") if on_host else place[name].device
        optimizer.state[place[name]][slot] = value.to(home).clone()
