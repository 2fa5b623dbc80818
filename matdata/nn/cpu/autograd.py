"""Compiled loops as operations of torch, for attention over pairs and attention to one row.

Interface: `torch.autograd.Function` with `setup_context` and `vmap`, and `torch.compiler.disable`
(public since torch 2.1); tried with torch 2.15. `use_loops` says when they are used.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from matdata.core.cpu_kernels import cpu_kernels_enabled
from matdata.nn.vmap import member_by_member

#: Slope of the leaky ReLU below 0, torch's default.
SLOPE = 0.01

Forward = Callable[..., tuple[Tensor, Tensor]]
Backward = Callable[..., tuple[Tensor, Tensor, Tensor]]


@functools.cache
def numba_found() -> bool:
    """Whether loops can be compiled; looked up once."""
    try:
        importlib.import_module("matdata.core.jit")
    except ImportError:
        return False
    return True


def loops_available() -> bool:
    """Whether compiled loops can be used: the switch is on, and there is numba."""
    return cpu_kernels_enabled() and numba_found()


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _available() -> bool:
    return loops_available()


def use_loops(values: Tensor) -> bool:
    """Whether an attention over these values is done by compiled loops."""
    return values.device.type == "cpu" and bool(_available())


def array(tensor: Tensor) -> Any:
    """A tensor's numbers for a compiled loop, rows without gaps."""
    return tensor.detach().contiguous().numpy()


def attention_by_loops(name: str, forward: Forward, backward: Backward) -> Callable[..., Tensor]:
    """An operation of torch, with gradients of first order, from the loops of an attention.

    The loops know float32 and float64; numbers of mixed precision are taken as float32. Under
    `torch.func.vmap` they run once for each member of the stack.

    Parameters
    ----------
    name
        What it is, for messages.
    forward
        ``(values, gate, prior, *offsets)`` to the output and the shares of the attention.
    backward
        ``(gradient of the output, values, gate, shares, *offsets)`` to the gradients of values,
        gate and prior.

    Returns
    -------
    callable
        ``(values, gate, prior, *offsets)`` to the output.
    """

    class Gradient(torch.autograd.Function):
        """The gradient, which has none of its own."""

        @staticmethod
        def forward(*inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return backward(*inputs)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            """Nothing is kept: asked for, `backward` raises."""

        @staticmethod
        def backward(ctx: Any, *_: Tensor) -> None:
            raise NotImplementedError(f"{name} by compiled loops has gradients of first order only")

        @staticmethod
        def vmap(info: Any, in_dims: Any, *inputs: Tensor) -> Any:
            return member_by_member(Gradient.apply, info, in_dims, inputs)

    class Loops(torch.autograd.Function):
        """The loops with their gradient."""

        @staticmethod
        def forward(*inputs: Tensor) -> tuple[Tensor, Tensor]:
            return forward(*inputs)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Any) -> None:
            values, gate, _, *offsets = inputs
            ctx.mark_non_differentiable(output[1])
            ctx.save_for_backward(values, gate, output[1], *offsets)

        @staticmethod
        def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
            offsets = ctx.saved_tensors[3:]
            return (*Gradient.apply(grad, *ctx.saved_tensors), *[None for _ in offsets])

        @staticmethod
        def vmap(info: Any, in_dims: Any, *inputs: Tensor) -> Any:
            return member_by_member(Loops.apply, info, in_dims, inputs)

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def operation(values: Tensor, gate: Tensor, prior: Tensor, *offsets: Tensor) -> Tensor:
        exact = torch.promote_types(values.dtype, torch.float32)
        given = (value.to(exact) for value in (values, gate, prior))
        out: Tensor = Loops.apply(*given, *offsets)[0]
        return out.to(values.dtype)

    made: Callable[..., Tensor] = operation
    return made
