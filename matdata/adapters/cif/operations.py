"""Symmetry operations: sets of them that form a space group."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import gemmi
import numpy as np
import numpy.typing as npt

from matdata.ledger import Unusable

Float = npt.NDArray[np.float64]
MAX_OPERATIONS = 1024  # a magnetic supercell has more than the 192 of F m -3 m, none has these
_TRIPLET = re.compile(r"[xyz\d./*+-]+(?:,[xyz\d./*+-]+){2}")
_HUGE = re.compile(r"(?<![.\d])\d{7}")  # gemmi's integers would overflow


@dataclass(frozen=True, eq=False)
class Operations:
    """The operations of a space group in one setting.

    Attributes
    ----------
    name
        How to call them in a message.
    rotations, translations : (g, 3, 3), (g, 3)
        ``rotation @ fractional + translation``, centring included.
    number
        Number of the space group, None where it cannot be told.
    group
        The operations as gemmi's, to compare settings.
    """

    name: str
    rotations: Float
    translations: Float
    number: int | None
    group: gemmi.GroupOps

    def __len__(self) -> int:
        return len(self.rotations)


def of_group(name: str, group: gemmi.GroupOps, number: int | None) -> Operations:
    """Operations of a group, in gemmi's order: those without centring first."""
    return _operations(name, list(group), group, number)


def _operations(
    name: str, members: Sequence[gemmi.Op], group: gemmi.GroupOps, number: int | None
) -> Operations:
    rotations = np.array([op.rot for op in members], dtype=np.float64) / gemmi.Op.DEN
    translations = np.array([op.tran for op in members], dtype=np.float64) / gemmi.Op.DEN
    return Operations(name, rotations, translations, number, group)


@functools.lru_cache(1024)
def of_hall(symbol: str) -> Operations:
    """Operations of a Hall symbol.

    Raises
    ------
    Unusable
        If gemmi cannot read it.
    """
    try:
        group = gemmi.symops_from_hall(symbol.replace("=", '"').replace("_", " "))
    except (RuntimeError, ValueError) as error:
        raise Unusable("unknown_symmetry", f"Hall symbol {symbol[:40]!r}: {error}") from None
    return of_group(f"Hall symbol {symbol}", group, number_of_group(group))


@functools.lru_cache(1024)
def of_triplets(triplets: tuple[str, ...]) -> Operations:
    """Operations as a file lists them (``-y, x-y, z+1/3``), in its order.

    Raises
    ------
    Unusable
        If one cannot be read, or if they do not form a group.
    """
    members = unique(parse_triplet(text) for text in triplets)
    group = gemmi.GroupOps(members)
    try:
        group.add_missing_elements()
    except RuntimeError:
        group = gemmi.GroupOps([])
    if len(group) != len(members) or not any(op == gemmi.Op() for op in members):
        raise Unusable(
            "contradiction", f"the {len(members)} symmetry operations listed form no group"
        )
    name = f"{len(members)} symmetry operations listed"
    return _operations(name, members, group, number_of_group(group))


def with_centrings(triplets: Sequence[str], centrings: Sequence[str]) -> tuple[str, ...]:
    """Triplets of all products of magnetic operations and centrings.

    Time reversal, the fourth part of each, moves no atom and is left aside.
    """
    operations = [parse_triplet(_without_time(text)) for text in triplets]
    shifts = [parse_triplet(_without_time(text)) for text in centrings]
    if len(operations) * len(shifts) > MAX_OPERATIONS:
        raise Unusable("unreadable", f"more than {MAX_OPERATIONS} symmetry operations")
    return tuple(op.triplet() for op in unique(s * op for s in shifts for op in operations))


def _without_time(text: str) -> str:
    parts = text.split(",")
    if len(parts) == 4 and parts[3].strip() in ("1", "+1", "-1"):
        parts = parts[:3]
    return ",".join(parts)


@functools.lru_cache(65536)
def parse_triplet(text: str) -> gemmi.Op:
    """One operation, its translation within the cell; ``-1*x``, ``1/2+X`` and ``.5+x`` are read."""
    plain = "".join(text.lower().split())
    if len(plain) > 100 or not _TRIPLET.fullmatch(plain) or _HUGE.search(plain):
        raise Unusable("unreadable", f"{text[:40]!r} is no symmetry operation")
    try:
        return gemmi.Op(plain).wrap()
    except (RuntimeError, ValueError) as error:
        raise Unusable("unreadable", f"symmetry operation {text[:40]!r}: {error}") from None


def unique(operations: Iterable[gemmi.Op]) -> list[gemmi.Op]:
    """Operations in their order, each once."""
    found = {}
    for op in operations:
        op = op.wrap()
        found.setdefault(op.triplet(), op)
        if len(found) > MAX_OPERATIONS:
            raise Unusable("unreadable", f"more than {MAX_OPERATIONS} symmetry operations")
    return list(found.values())


def number_of_group(group: gemmi.GroupOps) -> int | None:
    """Number of a space group by its operations in any setting, None if it cannot be told."""
    known = gemmi.find_spacegroup_by_ops(group)
    if known is not None:
        return int(known.number)
    from spglib import get_spacegroup_type_from_symmetry

    rotations = np.array([op.rot for op in group]) // gemmi.Op.DEN
    translations = np.array([op.tran for op in group]) / gemmi.Op.DEN
    found = get_spacegroup_type_from_symmetry(rotations, translations)
    return None if found is None else int(found.number)
