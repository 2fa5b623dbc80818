"""Gated sums and softplus by compiled loops beside tensors, Gaussians without subnormal numbers.

One process, one thread, made-up edges of the size of a batch of CGCNN, each counted as networks
on the CPU count equal ones. First the outputs of both ways are compared, then the shortest of
twenty forward and backward passes of each, and of the softplus of as many rows. Below stands the
product of a layer with Gaussians of distances as `matdata.nn` makes them, beside the same with
the subnormal numbers that far centres have by themselves.

    python benchmarks/gated_sum.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial

from timing import best, instruction_set

import torch
from torch import Tensor
from torch.nn import functional

from matdata.nn import GAUSSIAN_BASES, CountedBatchNorm, Gaussians, activations
from matdata.nn.context import Context
from matdata.nn.cpu.malloc import keep_freed_memory
from matdata.nn.cpu.operation import Operation
from matdata.nn.gated_sum import Links, compiled, tensors

SITES_PER_EDGE = 12


def passes(way: object, both: Tensor, edge: Tensor, links: Links, norm: CountedBatchNorm) -> None:
    """Forward and backward once."""
    assert callable(way)
    torch.autograd.grad(way(both, edge, links, norm, "softplus").sum(), (both, edge))


def gated(edges: int, width: int) -> float:
    """Print and return how many times as fast the loops are."""
    sites = max(edges // SITES_PER_EDGE, 1)
    both = torch.randn(sites, 4 * width, requires_grad=True)
    edge = torch.randn(edges, 2 * width, requires_grad=True)
    sender = torch.randint(sites, (edges,)).sort().values
    receiver, count = torch.randint(sites, (edges,)), torch.randint(1, 4, (edges, 1)).float()
    links, norm = Links(sender, receiver, count, count), CountedBatchNorm(2 * width)
    outputs = [way(both, edge, links, norm, "softplus").detach() for way in (compiled, tensors)]
    difference = float((outputs[0] - outputs[1]).abs().max() / outputs[1].abs().max())
    print(f"{edges:,} edges, {width} channels, largest difference {difference:.1e}")
    times = {}
    for way in (tensors, compiled):
        times[way] = best(partial(passes, way, both, edge, links, norm), 20)
        print(f"  {way.__name__:9} {times[way] / edges * 1e9:7.0f} ns per edge")
    return times[tensors] / times[compiled]


def slope_of(way: Callable[[Tensor], Tensor], rows: Tensor, grad: Tensor) -> None:
    """Forward and backward once."""
    torch.autograd.grad(way(rows), rows, grad)


def softplus(edges: int, width: int) -> float:
    """Print and return how many times as fast the softplus is by loops."""
    rows = torch.randn(edges, width, requires_grad=True)
    grad = torch.randn(edges, width)
    print(f"softplus of {edges:,} rows, {width} channels")
    times = []
    for name, way in (("tensors", functional.softplus), ("compiled", activations.softplus)):
        times.append(best(partial(slope_of, way, rows, grad), 20))
        print(f"  {name:9} {times[-1] / edges * 1e9:7.0f} ns per row")
    return times[0] / times[1]


class Same(Operation):
    """The rows themselves, so that a call costs what calls cost."""

    @staticmethod
    def forward(rows: Tensor) -> Tensor:
        """The same."""
        return rows.detach()

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Tensor], output: Tensor) -> None:
        """Nothing is kept."""

    @staticmethod
    def backward(ctx: Context, grad: Tensor) -> Tensor:
        """The same."""
        return grad


def _repeat(call: Callable[[Tensor], Tensor], rows: Tensor, count: int) -> None:
    for _ in range(count):
        call(rows)


def calls(count: int = 1000) -> None:
    """Print what a call of an operation costs, with and without binding its arguments."""
    rows = torch.zeros(1, requires_grad=True)
    print("a call of an operation")
    for name, call in (("bound", Same.apply), ("unbound", Same.of)):
        seconds = best(partial(_repeat, call, rows, count)) / count
        print(f"  {name:9} {seconds * 1e6:7.1f} µs")


def products(edges: int, width: int) -> float:
    """Print and return how many times as long the product with subnormal numbers takes."""
    basis = GAUSSIAN_BASES["cgcnn"]
    distance = 1.5 + 6.0 * torch.rand(edges)
    centres = torch.linspace(basis.start, basis.stop, basis.count)
    plain = torch.exp(-(((distance[:, None] - centres) / basis.width) ** 2))
    ours, weight = Gaussians(basis)(distance), torch.randn(basis.count, 2 * width)
    below = float(((plain > 0) & (plain < torch.finfo(plain.dtype).tiny)).float().mean())
    print(f"{edges:,} x {basis.count} Gaussians, {below:.1%} subnormal")
    times = [best(partial(torch.mm, values, weight)) for values in (plain, ours)]
    print(f"  product {times[0] * 1e3:.2f} ms, without them {times[1] * 1e3:.2f} ms")
    return times[0] / times[1]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edges", type=int, default=8_000)
    parser.add_argument("--width", type=int, default=64)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    keep_freed_memory()  # as each training of matdata does
    print(f"{instruction_set()}, {torch.backends.cpu.get_cpu_capability()} in torch, one thread")
    ratio = gated(chosen.edges, chosen.width)
    print(f"  loops {ratio:.2f}x")
    print(f"  loops {softplus(chosen.edges, chosen.width):.2f}x")
    calls()
    print(f"  {products(chosen.edges, chosen.width):.1f}x")
    return 0 if ratio > 1.0 else 1


if __name__ == "__main__":
    sys.exit(main())
