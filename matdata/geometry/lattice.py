"""Lattice reduction, so that a skewed cell costs what a compact one does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from matdata.core.jit import inner

if TYPE_CHECKING:
    from matdata.core.crystals import Array

#: Sites (Å) closer than this coincide: their bisector has no meaningful direction.
COINCIDENT = 1e-3
#: Vectors (Å) from here on, and what is not finite, are no lattice.
LONGEST = 1e9
#: Most steps of a lattice reduction; each shortens a vector, a dozen are common.
MAX_STEPS = 10_000
#: Smallest |det| / (|a||b||c|) of a reduced lattice. Minkowski-reduced ones have 0.7 and more.
FLAT = 0.1
#: What a relative shortening must exceed, so that round-off alone never keeps a loop running.
SHORTER = 1.0 - 1e-12


@inner
def dot(rows: Array, i: int, j: int) -> float:
    """Scalar product of two rows."""
    product: float = rows[i, 0] * rows[j, 0] + rows[i, 1] * rows[j, 1] + rows[i, 2] * rows[j, 2]
    return product


@inner
def box_volume(rows: Array) -> float:
    """Volume spanned by three vectors."""
    a, b, c = rows[0, 0], rows[0, 1], rows[0, 2]
    x = rows[1, 1] * rows[2, 2] - rows[1, 2] * rows[2, 1]
    y = rows[1, 2] * rows[2, 0] - rows[1, 0] * rows[2, 2]
    z = rows[1, 0] * rows[2, 1] - rows[1, 1] * rows[2, 0]
    volume: float = abs(a * x + b * y + c * z)
    return volume


@inner
def length(rows: Array, i: int) -> float:
    """Length of one row."""
    return math.sqrt(dot(rows, i, i))


@inner
def _replace(vectors: Array, steps: Array, i: int, j: int, s: int, k: int, t: int) -> bool:
    """Add `s` times vector `j` and `t` times vector `k` to vector `i` if that is shorter."""
    x = vectors[i, 0] + s * vectors[j, 0] + t * vectors[k, 0]
    y = vectors[i, 1] + s * vectors[j, 1] + t * vectors[k, 1]
    z = vectors[i, 2] + s * vectors[j, 2] + t * vectors[k, 2]
    if x * x + y * y + z * z >= dot(vectors, i, i) * SHORTER:
        return False
    vectors[i, 0], vectors[i, 1], vectors[i, 2] = x, y, z
    for m in range(3):
        steps[i, m] += s * steps[j, m] + t * steps[k, m]
    return True


@inner
def _shorten(vectors: Array, steps: Array) -> bool:
    """Shorten one vector by a multiple of another, or by the sum of both others, if any can be."""
    for i in range(3):
        for j in range(3):
            if i == j:
                continue
            times = math.floor(dot(vectors, i, j) / dot(vectors, j, j) + 0.5)
            if times != 0 and _replace(vectors, steps, i, j, -times, j, 0):
                return True
    for i in range(3):
        for sign in range(4):
            s, t = 1 - 2 * (sign & 1), 1 - (sign & 2)
            if _replace(vectors, steps, i, (i + 1) % 3, s, (i + 2) % 3, t):
                return True
    return False


@inner
def reduce_lattice(lattice: Array) -> tuple[Array, Array, bool]:
    """Reduce a lattice by pairs and by body diagonals until no vector gets shorter.

    Parameters
    ----------
    lattice : (3, 3) float64, Å
        Lattice vectors as rows.

    Returns
    -------
    vectors : (3, 3) float64
        Reduced lattice vectors.
    steps : (3, 3) int64
        Unimodular matrix with ``vectors = steps @ lattice``.
    sound : bool
        Whether the lattice is finite and three-dimensional.
    """
    vectors, steps = lattice.copy(), np.zeros((3, 3), np.int64)
    for i in range(3):
        steps[i, i] = 1
    for _ in range(MAX_STEPS):
        for i in range(3):
            if not (COINCIDENT <= length(vectors, i) < LONGEST):
                return vectors, steps, False
        if not _shorten(vectors, steps):
            break
    # Summing anew from the given vectors leaves one rounding instead of one a step.
    for i in range(3):
        for k in range(3):
            vectors[i, k] = (steps[i, 0] * lattice[0, k] + steps[i, 1] * lattice[1, k]) + steps[
                i, 2
            ] * lattice[2, k]
    lengths = 1.0
    for i in range(3):
        lengths *= length(vectors, i)
    return vectors, steps, box_volume(vectors) > FLAT * lengths
