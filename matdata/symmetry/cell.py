"""One cell, and what an engine of symmetry reports of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

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


Search: TypeAlias = Callable[[Cell], CellSymmetry]
