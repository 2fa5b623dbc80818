"""Operations written for one network, under a map over the members of an ensemble."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

#: Outputs with a leading axis of members, and the number of that axis for each.
Stacked: TypeAlias = tuple[Tensor, int] | tuple[tuple[Tensor, ...], tuple[int, ...]]


class VmapInfo(Protocol):
    """What `torch.func.vmap` reports of a stack."""

    @property
    def batch_size(self) -> int:
        """Members in the stack."""


def member_by_member(
    apply: Callable[..., Tensor | tuple[Tensor, ...]],
    info: VmapInfo,
    in_dims: Sequence[int | None],
    inputs: Sequence[object],
) -> Stacked:
    """Call `apply` once for each member of a stack and stack what it returns.

    The rule of `torch.func.vmap` for a `torch.autograd.Function`: for compiled loops, which know
    nothing of stacks, and for products that are large enough one by one.

    Parameters
    ----------
    apply
        Of the function.
    info, in_dims, inputs
        What vmap hands over: the size of the stack, its axis in each input (None where an input
        is the same for all members, or no tensor), and the inputs.

    Returns
    -------
    tuple
        Outputs with a leading axis of members, and the number of that axis for each.
    """
    outputs = [
        apply(*(_of_member(x, dim, member) for x, dim in zip(inputs, in_dims, strict=True)))
        for member in range(info.batch_size)
    ]
    first = outputs[0]
    if isinstance(first, Tensor):
        return torch.stack([out for out in outputs if isinstance(out, Tensor)]), 0
    stacked = tuple(torch.stack(column) for column in zip(*outputs, strict=True))
    return stacked, (0,) * len(stacked)


def _of_member(value: object, dim: int | None, member: int) -> object:
    return value.select(dim, member) if dim is not None and isinstance(value, Tensor) else value
