"""A device without values: whatever would wait for one of a GPU's fails here.

Tensors of torch's ``meta`` device have shapes alone, and take every way that is not the CPU's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from matdata.load.batch import Batch

DEVICE = torch.device("meta")


def on_device(tensor: Tensor) -> Tensor:
    """The tensor there, laid out as it is."""
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=DEVICE)


class _NoCopies(TorchDispatchMode):
    """Fails at a copy from the host that a GPU would wait for."""

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        if func is torch.ops.aten._to_copy.default:
            to, waits = given.get("device"), not given.get("non_blocking", False)
            if to == DEVICE and args[0].device.type == "cpu" and waits:
                raise RuntimeError("a copy from the host that the device waits for")
        return func(*args, **given)


@contextlib.contextmanager
def no_copies() -> Iterator[None]:
    """Within, copies of tensors from the host to the device fail unless they are asynchronous."""
    with _NoCopies():
        yield


def runs_without_waiting(
    model: nn.Module, batch: Batch, prepare: Callable[[Batch], object] = lambda batch: None
) -> None:
    """Forward and backward on the device."""
    weights = {name: on_device(value) for name, value in model.named_parameters()}
    for value in weights.values():
        value.requires_grad_()
    constants = {name: on_device(value) for name, value in model.named_buffers()}
    there = batch.to(DEVICE)
    prepare(there)
    torch.func.functional_call(model, {**weights, **constants}, (there,))  # tables are sent once
    with no_copies():
        out = torch.func.functional_call(model, {**weights, **constants}, (there,))
        assert out.device == DEVICE
        assert out.shape[0] == len(batch)
        out.sum().backward()
