"""`Sites`: one crystal on its way into `Crystals`, and the structure dictionaries it comes from.

The dictionaries are formats of pymatgen and JARVIS; reading them needs neither library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.crystals import MAX_ID, Crystals
from matdata.errors import StructureError
from matdata.ledger import Unusable
from matdata.tables import elements

FULL = 1e-3  # occupancies this close to one are full


class Sites(NamedTuple):
    """One crystal: lattice (3, 3) Å, fractional coordinates (N, 3), atomic numbers (N,)."""

    lattice: npt.NDArray[np.float64]
    frac_coords: npt.NDArray[np.float64]
    numbers: npt.NDArray[np.uint8]


def to_crystals(ids: Sequence[str], sites: Sequence[Sites]) -> Crystals:
    """Join single crystals into columns.

    An id that no array can hold is cut here: it stands whole in the table of its chunk, which
    refuses it.
    """
    names = np.array([str(identity)[:MAX_ID] for identity in ids], dtype=np.str_)
    return Crystals.from_lists(
        names,
        [s.lattice for s in sites],
        [s.frac_coords for s in sites],
        [s.numbers for s in sites],
    )


def number_of(symbol: str) -> int:
    """Atomic number of a symbol; unknown ones make the record unusable."""
    try:
        return elements.atomic_number(symbol)
    except StructureError as error:
        raise Unusable("unknown_element", error.what) from None


def from_fractional(lattice: Any, frac_coords: Any, numbers: Sequence[int]) -> Sites:
    """Check the shapes of one crystal."""
    cell = np.array(lattice, dtype=np.float64)
    coords = np.array(frac_coords, dtype=np.float64)
    if cell.shape != (3, 3) or coords.shape != (len(numbers), 3):
        raise Unusable(
            "unreadable", f"lattice {cell.shape} and coordinates {coords.shape} for {len(numbers)}"
        )
    return Sites(cell, coords, np.array(numbers, dtype=np.uint8))


def from_cartesian(lattice: Any, cart_coords: Any, numbers: Sequence[int]) -> Sites:
    """One crystal from Cartesian coordinates in Å."""
    cell = np.array(lattice, dtype=np.float64)
    if cell.shape != (3, 3) or not np.isfinite(cell).all() or abs(np.linalg.det(cell)) < 1e-12:
        raise Unusable("zero_volume", "the lattice vectors span no volume")
    coords = np.array(cart_coords, dtype=np.float64).reshape(-1, 3) @ np.linalg.inv(cell)
    return from_fractional(cell, coords, numbers)


def require_periodic(along: Sequence[Any]) -> None:
    """Refuse what is not periodic along all three lattice vectors.

    Raises
    ------
    Unusable
        If one of the three flags (true or 1 for periodic) says so.
    """
    if len(along) != 3 or not all(along):
        told = [bool(flag) for flag in along]
        raise Unusable("not_periodic", f"periodic along {told} of its lattice vectors only")


def from_pymatgen_dict(data: Mapping[str, Any]) -> Sites:
    """One crystal from ``Structure.as_dict()``.

    Raises
    ------
    Unusable
        If a site is disordered, not an element, the structure is not periodic in three
        directions, or the dictionary has another form.
    """
    try:
        lattice = data["lattice"]["matrix"]
        require_periodic(data["lattice"].get("pbc") or (True, True, True))
        sites = data["sites"]
        coords = [site["abc"] for site in sites]
        numbers = [_only_species(site["species"]) for site in sites]
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise Unusable("unreadable", f"not a pymatgen structure: {error!r}") from None
    return from_fractional(lattice, coords, numbers)


def _only_species(species: Sequence[Mapping[str, Any]]) -> int:
    if len(species) != 1 or abs(float(species[0]["occu"]) - 1.0) > FULL:
        shares = ", ".join(f"{one['element']} {float(one['occu']):.3g}" for one in species)
        raise Unusable("disordered", f"a site is shared or partly empty ({shares})")
    return number_of(species[0]["element"])


def from_jarvis_dict(data: Mapping[str, Any]) -> Sites:
    """One crystal from JARVIS's ``Atoms.to_dict()``; `cartesian` is respected."""
    try:
        numbers = [number_of(symbol.strip()) for symbol in data["elements"]]
        read = from_cartesian if data.get("cartesian") else from_fractional
        return read(data["lattice_mat"], data["coords"], numbers)
    except (KeyError, TypeError, AttributeError) as error:
        raise Unusable("unreadable", f"not a JARVIS structure: {error!r}") from None


def from_dict(data: Any) -> Sites:
    """One crystal from whichever of the known dictionaries this is."""
    if isinstance(data, Mapping) and "lattice_mat" in data:
        return from_jarvis_dict(data)
    if isinstance(data, Mapping) and "sites" in data:
        return from_pymatgen_dict(data)
    raise Unusable("unreadable", f"expected a structure dictionary, got {type(data).__name__}")
