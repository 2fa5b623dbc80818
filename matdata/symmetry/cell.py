"""One cell, and what an engine of symmetry reports of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals

# Lattice rows, fractional coordinates, atomic numbers.
Cell: TypeAlias = tuple[list[list[float]], list[list[float]], list[int]]


class NoSymmetry(Exception):
    """An engine found no space group; the message gives the reason."""


class CellSymmetry(NamedTuple):
    """Symmetry of one cell.

    Attributes
    ----------
    number
        Space group, 1 to 230; 0 where there is none.
    centring
        Letter of the conventional cell's centring.
    n_conventional
        Sites of the conventional cell.
    letters
        Wyckoff letter of each site, in the engine's setting.
    orbits
        For each site the first site that symmetry maps to it.
    """

    number: int
    centring: str
    n_conventional: int
    letters: list[str]
    orbits: list[int]


class CellTranslations(NamedTuple):
    """Which sites of a cell are copies of each other by a translation of the crystal.

    Attributes
    ----------
    linear
        Columns are the vectors of a primitive cell, in units of those of the cell, 3 x 3.
    sites
        For each site that of the primitive cell.
    """

    linear: list[list[float]]
    sites: list[int]


Search: TypeAlias = Callable[[Cell], CellSymmetry]


def plain_cells(crystals: Crystals) -> list[Cell]:
    """Plain lists for each crystal; whole columns are converted at once, which is far cheaper."""
    lattices = crystals.lattice.tolist()
    positions = crystals.frac_coords.tolist()
    numbers = crystals.numbers.tolist()
    ends = crystals.offsets.tolist()
    return [
        (lattice, positions[start:end], numbers[start:end])
        for lattice, start, end in zip(lattices, ends[:-1], ends[1:], strict=True)
    ]


def usable_cells(crystals: Crystals) -> npt.NDArray[np.bool_]:
    """Crystals that no engine crashes on: with sites, finite coordinates and a volume."""
    sites_bad = crystals.site_crystal[~np.isfinite(crystals.frac_coords).all(axis=1)]
    good = (crystals.n_sites > 0) & np.isfinite(crystals.volume) & (crystals.volume > 0)
    good[sites_bad] = False
    return good
