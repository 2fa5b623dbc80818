"""Wyckoff positions of the 230 space groups and their relabellings under the affine normalizer.

Source: letters, site symmetries and coordinates from moyopy 0.21.0 (first Hall setting of each
group, letters of International Tables A); multiplicities and relabellings computed from the
operations by ``tools/make_wyckoff_tables.py``.

A relabelling is a permutation of the letters that a change of origin, axes or cell can cause. The
``affine`` ones are those of the affine normalizer (International Tables A, 2016, 3.5), the exact
set of equivalent descriptions (Goodall 2022, thesis 6.3.4). The ``aviary`` ones leave the cell of
triclinic and most monoclinic groups as it is: the set that aviary and pymatgen use.
"""

from __future__ import annotations

import functools
import hashlib
import json
from importlib.resources import files
from typing import Literal, TypedDict, get_args

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int, offsets_of
from matdata.core.errors import ConfigError, StoreError, StructureError, did_you_mean

SHA256 = "52f5bb7e2e7ee2f50c8affd03a1f3743eef7928df30beda826610c9f30132fe9"
N_GROUPS = 230
N_POSITIONS = 1731
# The 27th position of Pmmm is written alpha in International Tables, "A" in AFLOW labels.
LETTERS = "abcdefghijklmnopqrstuvwxyzA"
# The last space group whose cell the ``aviary`` relabellings leave as it is; those of 15 (C2/c) in
# pymatgen's table are the affine ones.
_LAST_FIXED_CELL = 14

Convention = Literal["affine", "aviary"]


class _Group(TypedDict):
    """A space group of the table: lists have an entry per position, or per relabelling."""

    letters: str
    multiplicities: list[int]
    site_symmetries: list[str]
    coordinates: list[str]
    affine: list[str]
    fixed_cell: list[str]


@functools.cache
def _groups() -> tuple[_Group, ...]:
    data = files("matdata.tables").joinpath("wyckoff.json").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise StoreError(
            f"matdata/tables/wyckoff.json has digest {digest[:12]}, expected {SHA256[:12]}",
            cause="the installed file was edited or damaged",
            next_step="reinstall matdata",
        )
    table = json.loads(data)
    groups = tuple(table[str(number)] for number in range(1, N_GROUPS + 1))
    assert sum(len(group["letters"]) for group in groups) == N_POSITIONS
    assert all(LETTERS.startswith(group["letters"]) for group in groups)
    return groups


def _group(number: int) -> _Group:
    if not 1 <= number <= N_GROUPS:
        raise StructureError(f"no space group {number}: they are numbered 1 to {N_GROUPS}")
    return _groups()[number - 1]


def letters(number: int) -> str:
    """The Wyckoff letters of a space group, ``"a"`` first, the general position last."""
    return _group(number)["letters"]


@functools.cache
def starts() -> Int:
    """Row of each group's position ``a`` among all 1,731, (231,); group `g` starts at ``g - 1``."""
    return offsets_of([len(group["letters"]) for group in _groups()])


@functools.cache
def multiplicities() -> Int:
    """Sites of each position in the conventional cell, (1731,)."""
    return np.concatenate([group["multiplicities"] for group in _groups()]).astype(np.int64)


@functools.cache
def site_symmetries() -> npt.NDArray[np.str_]:
    """Site-symmetry symbol of each position, (1731,)."""
    return np.concatenate([group["site_symmetries"] for group in _groups()])


@functools.cache
def coordinates() -> npt.NDArray[np.str_]:
    """A representative of each position in the conventional cell (``"x,0,1/4"``), (1731,)."""
    return np.concatenate([group["coordinates"] for group in _groups()])


def position_rows(numbers: npt.ArrayLike, site_letters: npt.NDArray[np.str_]) -> Int:
    """Rows (0 to 1730) of Wyckoff positions given by group and letter; -1 where there is none.

    Parameters
    ----------
    numbers : (n,)
        Space-group numbers; 0 stands for an unknown one.
    site_letters : (n,) str
        Letters.
    """
    groups = np.asarray(numbers, dtype=np.int64)
    codes = np.ascontiguousarray(site_letters, dtype="<U1").view(np.uint32).astype(np.int64) - ord(
        "a"
    )
    codes = np.where(codes == ord("A") - ord("a"), len(LETTERS) - 1, codes)
    start, end = starts()[groups - 1], starts()[groups]
    listed = (groups >= 1) & (codes >= 0) & (start + codes < end)
    return np.where(listed, start + codes, -1)


@functools.cache
def relabellings(number: int, convention: Convention = "affine") -> npt.NDArray[np.uint8]:
    """All equivalent relabellings of a group's letters, the identity among them.

    Returns
    -------
    (p, m) uint8
        ``table[k, i]`` is the index of the letter that letter `i` becomes.

    Raises
    ------
    ConfigError
        If there is no such convention.
    """
    if convention not in get_args(Convention):
        conventions = get_args(Convention)
        raise ConfigError(
            f"convention {convention!r} is none of {', '.join(conventions)}"
            + did_you_mean(convention, conventions)
        )
    group = _group(number)
    fixed = convention == "aviary" and number <= _LAST_FIXED_CELL
    words = group["fixed_cell" if fixed else "affine"]
    codes = np.frombuffer("".join(words).encode("ascii"), dtype=np.uint8) - ord("a")
    table = np.where(codes > ord("z"), len(LETTERS) - 1, codes).reshape(len(words), -1)
    table.flags.writeable = False
    return table
