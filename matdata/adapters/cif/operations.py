"""Symmetry operations: sets of them that form a space group."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import gemmi
import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Array, Float
from matdata.core.ledger import Unusable
from matdata.core.packages import needed_for

LARGEST_TURN = 8  # entries of rotation matrices; -1, 0, 1 in any cell that is not very skewed
LONGEST = 100  # letters of a triplet or a Hall symbol
MAX_OPERATIONS = 1024  # a magnetic supercell has more than the 192 of F m -3 m, but not this many
_TRIPLET = re.compile(r"[xyz\d./*+-]+(?:,[xyz\d./*+-]+){2}")
_HUGE = re.compile(r"(?<![.\d])\d{7}")  # gemmi's integers would overflow


@dataclass(frozen=True, eq=False)
class Operations:
    """The operations of a space group in one setting.

    Attributes
    ----------
    name
        Their name in messages.
    rotations, translations : (g, 3, 3), (g, 3)
        ``rotation @ fractional + translation``, centring included.
    number
        Number of the space group, None if it cannot be determined.
    triplets
        The operations as text, to compare settings.
    """

    name: str
    rotations: Float
    translations: Float
    number: int | None
    triplets: frozenset[str]

    def __len__(self) -> int:
        return len(self.rotations)


def of_members(name: str, members: Iterable[gemmi.Op]) -> Operations:
    """Operations in the given order, without repeats.

    Raises
    ------
    Unusable
        If they do not form a group, or are too many.
    """
    unique: dict[str, gemmi.Op] = {}
    for op in members:
        op = op.wrap()
        unique.setdefault(op.triplet(), op)
        if len(unique) > MAX_OPERATIONS:
            raise Unusable("unreadable", f"more than {MAX_OPERATIONS} symmetry operations")
    rotations = np.array([op.rot for op in unique.values()])
    translations = np.array([op.tran for op in unique.values()])
    if not _is_group(rotations, translations):
        raise Unusable("contradiction", f"the {name} do not form a group")
    rotation_matrices = rotations // gemmi.Op.DEN
    shifts = translations / gemmi.Op.DEN
    number = _number(list(unique.values()), rotation_matrices, shifts)
    return Operations(name, rotation_matrices.astype(np.float64), shifts, number, frozenset(unique))


def _is_group(rotations: Array, translations: Array) -> bool:
    """Whether operations, in gemmi's integers, contain all their products and the identity."""
    turns, rest = np.divmod(rotations, gemmi.Op.DEN)
    if rest.any() or np.abs(turns).max() > LARGEST_TURN:
        return False
    keys = _keys(turns, translations)
    products = turns[:, None] @ turns[None]
    shifts = (turns[:, None] @ translations[None, ..., None])[..., 0] + translations[:, None]
    if np.abs(products).max() > LARGEST_TURN:
        return False
    identity = _keys(np.eye(3, dtype=np.int64), np.zeros(3, dtype=np.int64))
    return bool(np.isin(_keys(products, shifts), keys).all() and (keys == identity).any())


def _keys(turns: Array, translations: Array) -> npt.NDArray[np.int64]:
    """An integer key per operation, translations within the cell."""
    digits = (2 * LARGEST_TURN + 1) ** np.arange(9)
    rotation = ((turns + LARGEST_TURN).reshape(*turns.shape[:-2], 9) * digits).sum(axis=-1)
    shift = (translations % gemmi.Op.DEN) @ gemmi.Op.DEN ** np.arange(3)
    keys: npt.NDArray[np.int64] = rotation * gemmi.Op.DEN**3 + shift
    return keys


def _number(members: list[gemmi.Op], rotations: Array, translations: Float) -> int | None:
    """Number of a space group in any setting, None if it cannot be determined."""
    tabulated = gemmi.find_spacegroup_by_ops(gemmi.GroupOps(members))
    if tabulated is not None:
        return int(tabulated.number)
    with needed_for("reading CIF"):
        from spglib import get_spacegroup_type_from_symmetry

    spglib_type = get_spacegroup_type_from_symmetry(rotations, translations)
    return None if spglib_type is None else int(spglib_type.number)


@functools.lru_cache(1024)
def of_hall(symbol: str) -> Operations:
    """Operations of a Hall symbol.

    Raises
    ------
    Unusable
        If gemmi cannot read it.
    """
    if len(symbol) > LONGEST:
        raise Unusable("unknown_symmetry", f"{symbol[:40]!r} is not a Hall symbol")
    try:
        group = gemmi.symops_from_hall(symbol.replace("=", '"').replace("_", " "))
    except (RuntimeError, ValueError) as error:
        raise Unusable("unknown_symmetry", f"Hall symbol {symbol[:40]!r}: {error}") from None
    return of_members(f"operations of the Hall symbol {symbol}", group)


@functools.lru_cache(1024)
def of_triplets(triplets: tuple[str, ...]) -> Operations:
    """Operations as a file lists them (``-y, x-y, z+1/3``), in its order.

    Raises
    ------
    Unusable
        If one cannot be read, or if they do not form a group.
    """
    return of_members("symmetry operations listed", map(parse_triplet, triplets))


def with_centrings(triplets: Sequence[str], centrings: Sequence[str]) -> tuple[str, ...]:
    """Triplets of all products of magnetic operations and centrings.

    Time reversal, the fourth part of each, moves no atom and is ignored.

    Raises
    ------
    Unusable
        If one cannot be read, or there are too many.
    """
    operations = [parse_triplet(_without_time(text)) for text in triplets]
    shifts = [parse_triplet(_without_time(text)) for text in centrings]
    if len(operations) * len(shifts) > MAX_OPERATIONS:
        raise Unusable("unreadable", f"more than {MAX_OPERATIONS} symmetry operations")
    products = (shift * op for shift in shifts for op in operations)
    return tuple(product.wrap().triplet() for product in products)


def _without_time(text: str) -> str:
    parts = text.split(",")
    if len(parts) == 4 and parts[3].strip() in ("1", "+1", "-1"):
        parts = parts[:3]
    return ",".join(parts)


@functools.lru_cache(65536)
def parse_triplet(text: str) -> gemmi.Op:
    """One operation, its translation within the cell; accepts ``-1*x``, ``1/2+X`` and ``.5+x``.

    Raises
    ------
    Unusable
        If the text is not a symmetry operation.
    """
    compact = "".join(text.lower().split())
    if len(compact) > LONGEST or not _TRIPLET.fullmatch(compact) or _HUGE.search(compact):
        raise Unusable("unreadable", f"{text[:40]!r} is not a symmetry operation")
    try:
        return gemmi.Op(compact).wrap()
    except (RuntimeError, ValueError) as error:
        raise Unusable("unreadable", f"symmetry operation {text[:40]!r}: {error}") from None
