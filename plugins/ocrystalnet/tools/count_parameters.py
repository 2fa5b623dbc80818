"""Which readings of the OCrystalNet paper give its 2,365,441 parameters?

python plugins/ocrystalnet/tools/count_parameters.py

The paper names no sizes. With widths up to 1,024, up to eight layers, six ways to expand
distances, with or without biases, site vectors joined to edges as in CMPNN, a layer that joins one
to three vectors before the readout, an output layer, and one to three layers after pooling, some
readings give the number exactly. That of the author's published code is marked; readings
with width 512 and as many square matrices cannot be distinguished by counting.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

PAPER = 2_365_441
SITE = 1056 + 438
EDGES = (1, 20, 40, 41, 50, 51, 80, 81)


class Reading(NamedTuple):
    """One way to read the paper."""

    width: int
    gaussians: int
    layers: int
    edges_hold_sites: bool
    joined: int
    biases: bool
    output_layer: bool
    after_pooling: int

    def parameters(self) -> int:
        """Weights and biases of all layers."""
        width, bias = self.width, self.width * self.biases
        edge = self.gaussians + SITE * self.edges_hold_sites
        total = (SITE + edge) * width + 2 * bias + self.layers * (width * width + bias)
        if self.joined:
            total += self.joined * width * width + bias
        square = width * width + width
        return total + (self.output_layer + self.after_pooling - 1) * square + width + 1


PUBLISHED = Reading(512, 51, 1, False, 3, False, True, 2)


def readings() -> Iterator[Reading]:
    """All that are tried."""
    flags = (False, True)
    parts = (range(32, 1025), EDGES, range(1, 9), flags, range(4), flags, flags, range(1, 4))
    return itertools.starmap(Reading, itertools.product(*parts))


def main() -> None:
    """Print the readings that give the paper's number."""
    print("  ".join(Reading._fields))
    for reading in readings():
        if reading.parameters() == PAPER:
            print(*reading, "<- published code" if reading == PUBLISHED else "")


if __name__ == "__main__":
    main()
