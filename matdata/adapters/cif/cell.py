"""The unit cell of a block, and whether symmetry operations leave it invariant."""

from __future__ import annotations

import numpy as np

from matdata.adapters.cif.document import Block, number_of, numbers_of
from matdata.core.crystals import Float
from matdata.core.ledger import Unusable

LENGTHS = ("_cell_length_a", "_cell_length_b", "_cell_length_c")
ANGLES = ("_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma")
VOLUME = 0.01  # relative difference of a stated cell volume from that of the cell


def cell_of(block: Block) -> Float:
    """Lattice vectors as rows in Å, (3, 3), c along z and a in the xz plane as in pymatgen.

    Raises
    ------
    Unusable
        If a length or an angle is missing, impossible, or contradicts the stated volume.
    """
    a, b, c, *degrees = _parameters(block)
    angles = np.radians(degrees)
    (cos_a, cos_b, cos_g), (sin_a, sin_b) = np.cos(angles), np.sin(angles[:2])
    if min(a, b, c) <= 0 or not all(0 < angle < 180 for angle in degrees):
        raise Unusable("unreadable", f"impossible cell: {a} {b} {c} Å, {degrees}°")
    cos_star = (cos_a * cos_b - cos_g) / (sin_a * sin_b)
    if abs(cos_star) > 1:
        raise Unusable("zero_volume", f"no cell has the angles {degrees}°")
    gamma_star = np.arccos(cos_star)
    lattice = np.array(
        [
            [a * sin_b, 0.0, a * cos_b],
            [-b * sin_a * np.cos(gamma_star), b * sin_a * np.sin(gamma_star), b * cos_a],
            [0.0, 0.0, c],
        ]
    )
    _check_volume(block, lattice)
    return lattice


def _parameters(block: Block) -> list[float]:
    texts = {tag: block.value(tag) for tag in (*LENGTHS, *ANGLES)}
    missing = [tag for tag, text in texts.items() if text is None]
    if missing:
        raise Unusable("unreadable", f"there is no {', '.join(missing)}")
    return numbers_of([text or "" for text in texts.values()], "a cell parameter")


def volume_of(lattice: Float) -> float:
    """Volume in Å³ of a cell from `cell_of`: its determinant has only one non-zero product."""
    return float(lattice[0, 0] * lattice[1, 1] * lattice[2, 2])


def _check_volume(block: Block, lattice: Float) -> None:
    text = block.value("_cell_volume")
    if text is None:
        return
    stated, volume = number_of(text, "_cell_volume"), volume_of(lattice)
    if abs(stated - volume) > VOLUME * volume:
        raise Unusable(
            "contradiction", f"_cell_volume is {stated:g} Å³, the cell has {volume:.6g} Å³"
        )


def misfit(lattice: Float, rotations: Float) -> float:
    """Largest change of a cell's metric under operations (g, 3, 3), relative to lengths squared."""
    metric = lattice @ lattice.T
    lengths = np.sqrt(np.diag(metric))
    turned = np.swapaxes(rotations, 1, 2) @ metric @ rotations
    return float((np.abs(turned - metric) / np.outer(lengths, lengths)).max())
