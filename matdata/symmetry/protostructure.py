"""Canonical protostructure labels: which elements occupy which Wyckoff positions.

A label reads ``AB_cF8_225_a_b:Cl-Na``: anonymous formula, Pearson symbol, space group, the letters
of each element, and the elements in alphabetical order of their symbols, which is the order of all
parts (AFLOW encyclopedia style: Mehl et al., Comput. Mater. Sci. 136, S1, 2017; Goodall et al.,
Sci. Adv. 8, eabn4117, 2022). Letters depend on the choice of origin and cell, so the label takes
the smallest of all equivalent relabellings (Goodall 2022, thesis 6.3.4). The order is total: first
the sum, over elements, of the alphabet positions of the different letters each one occupies (``A``
of Pmmm counts nothing), then the text itself. It is the order that aviary and pymatgen use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, Int, as_rows, gather_index, offsets_of
from matdata.core.errors import CurationError
from matdata.symmetry.canonical import label_of
from matdata.symmetry.search import Symmetry
from matdata.tables import wyckoff
from matdata.tables.wyckoff import Convention

Str = npt.NDArray[np.str_]
_PER_CRYSTAL = (
    "ids",
    "labels",
    "space_group_number",
    "crystal_system",
    "n_wyckoff",
    "wyckoff_valid",
)


@dataclass(frozen=True, eq=False)
class Protostructures:
    """Protostructures of a batch of crystals, with one entry per occupied orbit.

    Attributes
    ----------
    ids : (n,) str
        Material ids.
    labels : (n,) str
        Canonical labels; empty if no symmetry was found.
    space_group_number : (n,) int64
        1 to 230, or 0.
    crystal_system : (n,) str
        ``triclinic`` to ``cubic``.
    n_wyckoff : (n,) int64
        Number of occupied orbits.
    wyckoff_valid : (n,) bool
        Whether the multiplicities of each element's orbits sum to its sites in the conventional
        cell. They do not if an engine merged overlapping sites (Goodall 2022, thesis 6.3.1).
    numbers : (K,) uint8
        Atomic number of each orbit, in the order of the label.
    letters : (K,) str
        Canonical Wyckoff letters, ascending within an element.
    multiplicities : (K,) int64
        Sites of each orbit in the conventional cell.
    offsets : (n + 1,) int64
        Crystal `i` holds the orbits ``offsets[i]:offsets[i + 1]``.
    convention
        The relabellings that count as equivalent.
    """

    ids: Str
    labels: Str
    space_group_number: Int
    crystal_system: Str
    n_wyckoff: Int
    wyckoff_valid: npt.NDArray[np.bool_]
    numbers: npt.NDArray[np.uint8]
    letters: Str
    multiplicities: Int
    offsets: Int
    convention: Convention = "affine"

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def position_rows(self) -> Int:
        """Each orbit's row among the 1,731 positions of `matdata.tables.wyckoff`, (K,)."""
        groups = np.repeat(self.space_group_number, np.diff(self.offsets))
        return wyckoff.position_rows(groups, self.letters)

    def take(self, key: object) -> Protostructures:
        """The rows selected by a slice, a mask (n,) or integers (k,), in that order."""
        rows = as_rows(key, len(self))
        index, offsets = gather_index(self.offsets, rows)
        return Protostructures(
            self.ids[rows],
            self.labels[rows],
            self.space_group_number[rows],
            self.crystal_system[rows],
            self.n_wyckoff[rows],
            self.wyckoff_valid[rows],
            self.numbers[index],
            self.letters[index],
            self.multiplicities[index],
            offsets,
            self.convention,
        )

    @classmethod
    def concat(cls, parts: Sequence[Protostructures]) -> Protostructures:
        """Join batches in order."""
        counts = np.concatenate([np.diff(part.offsets) for part in parts])
        joined = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in (*_PER_CRYSTAL, "numbers", "letters", "multiplicities")
        }
        offsets = offsets_of(counts)
        return cls(**joined, offsets=offsets, convention=parts[0].convention)


def protostructures(
    crystals: Crystals, symmetry: Symmetry, convention: Convention = "affine"
) -> Protostructures:
    """Label crystals by their symmetry.

    Parameters
    ----------
    crystals, symmetry
        The crystals and their symmetry, row by row.
    convention
        ``"affine"``: all relabellings of the affine normalizer, so that the label is independent
        of the description. ``"aviary"``: those of aviary and pymatgen, which keep the cell of
        triclinic and monoclinic crystals.

    Raises
    ------
    CurationError
        If the symmetry is not of these crystals.
    """
    first = _first_sites(crystals, symmetry)
    owner = crystals.site_crystal[first]
    n_wyckoff = np.bincount(owner, minlength=len(crystals)).astype(np.int64)
    offsets = offsets_of(n_wyckoff)
    labels, numbers, words = _describe(crystals, symmetry, first, offsets, convention)
    letters = np.array(words, dtype="<U1")
    rows = wyckoff.position_rows(symmetry.space_group_number[owner], letters)
    return Protostructures(
        crystals.ids,
        np.array(labels, dtype=np.str_),
        symmetry.space_group_number,
        symmetry.crystal_system,
        n_wyckoff,
        _valid(crystals, symmetry, first),
        np.array(numbers, dtype=np.uint8),
        letters,
        np.append(wyckoff.multiplicities(), 0)[rows],
        offsets,
        convention,
    )


def _first_sites(crystals: Crystals, symmetry: Symmetry) -> npt.NDArray[np.bool_]:
    """Mask of the sites that represent their orbit, (N,); rows without symmetry have none."""
    if not np.array_equal(crystals.ids, symmetry.ids) or not np.array_equal(
        crystals.offsets, symmetry.offsets
    ):
        raise CurationError(
            "crystals and symmetry do not belong together: ids or numbers of sites differ",
            next_step="analyse these crystals, or take the same rows of both",
        )
    start = np.repeat(crystals.offsets[:-1], crystals.n_sites)
    first: npt.NDArray[np.bool_] = symmetry.orbits + start == np.arange(len(start))
    return first & (symmetry.orbits >= 0)


def compare(a: Protostructures, b: Protostructures) -> npt.NDArray[np.bool_]:
    """Whether two analyses of the same crystals give the same protostructure, (n,).

    Rows without a label in either count as different.

    Raises
    ------
    CurationError
        If the crystals or the conventions differ.
    """
    if not np.array_equal(a.ids, b.ids) or a.convention != b.convention:
        raise CurationError("only labels of the same crystals and convention can be compared")
    same: npt.NDArray[np.bool_] = (a.labels == b.labels) & (a.labels != "")
    return same


def _valid(
    crystals: Crystals, symmetry: Symmetry, first: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Whether each element's multiplicities sum to its share of the conventional cell."""
    keys = crystals.site_crystal * 256 + crystals.numbers
    unique, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    sums = np.bincount(inverse[first], symmetry.multiplicities[first], len(unique))
    row = unique // 256
    # sums == counts / n_sites * n_conventional, without the division
    mismatched = sums * crystals.n_sites[row] != counts * symmetry.n_conventional[row]
    valid = symmetry.found.copy()
    valid[row[mismatched]] = False
    return valid


def _describe(
    crystals: Crystals,
    symmetry: Symmetry,
    first: npt.NDArray[np.bool_],
    offsets: Int,
    convention: Convention,
) -> tuple[list[str], list[int], list[str]]:
    """Labels, and atomic numbers and canonical letters of all orbits in label order."""
    orbit_numbers = crystals.numbers[first].tolist()
    orbit_letters = symmetry.letters[first].tolist()
    ends, sites = offsets.tolist(), crystals.offsets.tolist()
    site_numbers = crystals.numbers.tolist()
    groups, pearsons = symmetry.space_group_number.tolist(), symmetry.pearson_symbol.tolist()
    labels: list[str] = []
    numbers: list[int] = []
    letters: list[str] = []
    for row, group in enumerate(groups):
        if group == 0:
            labels.append("")
            continue
        amounts = Counter(site_numbers[sites[row] : sites[row + 1]])
        occupied: dict[int, list[str]] = {number: [] for number in amounts}
        for k in range(ends[row], ends[row + 1]):
            occupied[orbit_numbers[k]].append(orbit_letters[k])
        label, canonical = label_of(group, pearsons[row], occupied, amounts, convention)
        labels.append(label)
        for number, word in canonical.items():
            numbers += [number] * len(word)
            letters += word
    return labels, numbers, letters
