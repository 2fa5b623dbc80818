"""The rows of the atom list: elements and coordinates, each site fully occupied and certain."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.adapters.cif.document import NULL, Block, number_of, numbers_of
from matdata.adapters.cif.species import number_of_label, number_of_type
from matdata.adapters.sites import FULL
from matdata.core.ledger import Unusable

AXES = ("x", "y", "z")
_HEAVY = re.compile(r"[DT](?![a-z])")
THIRD = 1e-4  # coordinates within this share of 1/3 or 2/3 are rounded thirds, as for pymatgen


@dataclass(frozen=True, eq=False)
class Atoms:
    """The atom list of a block.

    Attributes
    ----------
    numbers : (n,) uint8
        Atomic numbers.
    coords : (n, 3)
        Fractional coordinates, thirds made exact.
    multiplicities
        Stated number of sites per row, (n); None if the file does not state it.
    heavy_hydrogen
        Whether some of the hydrogen is labelled deuterium or tritium.
    """

    numbers: npt.NDArray[np.uint8]
    coords: npt.NDArray[np.float64]
    multiplicities: list[int] | None
    heavy_hydrogen: bool


def atoms_of(block: Block) -> Atoms:
    """Read the atom list.

    Raises
    ------
    Unusable
        If an element, an occupancy or a coordinate is unknown, a site is partly occupied, or
        hydrogens are counted without coordinates.
    """
    coords = _coordinates(block)
    n = len(coords)
    labels = _column(block, n, "_atom_site_label")
    symbols = _column(block, n, "_atom_site_type_symbol")
    if labels is None and symbols is None:
        raise Unusable("unreadable", "the sites have neither labels nor type symbols")
    numbers = _numbers(labels, symbols)
    _check_full(block, n)
    _check_complete(block, n)
    heavy = any(_HEAVY.match(text) for text in symbols or labels or [])
    return Atoms(np.array(numbers, dtype=np.uint8), coords, _multiplicities(block, n), heavy)


def _column(block: Block, n: int, tag: str) -> list[str] | None:
    column = block.column(tag)
    if column is not None and len(column) != n:
        raise Unusable("unreadable", f"{len(column)} values of {tag} for {n} sites")
    return column


def _coordinates(block: Block) -> npt.NDArray[np.float64]:
    columns = [block.column(f"_atom_site_fract_{axis}") for axis in AXES]
    if any(column is None for column in columns):
        if "_atom_site_cartn_x" in block:
            raise Unusable("unreadable", "coordinates are Cartesian, in axes that CIF leaves open")
        raise Unusable("no_atoms", "the block holds no fractional coordinates")
    lengths = {len(column) for column in columns if column is not None}
    if lengths == {0}:
        raise Unusable("no_atoms", "the list of atoms is empty")
    if len(lengths) != 1:
        raise Unusable("unreadable", f"{sorted(lengths)} coordinates along x, y and z")
    values = [numbers_of(column or [], "a coordinate") for column in columns]
    coords = np.array(values, dtype=np.float64).T
    for third in (1 / 3, 2 / 3):
        coords[np.abs(coords / third - 1) <= THIRD] = third
    return np.ascontiguousarray(coords)


def _numbers(labels: list[str] | None, symbols: list[str] | None) -> list[int]:
    if symbols is None:
        return [number_of_label(label) for label in labels or []]
    names = labels if labels is not None else symbols
    return [
        number_of_label(name) if symbol in NULL else number_of_type(symbol)
        for symbol, name in zip(symbols, names, strict=True)
    ]


def _check_full(block: Block, n: int) -> None:
    """Reject partly occupied sites; by the CIF dictionary a missing occupancy is 1."""
    texts = _column(block, n, "_atom_site_occupancy") or []
    stated = [text for text in texts if text not in NULL]
    for occupancy in numbers_of(stated, "an occupancy"):
        if occupancy < 0 or occupancy > 1 + FULL:
            raise Unusable("unreadable", f"an occupancy is {occupancy:g}")
        if occupancy < 1 - FULL:
            raise Unusable("disordered", f"a site is partly empty (occupancy {occupancy:g})")
    groups = _column(block, n, "_atom_site_disorder_group") or []
    alternatives = sorted({group for group in groups if group not in (*NULL, "0")})
    if len(alternatives) > 1:
        raise Unusable("disordered", f"sites of disorder groups {', '.join(alternatives)[:60]}")


def _check_complete(block: Block, n: int) -> None:
    flags = _column(block, n, "_atom_site_calc_flag") or []
    if "dum" in flags:
        raise Unusable("unknown_element", "a site is a dummy (_atom_site_calc_flag dum)")
    for text in _column(block, n, "_atom_site_attached_hydrogens") or []:
        if text not in NULL and number_of(text, "_atom_site_attached_hydrogens") > 0:
            raise Unusable(
                "missing_atoms", f"a site has {text} attached hydrogens without coordinates"
            )


def _multiplicities(block: Block, n: int) -> list[int] | None:
    tags = ("_atom_site_site_symmetry_multiplicity", "_atom_site_symmetry_multiplicity")
    for tag in tags:
        texts = _column(block, n, tag) or []
        if texts and not set(NULL) & set(texts):
            return [int(number) for number in numbers_of(texts, "a multiplicity")]
    return None
