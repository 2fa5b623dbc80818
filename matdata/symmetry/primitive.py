"""Primitive cells: crystals without the copies of sites that a translation makes.

A cell is primitive if no translation but those of its lattice maps the crystal onto itself. Which
others do so, within a tolerance, the search for symmetry of `matdata.symmetry.search` finds: moyopy
with its default tolerances. Of its answer only the translations are taken, not the cell that it
makes the most symmetric: lattice and sites stay as they are written, and no distance of a crystal
that is exact changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, Int
from matdata.core.ledger import Reject
from matdata.core.tolerances import SYMPREC
from matdata.symmetry.cell import Cell, CellTranslations, NoSymmetry, plain_cells, usable_cells

#: What a vector of the cell, in units of those of the primitive one, may differ from integers.
WHOLE = 1e-6
#: Copies of a site differ by the tolerance of the search, and so does where each is expected.
SPREAD = 2.0


@dataclass(frozen=True, eq=False)
class Primitive:
    """Primitive cells of a batch.

    Attributes
    ----------
    crystals
        Of the k crystals whose cell is known to be primitive, or was made so.
    rows : (k,) int64
        Their rows in the batch, ascending.
    reduced : (k,) bool
        Whose cell was another one; the others are as they were given, to the bit.
    rejects
        Crystals whose search failed, with the reason.
    """

    crystals: Crystals
    rows: Int
    reduced: npt.NDArray[np.bool_]
    rejects: tuple[Reject, ...]


def primitive_cells(crystals: Crystals) -> Primitive:
    """The primitive cell of each crystal.

    A cell whose numbers of atoms by element have no common divisor is primitive, and is not
    searched; one that has no sites, no volume or coordinates that are not finite stays as it is.
    Sites of the primitive cell lie at the mean of their copies, in the order of the first ones.

    Copies may differ by `matdata.core.tolerances.SYMPREC` (0.1 Å). A crystal in which two sites
    that are no copies lie within about this distance of being some, as in a weak distortion, is
    taken for the undistorted one, or not, as the search decides; of one whose distortion is near
    the tolerance a supercell may be decided otherwise.

    Parameters
    ----------
    crystals
        Any number of crystals, in any cell.

    Raises
    ------
    MissingPackageError
        If moyopy is not installed and a crystal has to be searched.
    """
    searched = np.flatnonzero(may_be_reduced(crystals))
    made, rejects = _searched(crystals.take(searched)) if len(searched) else ({}, {})
    if not made and not rejects:
        rows = np.arange(len(crystals))
        return Primitive(crystals, rows, np.zeros(len(rows), dtype=np.bool_), ())
    smaller = searched[sorted(made)]
    rows = np.setdiff1d(np.arange(len(crystals)), searched[sorted(rejects)])
    kept = np.setdiff1d(rows, smaller)
    lattices, coords, numbers = (
        zip(*(made[k] for k in sorted(made)), strict=True) if made else ((), (), ())
    )
    cells = Crystals.from_lists(crystals.ids[smaller], lattices, coords, numbers)
    joined = Crystals.concat([crystals.take(kept), cells])
    order = np.argsort(np.concatenate([kept, smaller]), kind="stable")
    reduced = np.isin(rows, smaller)
    return Primitive(joined.take(order), rows, reduced, tuple(rejects[k] for k in sorted(rejects)))


def may_be_reduced(crystals: Crystals) -> npt.NDArray[np.bool_]:
    """Crystals whose numbers of atoms by element have a common divisor, (n,): those searched."""
    mask: npt.NDArray[np.bool_] = (_divisors(crystals) > 1) & usable_cells(crystals)
    return mask


def _searched(crystals: Crystals) -> tuple[dict[int, Cell], dict[int, Reject]]:
    """By row the cells that became smaller, and the rejects of those whose search failed."""
    from matdata.symmetry import moyo

    find = moyo.prepare_translations(SYMPREC)
    made: dict[int, Cell] = {}
    rejects: dict[int, Reject] = {}
    with moyo.quiet():
        for row, cell in enumerate(plain_cells(crystals)):
            try:
                smaller = _reduced(cell, find(cell))
            except NoSymmetry as reason:
                name, text = str(crystals.ids[row]), f"moyopy: {reason}"
                rejects[row] = Reject(name, "featurize", "no_symmetry", text)
            else:
                if smaller is not None:
                    made[row] = smaller
    return made, rejects


def _reduced(cell: Cell, found: CellTranslations) -> Cell | None:
    """The primitive cell; None if it is this one.

    Raises
    ------
    NoSymmetry
        If the translations and the copies of sites do not fit each other.
    """
    into = np.linalg.inv(np.array(found.linear))
    steps = np.rint(into)
    copies = round(abs(float(np.linalg.det(steps))))
    if not np.abs(into - steps).max() < WHOLE or not copies:
        raise NoSymmetry("translations that do not make up the cell")
    if copies == 1:
        return None
    numbers, frac = np.array(cell[2]), np.array(cell[1]) @ steps.T
    _, first, member, counts = np.unique(
        np.array(found.sites), return_index=True, return_inverse=True, return_counts=True
    )
    if len(member) != len(numbers) or (counts != copies).any():
        raise NoSymmetry(f"sites that do not have {copies} copies each")
    lattice = np.linalg.inv(steps).T @ np.array(cell[0])
    away = frac - frac[first][member]
    away -= np.rint(away)
    spread = float(np.linalg.norm(away @ lattice, axis=1).max())
    if spread > SPREAD * SYMPREC or (numbers != numbers[first][member]).any():
        raise NoSymmetry(f"copies of a site that differ by element or by {spread:.2g} Å")
    mean = np.stack([np.bincount(member, column) for column in away.T], 1) / copies
    place = frac[first] + mean
    place -= np.floor(place)
    order = np.argsort(first)
    return lattice.tolist(), place[order].tolist(), numbers[first][order].tolist()


def _divisors(crystals: Crystals) -> Int:
    """Common divisor of the numbers of atoms by element, (n,): copies there can be; 0 of none."""
    keys, counts = np.unique(crystals.site_crystal * 256 + crystals.numbers, return_counts=True)
    divisors = np.zeros(len(crystals), dtype=np.int64)
    owners, first = np.unique(keys // 256, return_index=True)
    if len(owners):
        divisors[owners] = np.gcd.reduceat(counts, first)
    return divisors
