"""Operations written for one network, under a map over the members of an ensemble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def member_by_member(
    apply: Callable[..., Any], info: Any, in_dims: Any, inputs: tuple[Any, ...]
) -> Any:
    """Call `apply` once for each member of a stack and stack what it returns.

    The rule of `torch.func.vmap` for a `torch.autograd.Function`: for compiled loops, which know
    nothing of stacks, and for products that are large enough one by one.

    Parameters
    ----------
    apply
        Of the function.
    info, in_dims, inputs
        What vmap hands over: the size of the stack, its axis in each input (None where an input
        is the same for all members), and the inputs.

    Returns
    -------
    tuple
        Outputs with a leading axis of members, and the number of that axis for each.
    """
    made = [
        apply(
            *(x if d is None else x.select(d, member) for x, d in zip(inputs, in_dims, strict=True))
        )
        for member in range(info.batch_size)
    ]
    if isinstance(made[0], Tensor):
        return torch.stack(made), 0
    stacked = tuple(torch.stack(column) for column in zip(*made, strict=True))
    return stacked, (0,) * len(stacked)
