"""The AFLOW prototype library as columns, read from the file that pymatgen installs.

The library: Mehl, Hicks, Toher, Levy, Hanson, Hart, Curtarolo, Comput. Mater. Sci. 136, S1 (2017).
The file is read directly because importing ``pymatgen.analysis.prototypes`` takes seconds.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.crystals import Float, Int, offsets_of
from matdata.core.digest import digest_bytes
from matdata.core.errors import SourceError
from matdata.core.packages import needed_for, require_package

if TYPE_CHECKING:
    from pymatgen.core import Element, Structure

MAX_SPECIES = 4
MAX_SITES = 24
# Pairs beyond this do not affect the volume: the largest atomic radius (2.6 Å) plus DLS's cutoff.
PAIR_RANGE = 7.0
# Deformations of lattice vectors, x -> x F, the first of which is none: three uniaxial strains and
# three shears of different sizes, so that they differ in cubic crystals, too.
STRAINS: Float = np.tile(np.eye(3), (7, 1, 1))
for _mode, (_i, _j, _amount) in enumerate(
    [(0, 0, 0.03), (1, 1, -0.02), (2, 2, 0.04), (0, 1, 0.02), (1, 2, 0.03), (2, 0, 0.04)], start=1
):
    STRAINS[_mode, _i, _j] += _amount
    if _i != _j:
        STRAINS[_mode, _j, _i] += _amount
STRAINS.flags.writeable = False
# Where releases of pymatgen keep the file, below the package's folder.
_PLACES = ("analysis/prototypes/aflow_prototypes.json*", "analysis/aflow_prototypes.json*")


class _Species(TypedDict):
    element: str
    occu: float


class _Site(TypedDict):
    species: list[_Species]
    abc: list[float]


class _Lattice(TypedDict):
    matrix: list[list[float]]


class _Structure(TypedDict):
    lattice: _Lattice
    sites: list[_Site]


@dataclass(frozen=True, eq=False)
class Prototypes:
    """Ordered prototypes of 2 to 4 species and up to 24 sites, species replaced by slots.

    A prototype's species are in *slots*, in ascending order of amount (then electronegativity
    and atomic number, to be unique). A composition whose elements are in ascending order of
    amount fits slot by slot; elements with equal amounts are interchangeable.

    Attributes
    ----------
    digest
        SHA-256 (hex) of the library's JSON text.
    tags, strukturbericht, minerals
        AFLOW tag of each of the P prototypes, and its other names or None.
    stoichiometries
        Amounts of the slots in the reduced formula, ascending.
    lattice : (P, 3, 3) float64, Å
        Right-handed lattice vectors as rows, as in the library.
    frac_coords : (S, 3) float64
        Fractional coordinates of all sites of all prototypes, in [0, 1).
    slots : (S,) int64
        The slot that each site belongs to.
    offsets : (P + 1,) int64
        Prototype `p` holds the sites ``offsets[p]:offsets[p + 1]``.
    """

    digest: str
    tags: tuple[str, ...]
    strukturbericht: tuple[str | None, ...]
    minerals: tuple[str | None, ...]
    stoichiometries: tuple[tuple[int, ...], ...]
    lattice: Float
    frac_coords: Float
    slots: Int
    offsets: Int

    def __len__(self) -> int:
        return len(self.tags)

    def sites(self, row: int) -> slice:
        """The slice of the site columns that belongs to prototype `row`."""
        return slice(int(self.offsets[row]), int(self.offsets[row + 1]))

    @property
    def volume_per_atom(self) -> Float:
        """Volume per atom in Å³ at the library's lattice, (P,)."""
        volume: Float = np.abs(np.linalg.det(self.lattice)) / np.diff(self.offsets)
        return volume


@functools.cache
def prototypes() -> Prototypes:
    """Read the library, once per process.

    Raises
    ------
    SourceError
        If the installed pymatgen does not hold the file.
    """
    text = _read(_find())
    entries = [entry for entry in json.loads(text) if _is_usable(entry["snl"]["sites"])]
    tags = [entry["tags"] for entry in entries]
    geometry = [_geometry(entry["snl"]) for entry in entries]
    lengths = [len(slots) for _, _, slots in geometry]
    return Prototypes(
        digest=digest_bytes(text),
        tags=tuple(tag["aflow"] for tag in tags),
        strukturbericht=tuple(_name(tag["strukturbericht"]) for tag in tags),
        minerals=tuple(_name(tag["mineral"]) for tag in tags),
        stoichiometries=tuple(_stoichiometry(slots) for _, _, slots in geometry),
        lattice=np.array([lattice for lattice, _, _ in geometry]),
        frac_coords=np.concatenate([frac_coords for _, frac_coords, _ in geometry]),
        slots=np.concatenate([slots for _, _, slots in geometry]),
        offsets=offsets_of(lengths),
    )


def pymatgen_structure(row: int, species: Sequence[str | Element], strain: int = 0) -> Structure:
    """A prototype as a pymatgen ``Structure``; `species` by slot, strained by a row of `STRAINS`.

    Without a strain its lattice is the library's.
    """
    with needed_for("the sample"):
        from pymatgen.core import Lattice, Structure

    library = prototypes()
    sites = library.sites(row)
    return Structure(
        Lattice(library.lattice[row] @ STRAINS[strain]),
        [species[slot] for slot in library.slots[sites].tolist()],
        library.frac_coords[sites],
    )


@functools.cache
def pair_distances(row: int) -> Float:
    """Shortest distance in Å between the sites of each two slots of a prototype, (4, 4).

    Infinite where there is none below `PAIR_RANGE`, and for slots that the prototype lacks.
    """
    library = prototypes()
    structure = pymatgen_structure(row, ["H"] * MAX_SPECIES)
    first, second, _, distances = structure.get_neighbor_list(PAIR_RANGE)
    slots = library.slots[library.sites(row)]
    shortest: Float = np.full((MAX_SPECIES, MAX_SPECIES), np.inf)
    np.minimum.at(shortest, (slots[first], slots[second]), distances)
    return shortest


def _find() -> Path:
    require_package("pymatgen", "the sample")
    spec = importlib.util.find_spec("pymatgen")  # finds a top-level package without running it
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        for pattern in _PLACES:
            for path in sorted(Path(folder).glob(pattern)):
                return path
    raise SourceError(
        "pymatgen's AFLOW prototype library (aflow_prototypes.json.gz) was not found",
        cause="this release of pymatgen keeps the file elsewhere",
        next_step="pip install --upgrade pymatgen",
    )


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _is_usable(sites: list[_Site]) -> bool:
    ordered = all(len(site["species"]) == 1 and site["species"][0]["occu"] == 1 for site in sites)
    species = {site["species"][0]["element"] for site in sites}
    return ordered and 2 <= len(species) <= MAX_SPECIES and len(sites) <= MAX_SITES


def _geometry(snl: _Structure) -> tuple[Float, Float, Int]:
    """Lattice (3, 3), fractional coordinates (n, 3) and slots (n,) of one entry."""
    symbols = [site["species"][0]["element"] for site in snl["sites"]]
    x = elements.electronegativities()
    amounts = Counter(elements.atomic_number(symbol) for symbol in symbols)
    order = sorted(amounts, key=lambda z: (amounts[z], x[z], z))
    slots = np.array([order.index(elements.atomic_number(s)) for s in symbols], dtype=np.int64)
    lattice = np.array(snl["lattice"]["matrix"], dtype=np.float64)
    frac_coords = np.array([site["abc"] for site in snl["sites"]], dtype=np.float64)
    if np.linalg.det(lattice) < 0:
        # Some entries are left-handed. Two vectors are swapped, with their coordinates, so that
        # the crystal stays the same; changing signs would give its mirror image.
        lattice, frac_coords = lattice[[1, 0, 2]], frac_coords[:, [1, 0, 2]]
    wrapped = frac_coords - np.floor(frac_coords)
    return lattice, np.where(wrapped == 1.0, 0.0, wrapped), slots


def _stoichiometry(slots: npt.NDArray[np.int64]) -> tuple[int, ...]:
    counts = np.bincount(slots).tolist()
    divisor = math.gcd(*counts)
    return tuple(count // divisor for count in counts)


def _name(text: str | None) -> str | None:
    # The library writes missing names as "None" or "", and quotes the provisional symbol "40".
    cleaned = (text or "").strip().strip('"')
    return None if cleaned in ("", "None") else cleaned
