"""`Sites`: one crystal before it is joined into `Crystals`, and readers of structure dictionaries.

The dictionaries are formats of pymatgen and JARVIS; reading them requires neither library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.crystals import MAX_ID, Crystals
from matdata.core.documents import JsonMapping
from matdata.core.errors import StructureError
from matdata.core.ledger import Unusable

FULL = 1e-3  # occupancies this close to one are full
TRUTH = frozenset((bool, np.bool_))


class Sites(NamedTuple):
    """One crystal: lattice (3, 3) Å, fractional coordinates (N, 3), atomic numbers (N,)."""

    lattice: npt.NDArray[np.float64]
    frac_coords: npt.NDArray[np.float64]
    numbers: npt.NDArray[np.uint8]


def to_crystals(ids: Sequence[str], sites: Sequence[Sites]) -> Crystals:
    """Join single crystals into columns.

    An id too long for an array is truncated here: its full form is in the table of its chunk, which
    rejects it.
    """
    names = np.array([str(identity)[:MAX_ID] for identity in ids], dtype=np.str_)
    return Crystals.from_lists(
        names,
        [s.lattice for s in sites],
        [s.frac_coords for s in sites],
        [s.numbers for s in sites],
    )


def _advice(symbol: str) -> str:
    """What to write in place of a symbol in capitals: CO could be Co, or C and O."""
    if len(symbol) == 2 and symbol.isalpha() and symbol.isupper():
        name = symbol.capitalize()
        return f"; write {name} if that is meant: in capitals, CO could be Co or C and O"
    return ""


def number_of(symbol: str) -> int:
    """Atomic number of a symbol.

    Raises
    ------
    Unusable
        If it is not the symbol of an element.
    """
    if not isinstance(symbol, str):
        raise Unusable("unknown_element", f"{symbol!r:.80} is not the symbol of an element")
    try:
        return elements.atomic_number(symbol)
    except StructureError as error:
        raise Unusable("unknown_element", f"{error.what}{_advice(symbol)}") from None


def numbers_array(values: object, what: str) -> npt.NDArray[np.float64]:
    """Nested numbers as a new float64 array of their shape, such as (n, 3); text is rejected.

    Raises
    ------
    Unusable
        If rows differ in length, or a value is text, a boolean, missing, or not a number.
    """
    try:
        array = np.array(values)
    except (ValueError, OverflowError):  # rows of different lengths, or too many levels
        raise Unusable("unreadable", f"{what} with rows of different lengths") from None
    if array.size and (array.dtype.kind not in "iuf" or _holds_truth(values, array.ndim)):
        raise Unusable("unreadable", f"{what} that hold something other than numbers")
    return array.astype(np.float64)


def _holds_truth(values: object, levels: int) -> bool:
    """Whether a table of numbers holds booleans, which NumPy would take for 1 and 0."""
    if not isinstance(values, (list, tuple)) or levels != 2:
        return False
    return any(not TRUTH.isdisjoint(map(type, row)) for row in values)


def from_fractional(lattice: object, frac_coords: object, numbers: Sequence[int]) -> Sites:
    """One crystal from lattice (3, 3) in Å and fractional coordinates (N, 3), checked.

    Raises
    ------
    Unusable
        If a shape is wrong, or a value is not a number or an atomic number.
    """
    cell = numbers_array(lattice, "lattice vectors")
    coords = numbers_array(frac_coords, "coordinates")
    if cell.shape != (3, 3) or coords.shape != (len(numbers), 3):
        raise Unusable(
            "unreadable", f"lattice {cell.shape} and coordinates {coords.shape} for {len(numbers)}"
        )
    return Sites(cell, coords, _atomic_numbers(numbers))


def _atomic_numbers(numbers: Sequence[int]) -> npt.NDArray[np.uint8]:
    array = np.array(numbers)
    if array.size and (array.dtype.kind not in "iu" or array.min() < 1 or array.max() > 118):
        raise Unusable("unknown_element", "an atomic number that is not an element")
    return array.astype(np.uint8)


def from_cartesian(lattice: object, cart_coords: object, numbers: Sequence[int]) -> Sites:
    """One crystal from lattice (3, 3) and Cartesian coordinates (N, 3), both in Å.

    Raises
    ------
    Unusable
        If a shape is wrong, the lattice has no volume, or a value is not a number.
    """
    cell = numbers_array(lattice, "lattice vectors")
    if cell.shape != (3, 3) or not np.isfinite(cell).all() or abs(np.linalg.det(cell)) < 1e-12:
        raise Unusable("zero_volume", "the lattice vectors span no volume")
    coords = numbers_array(cart_coords, "coordinates")
    if coords.shape != (len(numbers), 3):
        raise Unusable("unreadable", f"coordinates {coords.shape} for {len(numbers)}")
    return from_fractional(cell, coords @ np.linalg.inv(cell), numbers)


def require_periodic(along: Sequence[object]) -> None:
    """Reject a structure that is not periodic along all three lattice vectors.

    Raises
    ------
    Unusable
        If one of the three flags (true or 1 for periodic) is false, or not a flag.
    """
    invalid = [flag for flag in along if flag not in (0, 1)]
    if invalid:
        raise Unusable("unreadable", f"{invalid[0]!r:.40} is not a flag of periodicity (1 or 0)")
    if len(along) != 3 or not all(along):
        flags = [bool(flag) for flag in along]
        raise Unusable("not_periodic", f"periodic along {flags} of its lattice vectors only")


def from_pymatgen_dict(data: JsonMapping) -> Sites:
    """One crystal from ``Structure.as_dict()``.

    Raises
    ------
    Unusable
        If a site is disordered, not an element, the structure is not periodic in three
        directions, or the dictionary has another form.
    """
    try:
        lattice = data["lattice"]["matrix"]
        periodic = data["lattice"].get("pbc")  # missing in documents of old versions
        require_periodic((True, True, True) if periodic is None else periodic)
        sites = data["sites"]
        coords = [site["abc"] for site in sites]
        numbers = [_only_species(site["species"]) for site in sites]
    except (KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise Unusable("unreadable", f"not a pymatgen structure: {error!r}") from None
    return from_fractional(lattice, coords, numbers)


def _only_species(species: Sequence[JsonMapping]) -> int:
    occupancies = [_occupancy(entry["occu"]) for entry in species]
    if len(species) != 1 or not abs(occupancies[0] - 1.0) <= FULL:
        shares = ", ".join(
            f"{entry['element']} {share:.3g}"
            for entry, share in zip(species, occupancies, strict=True)
        )
        raise Unusable("disordered", f"a site is shared or partly empty ({shares})")
    return number_of(species[0]["element"])


def _occupancy(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unusable("unreadable", f"the occupancy {value!r} is not a number")
    return float(value)


def from_jarvis_dict(data: JsonMapping) -> Sites:
    """One crystal from JARVIS's ``Atoms.to_dict()``, with Cartesian or fractional coordinates.

    Raises
    ------
    Unusable
        If an element is unknown, or the dictionary has another form.
    """
    try:
        numbers = [number_of(symbol.strip()) for symbol in data["elements"]]
        build = from_cartesian if data.get("cartesian") else from_fractional
        return build(data["lattice_mat"], data["coords"], numbers)
    except (KeyError, TypeError, AttributeError) as error:
        raise Unusable("unreadable", f"not a JARVIS structure: {error!r}") from None


def from_dict(data: object) -> Sites:
    """One crystal from a dictionary of pymatgen or JARVIS, recognised by its keys.

    Raises
    ------
    Unusable
        If it is neither, or its reader rejects it.
    """
    if isinstance(data, Mapping) and "lattice_mat" in data:
        return from_jarvis_dict(data)
    if isinstance(data, Mapping) and "sites" in data:
        return from_pymatgen_dict(data)
    raise Unusable("unreadable", f"expected a structure dictionary, got {type(data).__name__}")
