"""The same crystal written differently: what no feature of a crystal may depend on.

Each function takes one batch and returns a new one; inputs stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, Float, Int, as_ids, gather_index
from matdata.features.inputs import FeatureInput, RecordColumns


def _with(crystals: Crystals, **columns: npt.NDArray[Any]) -> Crystals:
    return Crystals(crystals.ids, **{**crystals.columns(), **columns})


def translate(crystals: Crystals, shift: npt.ArrayLike) -> Crystals:
    """Move all sites by a fractional vector (3,), unwrapped."""
    return _with(crystals, frac_coords=crystals.frac_coords + np.asarray(shift, dtype=np.float64))


def rotation_matrix(rng: np.random.Generator) -> Float:
    """A random proper rotation (3, 3), uniform over all rotations (QR of a normal matrix)."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    rotation: Float = q * np.sign(np.linalg.det(q))
    return rotation


def rotate(crystals: Crystals, rotation: npt.ArrayLike) -> Crystals:
    """Turn all lattices by a matrix (3, 3) that acts on column vectors."""
    return _with(crystals, lattice=crystals.lattice @ np.asarray(rotation, dtype=np.float64).T)


def permute(crystals: Crystals, rng: np.random.Generator) -> tuple[Crystals, Int]:
    """Shuffle the sites within each crystal; also returns the old row of each new site, (N,)."""
    order = np.lexsort((rng.random(len(crystals.numbers)), crystals.site_crystal))
    columns: dict[str, npt.NDArray[Any]] = {
        "frac_coords": crystals.frac_coords[order],
        "numbers": crystals.numbers[order],
    }
    return _with(crystals, **columns), order


def supercell(crystals: Crystals, repeats: Sequence[int]) -> tuple[Crystals, Int]:
    """Repeat all cells along the three vectors; also returns the old row of each new site."""
    counts = np.asarray(repeats, dtype=np.int64)
    cells = np.stack(np.meshgrid(*(np.arange(n) for n in counts), indexing="ij"), axis=-1)
    cells = cells.reshape(-1, 3)
    rows = np.tile(np.arange(len(crystals)), (len(cells), 1)).T.ravel()
    index, offsets = gather_index(crystals.offsets, rows)
    copy = np.repeat(np.tile(np.arange(len(cells)), len(crystals)), np.diff(offsets))
    columns = {
        "lattice": crystals.lattice * counts[:, None],
        "frac_coords": (crystals.frac_coords[index] + cells[copy]) / counts,
        "numbers": crystals.numbers[index],
        "offsets": crystals.offsets * len(cells),
    }
    return _with(crystals, **columns), index


def unimodular_matrix(rng: np.random.Generator, steps: int = 6, largest: int = 2) -> Int:
    """A random integer matrix (3, 3) of determinant ±1: a product of shears and exchanges."""
    matrix = np.eye(3, dtype=np.int64)
    for _ in range(steps):
        i, j = rng.permutation(3)[:2]
        matrix[i] += rng.integers(-largest, largest + 1) * matrix[j]
        if rng.random() < 0.3:
            matrix[[i, j]] = matrix[[j, i]]
    return matrix


def unimodular(crystals: Crystals, matrix: npt.ArrayLike) -> Crystals:
    """Write all crystals in the cell ``matrix @ lattice``; sites keep their places in space.

    Raises
    ------
    ValueError
        If the matrix is not one of integers with determinant 1 or -1.
    """
    steps = np.asarray(matrix, dtype=np.int64)
    inverse = np.rint(np.linalg.inv(steps.astype(np.float64)))
    if not np.array_equal(np.rint(inverse @ steps), np.eye(3)):
        raise ValueError(f"not an integer matrix of determinant 1 or -1: {steps.tolist()}")
    return _with(
        crystals, lattice=steps @ crystals.lattice, frac_coords=crystals.frac_coords @ inverse
    )


def renamed(materials: FeatureInput) -> FeatureInput:
    """The same materials under other ids, in another order."""
    ids = as_ids([f"renamed-{row}" for row in range(len(materials), 0, -1)])
    if not isinstance(materials, RecordColumns):
        return replace(materials, ids=ids)
    crystals, compositions, table = materials.crystals, materials.compositions, materials.table
    return RecordColumns(
        ids,
        None if crystals is None else replace(crystals, ids=ids),
        None if compositions is None else replace(compositions, ids=ids),
        None if table is None else replace(table, ids=ids),
    )
