"""Compiled loops as operations of torch, for attention over pairs and attention to one row.

Interface: `torch.autograd.Function` with `setup_context` and `vmap`, `torch.compiler.disable` and
`is_compiling` (public since torch 2.1); tried with torch 2.15. `use_loops` says when they are used.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from matdata.core.cpu_kernels import cpu_kernels_enabled
from matdata.core.crystals import Array
from matdata.nn.context import Context
from matdata.nn.cpu.operation import Gradient, Operation
from matdata.nn.vmap import Stacked, VmapInfo, member_by_member

#: Slope of the leaky ReLU below 0, torch's default.
SLOPE = 0.01

Forward = Callable[..., tuple[Tensor, Tensor]]
Backward = Callable[..., tuple[Tensor, Tensor, Tensor, Tensor]]


@functools.cache
def numba_found() -> bool:
    """Whether loops can be compiled; looked up once."""
    try:
        importlib.import_module("matdata.core.jit")
    except ImportError:
        return False
    return True


def loops_available() -> bool:
    """Whether compiled loops can be used: the switch is on, and there is numba, now imported."""
    return cpu_kernels_enabled() and numba_found()


def loops_installed() -> bool:
    """As `loops_available`, without the import: the switch is on, and numba is installed."""
    return cpu_kernels_enabled() and importlib.util.find_spec("numba") is not None


R = TypeVar("R")


def outside_graphs(call: Callable[..., R]) -> Callable[..., R]:
    """Keep a function out of the graphs of ``torch.compile``.

    `torch.compiler.disable` imports torch's compiler, which takes as long as torch itself; here it
    is called when something is compiled, and never else.
    """

    @functools.wraps(call)
    def run(*arguments: object) -> R:
        if torch.compiler.is_compiling():
            left_out: Callable[..., R] = torch.compiler.disable(call)  # type: ignore[no-untyped-call]
            return left_out(*arguments)
        return call(*arguments)

    return run


@outside_graphs
def _available() -> bool:
    return loops_available()


def use_loops(values: Tensor) -> bool:
    """Whether an attention over these values is done by compiled loops."""
    return values.device.type == "cpu" and bool(_available())


def array(tensor: Tensor) -> Array:
    """A tensor's numbers for a compiled loop, rows without gaps."""
    return tensor.detach().contiguous().numpy()


def gradients_by_tensors(
    function: Callable[..., Sequence[Tensor]],
    grads: Sequence[Tensor],
    inputs: Sequence[Tensor],
    wanted: Sequence[bool],
) -> list[Tensor | None]:
    """Gradients that have gradients of their own, of what loops computed.

    Parameters
    ----------
    function
        The same by operations of torch.
    grads
        Gradients of its outputs.
    inputs
        What it is called with.
    wanted
        For each input, whether its gradient is; None is returned for others.
    """
    chosen = [one for one, is_wanted in zip(inputs, wanted, strict=True) if is_wanted]
    with torch.enable_grad():
        outputs = function(*inputs)
        found = iter(torch.autograd.grad(outputs, chosen, grads, create_graph=True))
    return [next(found) if is_wanted else None for is_wanted in wanted]


@dataclass(frozen=True, eq=False)
class AttentionLoops:
    """An operation of torch, with gradients of first order, from the loops of an attention.

    Called with ``(values, shift, gate, prior, *offsets)``, it returns the output. The loops know
    float32 and float64; mixed precision is taken as float32. Under `torch.func.vmap` they run
    once for each member of the stack.

    Attributes
    ----------
    forward
        ``(values, shift, gate, prior, *offsets)`` to the output and the shares of the attention.
    backward
        ``(gradient of the output, values, shift, gate, shares, *offsets)`` to the gradients of
        values, shift, gate and prior.
    """

    forward: Forward
    backward: Backward

    def __call__(
        self, values: Tensor, shift: Tensor, gate: Tensor, prior: Tensor, *offsets: Tensor
    ) -> Tensor:
        """The output of the attention."""
        out: Tensor = self._run(values, shift, gate, prior, *offsets)
        return out

    @outside_graphs
    def _run(
        self, values: Tensor, shift: Tensor, gate: Tensor, prior: Tensor, *offsets: Tensor
    ) -> Tensor:
        exact = torch.promote_types(values.dtype, torch.float32)
        inputs = (value.to(exact) for value in (values, shift, gate, prior))
        out: Tensor = _Loops.of(self, *inputs, *offsets)[0]
        return out.to(values.dtype)


class _Context(Context, Protocol):
    loops: AttentionLoops


class _Loops(Operation):
    """Loops with their gradient."""

    @staticmethod
    def forward(loops: AttentionLoops, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        return loops.forward(*inputs)

    @staticmethod
    def setup_context(
        ctx: _Context,
        inputs: tuple[AttentionLoops, *tuple[Tensor, ...]],
        output: tuple[Tensor, Tensor],
    ) -> None:
        ctx.loops = inputs[0]
        values, shift, gate, _, *offsets = inputs[1:]
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(values, shift, gate, output[1], *offsets)

    @staticmethod
    def backward(ctx: _Context, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors  # once: under checkpointing they are made anew for each access
        gradients = _Gradient.of(ctx.loops, grad, *saved)
        return (None, *gradients, *[None for _ in saved[4:]])

    @staticmethod
    def vmap(info: VmapInfo, in_dims: tuple[int | None, ...], *inputs: object) -> Stacked:
        return member_by_member(_Loops.of, info, in_dims, inputs)


class _Gradient(Gradient):
    """The gradient, which has none of its own."""

    what = "attention"

    @staticmethod
    def forward(loops: AttentionLoops, *inputs: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return loops.backward(*inputs)
