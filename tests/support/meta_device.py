"""A device without values: whatever would wait for one of a GPU's fails here.

Tensors of torch's ``meta`` device have shapes alone, and take every way that is not the CPU's.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from matdata.load.batch import Batch

DEVICE = torch.device("meta")


def on_device(tensor: Tensor) -> Tensor:
    """The tensor there, laid out as it is."""
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=DEVICE)


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
    out = torch.func.functional_call(model, {**weights, **constants}, (there,))
    assert out.device == DEVICE
    assert out.shape[0] == len(batch)
    out.sum().backward()
