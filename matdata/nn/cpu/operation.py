"""Operations of torch with gradients of their own, whose calls cost little.

A `torch.autograd.Function` needs `setup_context` to be mapped over the members of a stack, and then
binds its arguments by `inspect.signature` in every call, forwards and backwards, which takes
several times as long as the call itself (`benchmarks/gated_sum.py`). Outside of such maps the same
methods serve as an operation of the older form, which binds nothing.

Interface: `torch._C._are_functorch_transforms_active` (private) says whether something is mapped;
tried with torch 2.15. Where it is gone, all calls take the public way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

import torch

from matdata.nn.context import Context
from matdata.nn.vmap import Stacked, VmapInfo, member_by_member

#: Says whether calls may be mapped over a stack, or transformed otherwise.
_transformed = cast(
    "Callable[[], bool]", getattr(torch._C, "_are_functorch_transforms_active", lambda: True)
)


class Operation(torch.autograd.Function):
    """An operation with `forward`, `setup_context`, `backward` and `vmap`, to be called by `of`.

    What these methods are is documented at `torch.autograd.Function`.
    """

    _plain: ClassVar[type[torch.autograd.Function]]

    def __init_subclass__(cls, **rest: Any) -> None:
        """Make the form without binding."""
        super().__init_subclass__(**rest)

        def forward(ctx: Context, *inputs: object) -> object:
            output = cls.forward(*inputs)
            cls.setup_context(ctx, inputs, output)
            return output

        methods = {"forward": staticmethod(forward), "backward": staticmethod(cls.backward)}
        cls._plain = type(cls.__name__, (torch.autograd.Function,), methods)

    @classmethod
    def of(cls, *inputs: object) -> Any:
        """What the operation makes of its inputs."""
        return (cls if _transformed() else cls._plain).apply(*inputs)  # type: ignore[no-untyped-call]

    @classmethod
    def within_backward(cls, *inputs: object) -> Any:
        """As `of`, in a backward pass that records nothing (without ``create_graph``)."""
        if torch.is_grad_enabled() or _transformed():
            return cls.of(*inputs)
        return cls.forward(*inputs)


class Gradient(Operation):
    """The gradient of an operation by compiled loops, which has none of its own.

    Attributes
    ----------
    what
        What its operation computes, for the message.
    """

    what: ClassVar[str]

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Any, ...], output: Any) -> None:
        """Nothing is kept."""

    @classmethod
    def backward(cls, ctx: Context, *_: Any) -> Any:
        """A second derivative, which there is not.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError(f"{cls.what} by compiled loops: first derivatives only")

    @classmethod
    def vmap(cls, info: VmapInfo, in_dims: tuple[int | None, ...], *inputs: object) -> Stacked:
        """Once for each member of a stack."""
        return member_by_member(cls.of, info, in_dims, inputs)
