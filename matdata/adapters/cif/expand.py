"""From the asymmetric unit to all sites of the cell.

Two images of a site nearer than `SAME` are one site on a special position, and its place is the
mean of all images that fall together: the point of the special position itself, so coordinates of
few digits (0.333) do no harm. Images nearer than `APART` but not that near leave open whether the
site is special: such a crystal is refused.

Sites are ordered by the electronegativity of their element (then its symbol), as pymatgen orders
them; those of one element by their row in the file, and images of a row by the operations.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.adapters.cif.atoms import Atoms
from matdata.adapters.cif.operations import Operations
from matdata.adapters.sites import Sites
from matdata.core import elements
from matdata.core.ledger import Unusable

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
SAME, APART = 0.1, 0.5  # Å
EQUAL = 0.01  # Å; two readings of a file agree where all sites do
MAX_IMAGES = 500_000  # operations times rows
MAX_SITES = 20_000
MOST_REPEATS = 96  # pairs a site: a whole cell listed has one for each two of 192 operations
FEW = 64  # sites of which all pairs are looked at
_HASH = np.array([1.0, 7919.0, 7919.0**2])
_CELLS = 7907.31  # no place of the tables is near the edge of one of so many intervals


@dataclass(frozen=True, eq=False)
class Built:
    """All sites of a cell, and the operations that gave them.

    Attributes
    ----------
    sites
        The crystal.
    counts : (n,)
        Number of sites that each row of the file gave.
    operations
        The operations used.
    listed
        Whether the rows of the file are already all sites.
    """

    sites: Sites
    counts: Int
    operations: Operations
    listed: bool


def expand(atoms: Atoms, lattice: Float, operations: Operations) -> Built:
    """Apply operations to the rows of a file.

    Raises
    ------
    Unusable
        If it stays open which images are one site, sites of different rows fall together, or there
        are too many.
    """
    n, g = len(atoms.numbers), len(operations)
    if n * g > MAX_IMAGES:
        raise Unusable("unreadable", f"{n} sites under {g} operations are more than are read")
    if g == 1:
        coords, counts = atoms.coords - np.floor(atoms.coords), np.ones(n, dtype=np.int64)
    else:
        coords, counts = _orbits(atoms, lattice, operations)
    if len(coords) > MAX_SITES:
        raise Unusable("unreadable", f"{len(coords)} sites are more than are read")
    rows = np.repeat(np.arange(n), counts)
    coords, rows, listed = _without_repeats(coords, rows, atoms, lattice)
    numbers = atoms.numbers[rows]
    order = np.argsort(_ranks()[numbers], kind="stable")
    return Built(Sites(lattice, coords[order], numbers[order]), counts, operations, listed)


def same_crystal(first: Built, second: Built) -> bool:
    """Whether two readings of one file give the same sites."""
    a, b = first.sites, second.sites
    if not np.array_equal(a.numbers, b.numbers):
        return False
    n = len(a.numbers)
    both = np.concatenate([a.frac_coords, b.frac_coords])
    later, earlier = _coinciding(both, a.lattice, EQUAL)
    pairs = set(zip(earlier.tolist(), (later - n).tolist(), strict=True))
    return len(pairs) == n and all(j >= 0 and a.numbers[i] == b.numbers[j] for i, j in pairs)


def _orbits(atoms: Atoms, lattice: Float, operations: Operations) -> tuple[Float, Int]:
    coords = atoms.coords
    shifts = _images(coords, operations) - coords[:, None]
    shifts -= np.rint(shifts)
    distances = _distances(shifts, lattice)
    special = distances < SAME
    if ((distances < APART) & ~special).any():
        near = distances[(distances < APART) & ~special].min()
        raise Unusable(
            "unreadable",
            f"a site and its image are {near:.2g} Å apart: one on a special position, or two?",
        )
    stabilisers = special.sum(axis=1)
    places = coords + (shifts * special[..., None]).sum(axis=1) / stabilisers[:, None]
    images = _images(places, operations)
    images -= np.floor(images)
    images[images > 1 - 1e-9] = 0.0
    kept = [
        images[row] if stabiliser == 1 else images[row][_firsts(images[row], stabiliser)]
        for row, stabiliser in enumerate(stabilisers.tolist())
    ]
    return np.concatenate(kept), np.array([len(rows) for rows in kept], dtype=np.int64)


def _images(coords: Float, operations: Operations) -> Float:
    """All images of sites, (n, g, 3)."""
    turned = np.einsum("gij,nj->ngi", operations.rotations, coords)
    images: Float = turned + operations.translations
    return images


def _firsts(images: Float, stabiliser: int) -> Int:
    """Positions of the different images, the first of those that are equal, (g / stabiliser,)."""
    keys = (np.floor(images * _CELLS) * _HASH).sum(axis=1)
    firsts = np.sort(np.unique(keys, return_index=True)[1])
    if len(firsts) * stabiliser != len(images):  # an edge ran through rounded numbers
        apart = images[:, None] - images[None]
        equal = (np.abs(apart - np.rint(apart)) < 1e-6).all(axis=-1)
        firsts = np.unique(equal.argmax(axis=1))
    if len(firsts) * stabiliser != len(images):
        raise Unusable("unreadable", "images of a site on a special position fall together oddly")
    return firsts.astype(np.int64)


def _without_repeats(
    coords: Float, rows: Int, atoms: Atoms, lattice: Float
) -> tuple[Float, Int, bool]:
    """Sites without those given twice, which is right only where the file lists the whole cell."""
    later, earlier = _coinciding(coords, lattice, SAME)
    if not len(later):
        return coords, rows, len(coords) == len(atoms.numbers)
    one, other = atoms.numbers[rows[later]], atoms.numbers[rows[earlier]]
    if (one != other).any():
        symbols = elements.symbols()
        pair = np.flatnonzero(one != other)[0]
        names = f"{symbols[one[pair]]} and {symbols[other[pair]]}"
        raise Unusable("disordered", f"{names} share a site")
    keep = np.ones(len(coords), dtype=bool)
    keep[later] = False
    if keep.sum() != len(atoms.numbers):
        raise Unusable("overlapping_atoms", "two rows of the atom list give the same site")
    return coords[keep], rows[keep], True


def _coinciding(coords: Float, lattice: Float, within: float) -> tuple[Int, Int]:
    """Pairs (later, earlier) of sites nearer than a distance in Å."""
    if len(coords) > FEW:
        return _coinciding_along(coords, lattice, within)
    near = _distances(coords[:, None] - coords, lattice) < within
    later, earlier = near.nonzero()
    return later[later > earlier], earlier[later > earlier]


def _coinciding_along(coords: Float, lattice: Float, within: float) -> tuple[Int, Int]:
    """The same, from sites in their order along the axis with the most different places."""
    heights = 1 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    places = np.floor(coords * heights / within)
    axis = max(range(3), key=lambda k: len(np.unique(places[:, k])))
    order = np.argsort(coords[:, axis], kind="stable")
    ordered, n = coords[order], len(coords)
    pairs = [np.empty((2, 0), dtype=np.int64)]
    for step in range(1, n // 2 + 1):
        apart = np.roll(ordered, -step, axis=0) - ordered
        apart -= np.rint(apart)
        if (np.abs(apart[:, axis]) * heights[axis] >= within).all():
            break
        near = np.flatnonzero(_distances(apart, lattice) < within)
        pairs.append(np.sort(np.stack([order[near], order[(near + step) % n]]), axis=0))
        if sum(pair.shape[1] for pair in pairs) > MOST_REPEATS * n:
            raise Unusable("overlapping_atoms", "the same site is listed again and again")
    earlier, later = np.concatenate(pairs, axis=1)
    return later, earlier


def _distances(apart: Float, lattice: Float) -> Float:
    """Lengths in Å of the shortest of fractional differences (exact below half the cell)."""
    cartesian = (apart - np.rint(apart)) @ lattice
    distances: Float = np.sqrt(np.einsum("...i,...i->...", cartesian, cartesian))
    return distances


@functools.cache
def _ranks() -> Int:
    """Rank of each atomic number by electronegativity, then symbol."""
    values = np.nan_to_num(elements.electronegativities(), nan=np.inf)
    order = sorted(range(1, len(values)), key=lambda z: (values[z], elements.symbols()[z]))
    ranks = np.zeros(256, dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return ranks
