"""Matrix products of linear layers, by whichever library of torch is fastest on the processor.

Torch's builds for x86 hand float32 products to MKL, which does not use AVX-512 on processors of
AMD. oneDNN, which these builds carry as well, does, and takes about half the time there
(`benchmarks/products.py`). Elsewhere, and for all that is not float32 on a CPU, torch chooses.

Interface: `torch.ops.mkldnn._linear_pointwise`, an operator that torch keeps for its own compiler;
tried with torch 2.15. It computes a small product first: where it is gone, takes other
arguments or computes something else, `torch.nn.functional.linear` makes all products.
"""

from __future__ import annotations

import contextlib
import functools
import platform
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.core.cpu_kernels import cpu_kernels_enabled
from matdata.nn.context import Context
from matdata.nn.cpu.operation import Operation
from matdata.nn.vmap import Stacked, VmapInfo, member_by_member

#: Multiplications below which the way to oneDNN costs more than it saves.
WORTH_IT = 1 << 24

Product = Callable[[Tensor, Tensor, Tensor | None], Tensor]


@dataclass(frozen=True)
class _Choice:
    """What makes products (None: torch), and from how many multiplications on."""

    product: Product | None
    worth_it: int


_chosen: ContextVar[_Choice | None] = ContextVar("chosen", default=None)


def linear(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``rows weight^T + bias``, as `torch.nn.functional.linear`.

    Parameters
    ----------
    rows : (..., k)
        Input.
    weight : (m, k)
        Matrix.
    bias : (m,), optional
        Added to each row.

    Returns
    -------
    (..., m)
        Output; it differs from torch's in the order of sums.
    """
    if not _by_onednn(rows, weight, bias):
        return F.linear(rows, weight, bias)
    out: Tensor = _OfRows.of(rows.reshape(-1, rows.shape[-1]), weight, bias)
    return out.reshape(*rows.shape[:-1], len(weight))


class Linear(nn.Linear):
    """`torch.nn.Linear` with the products of `linear`; weights have the same names and start."""

    def forward(self, rows: Tensor) -> Tensor:
        """(..., in_features) to (..., out_features)."""
        return linear(rows, self.weight, self.bias)

    if TYPE_CHECKING:  # in torch's own annotations a module returns anything

        def __call__(self, rows: Tensor) -> Tensor:  # noqa: D102
            ...


@contextlib.contextmanager
def products_by(product: Product | None, worth_it: int = WORTH_IT) -> Iterator[None]:
    """Have one function compute the large products of this thread within, to compare.

    Parameters
    ----------
    product
        ``(rows, matrix, bias)`` to ``rows matrix^T + bias``, such as `onednn_product`'s, on
        whatever processor this is; None leaves all products to torch.
    worth_it
        Multiplications from which on a product is a large one.
    """
    token = _chosen.set(_Choice(product, worth_it))
    try:
        yield
    finally:
        _chosen.reset(token)


@functools.cache
def onednn_is_faster() -> bool:
    """Whether this is a processor on which torch's own choice is the slower one, and it works."""
    with_mkl = torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]
    capability = torch.backends.cpu.get_cpu_capability()
    return favours_onednn(with_mkl, capability, processor_vendor()) and onednn_product() is not None


def favours_onednn(with_mkl: bool, capability: str, vendor: str) -> bool:
    """Whether oneDNN is faster than what torch takes: MKL, with AVX-512 on a processor of AMD."""
    return with_mkl and capability == "AVX512" and vendor == "AuthenticAMD"


def _choice() -> _Choice:
    return _chosen.get() or _for_this_processor()


@functools.cache
def _for_this_processor() -> _Choice:
    return _Choice(onednn_product() if onednn_is_faster() else None, WORTH_IT)


def _by_onednn(rows: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    return (
        not torch.compiler.is_compiling()  # first, or the rest becomes part of the graph
        and rows.device.type == "cpu"
        and rows.dtype is weight.dtype is torch.float32
        and weight.dim() == 2
        and rows.shape[-1] == weight.shape[1]
        and (bias is None or (bias.dtype is torch.float32 and bias.shape == weight.shape[:1]))
        and _choice().product is not None
        and rows.numel() * len(weight) >= _choice().worth_it
        and cpu_kernels_enabled()
        and bool(torch.backends.mkldnn.enabled)
        and not torch.is_autocast_enabled("cpu")
    )


def processor_vendor(file: Path = Path("/proc/cpuinfo")) -> str:
    """Vendor of the processor as it reports it: AuthenticAMD, GenuineIntel; empty if unknown."""
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return "AuthenticAMD" if "AuthenticAMD" in platform.processor() else ""
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id"))
    return next(named, "")


@functools.cache
def onednn_product(operators: Any = None) -> Product | None:
    """oneDNN's product, if this build of torch has it and it passes a small test.

    Parameters
    ----------
    operators
        Where it is looked for: ``torch.ops.mkldnn`` if not given.
    """
    try:
        operator = (operators or torch.ops.mkldnn)._linear_pointwise.default
    except AttributeError:
        return None

    def product(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        bias = None if bias is None else bias.contiguous()
        out: Tensor = operator(_dense(rows), _dense(weight), bias, "none", [], "")
        return out

    numbers = torch.arange(128.0, dtype=torch.float32, device="cpu").remainder(7).view(8, 16)
    rows, weight = numbers[:5], numbers[5:]
    try:
        out = product(rows, weight.T.contiguous().T, numbers[0, :3])
        right = torch.equal(out, rows @ weight.T + numbers[0, :3])
    except (RuntimeError, TypeError):  # it does not run here, or takes other arguments
        return None
    return product if right else None


def _dense(matrix: Tensor) -> Tensor:
    """The matrix itself if it or its transpose is contiguous, else a copy.

    Where rows have gaps between them, oneDNN may take its slow reference loops.
    """
    return matrix if matrix.T.is_contiguous() else matrix.contiguous()


def _of_rows(rows: Tensor, matrix: Tensor, bias: Tensor | None) -> Tensor:
    """``rows matrix^T + bias`` for any number of rows n.

    oneDNN writes and keeps code for each size of a product, which takes as long as a small product
    itself, and n changes from batch to batch. So n is rounded: up by rows of zeros where the input
    is the narrow side, else down, and torch makes the rows that are left.
    """
    product, count = _choice().product, len(rows)
    assert product is not None, "checked by _by_onednn"
    step = _step(count)
    left = count % step
    if not left:
        return product(rows, matrix, bias)
    if rows.shape[1] <= len(matrix):
        out = product(F.pad(rows, (0, 0, 0, step - left)), matrix, bias)
        return out.resize_(count, len(matrix))  # no view: what comes after may change it in place
    most = count - left
    both = product(rows[:most], matrix, bias), F.linear(rows[most:], matrix, bias)
    return torch.cat(both)


def _over_rows(left: Tensor, right: Tensor) -> Tensor:
    """``left^T right`` for any number of rows: a round number by oneDNN, the rest by torch.

    The first factor is copied on the way, so it should be the narrow one.
    """
    if right.shape[1] < left.shape[1]:
        return _over_rows(right, left).T
    product, count = _choice().product, len(left)
    assert product is not None, "checked by _by_onednn"
    most = count - count % _step(count)
    out = product(left[:most].T, right[:most].T, None)
    return out if most == count else out.addmm_(left[most:].T, right[most:])


def _step(count: int) -> int:
    """A power of 2 between a sixteenth and an eighth of a number."""
    return 1 << max(count.bit_length() - 4, 0)


def _outer(left: Tensor, right: Tensor) -> Tensor:
    """``left^T right``, (n, m) and (n, k) to (m, k)."""
    if not _by_onednn(left.T, right.T, None):
        return left.T @ right
    out: Tensor = _OverRows.of(left, right)
    return out


class _OfRows(Operation):
    """``rows matrix^T + bias`` by oneDNN, its gradients too."""

    @staticmethod
    def forward(rows: Tensor, matrix: Tensor, bias: Tensor | None) -> Tensor:
        return _of_rows(rows, matrix, bias)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0], inputs[1])

    @staticmethod
    def backward(ctx: Context, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, matrix = ctx.saved_tensors
        to_rows, to_matrix, to_bias = ctx.needs_input_grad
        return (
            linear(grad, matrix.T) if to_rows else None,
            _outer(grad, rows) if to_matrix else None,
            grad.sum(0) if to_bias else None,
        )

    @staticmethod
    def vmap(info: VmapInfo, in_dims: tuple[int | None, ...], *inputs: object) -> Stacked:
        return member_by_member(_OfRows.of, info, in_dims, inputs)


class _OverRows(Operation):
    """``left^T right`` by oneDNN, its gradients too."""

    @staticmethod
    def forward(left: Tensor, right: Tensor) -> Tensor:
        return _over_rows(left, right)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Context, grad: Tensor) -> tuple[Tensor | None, ...]:
        left, right = ctx.saved_tensors
        to_left, to_right = ctx.needs_input_grad
        return (
            linear(right, grad) if to_left else None,
            linear(left, grad.T) if to_right else None,
        )

    @staticmethod
    def vmap(info: VmapInfo, in_dims: tuple[int | None, ...], *inputs: object) -> Stacked:
        return member_by_member(_OverRows.of, info, in_dims, inputs)
