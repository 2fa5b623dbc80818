"""Products of linear layers: as torch chooses (MKL on x86) against oneDNN, which matdata may take.

Both in one process, by turns, in float32: the product of a layer and the two of its gradients, at
the sizes that Roost, Wren and CrabNet have in a step. The last line reports what
`matdata.nn.linear` does on this processor.

    python benchmarks/products.py --threads 1
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from timing import best

import torch

from matdata.nn.cpu import onednn_linear

#: Segments, inputs, outputs of a layer, and where such layers are.
LAYERS = {
    "Roost, pairs": (450, 64, 3072),
    "Roost, after attention": (450, 768, 64),
    "Roost, residual layer": (128, 1024, 1024),
    "Wren, pairs": (1250, 64, 1024),
    "CrabNet, feed-forward": (2000, 512, 2048),
    "CrabNet, queries": (2000, 512, 1536),
}


def layer(rows: int, inputs: int, outputs: int) -> Callable[[], None]:
    """A layer, forwards and backwards."""
    x, grad = torch.randn(rows, inputs, requires_grad=True), torch.randn(rows, outputs)
    weight = torch.randn(outputs, inputs, requires_grad=True)
    bias = torch.randn(outputs, requires_grad=True)

    def both() -> None:
        torch.autograd.grad(onednn_linear.linear(x, weight, bias), (x, weight, bias), grad)

    return both


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--times", type=int, default=30)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    product = onednn_linear.onednn_product()
    if product is None:
        print("this build of torch has no oneDNN")
        return 1
    taken = onednn_linear.onednn_is_faster()
    ratios = []
    for name, sizes in LAYERS.items():
        work = layer(*sizes)
        with onednn_linear.products_by(product):
            work()
        with onednn_linear.products_by(None):
            plain = best(work, chosen.times)
        with onednn_linear.products_by(product):
            other = best(work, chosen.times)
        operations = 6e-9 * sizes[0] * sizes[1] * sizes[2]
        ratios.append(plain / other)
        print(
            f"{name:24} {operations / plain:5.0f} and {operations / other:5.0f} GFLOP/s: "
            f"{ratios[-1]:.2f}x"
        )
    print(f"matdata takes {'oneDNN' if taken else 'what torch chooses'} on this processor")
    return 0 if taken == (min(ratios) > 1) else 1


if __name__ == "__main__":
    sys.exit(main())
