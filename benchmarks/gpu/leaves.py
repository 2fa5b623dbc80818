"""Tensors in anything that a batch holds or expands to, by name."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from gpu.record import require
from matdata.load.batch import Batch
from matdata.load.inputs.base import BatchForm
from matdata.nn import Segments

#: Pairs of entries of one material above which they are not made: those of line graphs.
MOST_PAIRS = 1 << 24
#: float32 has 2^-23; sums of some hundred terms lose some of it.
ROUNDING = 2e-5


def leaves(value: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    """Every tensor in a value of a batch form."""
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, Segments):
        yield from leaves(value.offsets, f"{name}.offsets")
        pairs = ("pairs", "pair_offsets") if (value.host_lengths**2).sum() < MOST_PAIRS else ()
        for part in ("lengths", "owner", "place", *pairs):
            yield from leaves(getattr(value, part), f"{name}.{part}")
    elif isinstance(value, tuple | list):
        for k, one in enumerate(value):
            yield from leaves(one, f"{name}[{k}]")
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from leaves(one, f"{name}.{key}")
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), f"{name}.{field.name}")


def expanded(form: BatchForm[Any]) -> dict[str, Tensor]:
    """Columns, segments and every expansion of a batch form."""
    tensors = dict(leaves(dict(form.fields), "fields"))
    tensors |= dict(leaves(form.segments, "segments"))
    for name, member in inspect.getmembers(type(form)):
        if not name.startswith("_") and not callable(member) and name not in ("device", "level"):
            tensors |= dict(leaves(getattr(form, name, None), name))
    with contextlib.suppress(NotImplementedError):
        tensors["dense"] = form.dense()
    if hasattr(form, "basis"):
        from matdata.geometry.gaussians import GAUSSIAN_BASES

        tensors |= {f"basis({name})": form.basis(name) for name in GAUSSIAN_BASES}
    return tensors


def same(actual: Tensor, wanted: Tensor, name: str) -> float:
    """Compare two tensors; whole numbers exactly. Returns the largest relative difference."""
    actual, wanted = actual.detach().cpu(), wanted.detach().cpu()
    require(actual.shape == wanted.shape, f"{name} is {tuple(actual.shape)}, {tuple(wanted.shape)}")
    require(actual.dtype == wanted.dtype, f"{name} is {actual.dtype}, on the CPU {wanted.dtype}")
    if not actual.is_floating_point():
        require(torch.equal(actual, wanted), f"{name} differs from the CPU's")
        return 0.0
    infinite = torch.isinf(wanted)
    require(torch.equal(actual[infinite], wanted[infinite]), f"{name} is infinite elsewhere")
    one, other = actual[~infinite].double(), wanted[~infinite].double()
    if not one.numel():
        return 0.0
    scale = float(other.abs().max().clamp(min=1e-30))
    off = float((one - other).abs().max()) / scale
    require(off <= ROUNDING, f"{name} is off by {off:.2g} of its largest value")  # NaN is not
    return off


def same_batches(actual: Batch, wanted: Batch, what: str) -> None:
    """Compare ids, targets and all columns of two batches."""
    for part in ("rows", "targets", "mask"):
        same(getattr(actual, part), getattr(wanted, part), f"{what}: {part}")
    for spec, form in wanted.inputs.items():
        pairs = dict(leaves(dict(form.fields), spec))
        others = dict(leaves(dict(actual.inputs[spec].fields), spec))
        for name, value in pairs.items():
            same(others[name], value, f"{what}: {name}")
        for level, segments in form.segments.items():
            other = actual.inputs[spec].segments[level]
            same(other.offsets, segments.offsets, f"{what}: {spec} {level}")
