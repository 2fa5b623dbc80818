"""Small crystals that tests make themselves, and where the public data sets lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from matdata.adapters.sites import Sites, to_crystals
from matdata.core.crystals import Crystals

if TYPE_CHECKING:
    from pymatgen.core import Structure

SHARED = Path(os.environ.get("MATDATA_SHARED", Path(__file__).parents[3] / "shared")) / "data"


def real(name: str) -> Path:
    """Path of a public data set; skips the test when it is not there."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"public data set {name} is not on this machine (set MATDATA_SHARED)")
    return path


def read(path: Path, limit: int | None = None) -> Crystals:
    """Crystals of a file."""
    from matdata.sources.files import Files

    chunks = Files(path, limit=limit).chunks()
    return Crystals.concat([chunk.crystals for chunk in chunks if chunk.crystals is not None])


def cubic(a: float, numbers: list[int], frac: list[list[float]]) -> Sites:
    return Sites(np.eye(3) * a, np.array(frac, dtype=float), np.array(numbers, dtype=np.uint8))


def rock_salt(a: float, cation: int, anion: int) -> Sites:
    half = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    shifted = [[(x + 0.5) % 1, y, z] for x, y, z in half]
    return cubic(a, [cation] * 4 + [anion] * 4, half + shifted)


def rock_salt_structure(a: float, cation: str, anion: str) -> Structure:
    """The same for pymatgen, whose `from_spacegroup` takes seconds for this space group."""
    from pymatgen.core import Element, Lattice, Structure

    sites = rock_salt(a, Element(cation).Z, Element(anion).Z)
    return Structure(Lattice.cubic(a), [cation] * 4 + [anion] * 4, sites.frac_coords)


def perovskite(a: float, A: int, B: int, X: int) -> Sites:
    frac = [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
    return cubic(a, [A, B, X, X, X], frac)


def caesium_chloride(a: float, cation: int, anion: int) -> Sites:
    return cubic(a, [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]])


def few() -> Crystals:
    """NaCl, SrTiO3, CsCl and one-atom Po."""
    sites = [
        rock_salt(5.64, 11, 17),
        perovskite(3.905, 38, 22, 8),
        caesium_chloride(4.12, 55, 17),
        cubic(3.35, [84], [[0, 0, 0]]),
    ]
    return to_crystals(["nacl", "sto", "cscl", "po"], sites)


def isolated() -> Crystals:
    """A crystal without edges within 8 Å between two with some, and one with an isolated site."""
    sites = [
        caesium_chloride(4.12, 55, 17),
        cubic(9.0, [11], [[0, 0, 0]]),
        cubic(3.35, [29], [[0, 0, 0]]),
        cubic(12.0, [8, 8, 2], [[0, 0, 0], [0.1, 0, 0], [0.5, 0.5, 0.5]]),
    ]
    return to_crystals(["caesium", "alone", "copper", "partly"], sites)


def asymmetric(count: int, seed: int = 5) -> Crystals:
    """Crystals of three sites in slanted cells, without symmetry and without equal distances."""
    rng = np.random.default_rng(seed)
    sites = [
        Sites(
            4.0 * np.eye(3) + np.round(0.4 * rng.random((3, 3)), 4),  # jarvis rounds to 5 digits
            rng.random((3, 3)),
            rng.integers(3, 9, 3).astype(np.uint8),
        )
        for _ in range(count)
    ]
    return to_crystals([f"a-{k}" for k in range(count)], sites)


def many(count: int, seed: int = 0) -> Crystals:
    """Rock-salt, CsCl and perovskite crystals with drawn elements and cell lengths."""
    rng = np.random.default_rng(seed)
    sites = []
    for k in range(count):
        a, b, c = rng.choice(
            [3, 4, 9, 11, 12, 13, 17, 19, 20, 22, 26, 29, 35, 38, 40, 47, 53, 56], 3, replace=False
        ).tolist()
        length = float(rng.uniform(3.9, 6.0))
        made = (rock_salt(length, a, b), caesium_chloride(length, a, b))
        sites.append((*made, perovskite(length, a, b, c))[k % 3])
    return to_crystals([f"m-{k:04d}" for k in range(count)], sites)


FACES = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]


def hexagonal() -> Sites:
    lattice = 3.2 * np.array([[1, 0, 0], [-0.5, np.sqrt(0.75), 0], [0, 0, 1.62]])
    frac = np.array([[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]])
    return Sites(lattice, frac, np.array([12, 12], dtype=np.uint8))


def known_cells() -> Crystals:
    """Conventional cells of 2, 4, 8 and 8 sites, primitive ones, and three of no symmetry."""
    diamond = cubic(3.567, [6] * 8, FACES + [[x + 0.25 for x in row] for row in FACES])
    sites = {
        "bcc": cubic(3.165, [74] * 2, [[0, 0, 0], [0.5, 0.5, 0.5]]),
        "fcc": cubic(3.61, [29] * 4, FACES),
        "salt": rock_salt(5.64, 11, 17),
        "diamond": diamond,
        "perovskite": perovskite(3.905, 38, 22, 8),
        "cscl": caesium_chloride(4.12, 55, 17),
        "hcp": hexagonal(),
    }
    return Crystals.concat([to_crystals([*sites], [*sites.values()]), asymmetric(3)])
