"""What an independent reader says of an input, and whether a row of matdata agrees with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

LENGTH = 1e-6  # of the metric tensor of a lattice, relative to the lengths of its vectors
COORDINATE = 1e-5  # of a fractional coordinate, modulo one
ANY: Any = object()  # a value of which the reader says nothing


class Broken(Exception):
    """The container cannot be read: no record of it may be taken."""


class Refused(Exception):
    """One record cannot be read.

    Parameters
    ----------
    why
        For the report.
    strictly
        Whether taking it is wrong even if it equals the record before it was damaged (it says
        that it is disordered, or not periodic).
    open
        Whether the reader has no opinion: anything may come of it.
    """

    def __init__(self, why: str, *, strictly: bool = False, open: bool = False) -> None:
        super().__init__(why)
        self.strictly = strictly
        self.open = open


@dataclass(frozen=True)
class Crystal:
    """Lattice rows in Å, fractional coordinates and atomic numbers of one crystal."""

    lattice: Sequence[Sequence[float]]
    coords: Sequence[Sequence[float]]
    numbers: Sequence[int]


@dataclass(frozen=True)
class Record:
    """One record: id (None for any), crystal or amounts by atomic number, values."""

    id: str | None
    crystal: Crystal | None = None
    amounts: Mapping[int, float] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A record as it stands in the input, and what the reader makes of it.

    `raw` identifies the bytes (or the parsed document) that it was read from: an entry whose `raw`
    also stands in the seed was not touched by the mutation.
    """

    raw: str
    content: Record | Refused


@dataclass(frozen=True)
class Reading:
    """All entries of an input.

    Attributes
    ----------
    entries
        In the order of the input.
    shared
        What all entries depend on (a header, the names of columns); while it is as in the seed,
        an untouched entry must be taken.
    counted
        Whether the number of entries is certain.
    """

    entries: tuple[Entry, ...]
    shared: str = ""
    counted: bool = True


def checked_crystal(lattice: Any, coords: Any, numbers: Sequence[int]) -> Crystal:
    """A crystal whose arrays have the right shapes and hold finite numbers."""
    for table in (lattice, coords):
        if not isinstance(table, Sequence) or isinstance(table, str):
            raise Refused("no table of numbers")
        for row in table:
            if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != 3:
                raise Refused("a vector that has no three components")
            if not all(is_number(value) for value in row):
                raise Refused("a component that is no finite number")
    if len(lattice) != 3 or len(coords) != len(numbers) or not numbers:
        raise Refused("lattice, coordinates and species differ in length")
    return Crystal(lattice, coords, numbers)


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def differences(record: Record, row: Record) -> list[str]:
    """Names of what differs between what a reader says and a row of a dataset."""
    found = []
    if record.id is not None and "\ufffd" not in record.id and record.id.strip() != row.id:
        found.append("id")
    if record.crystal is not None and (
        row.crystal is None or not same_crystal(record.crystal, row.crystal)
    ):
        found.append("crystal")
    if record.amounts is not None and not same_amounts(record.amounts, row.amounts or {}):
        found.append("composition")
    for name, value in record.values.items():
        if not same_value(value, row.values.get(name)):
            found.append(f"value {name}")
    return found


def same_amounts(one: Mapping[int, float], other: Mapping[int, float]) -> bool:
    """Whether two compositions agree."""
    return one.keys() == other.keys() and all(
        math.isclose(amount, other[number], rel_tol=1e-9) for number, amount in one.items()
    )


def same_crystal(one: Crystal, other: Crystal) -> bool:
    """Whether two crystals are the same up to an orientation and the order of their sites."""
    if sorted(one.numbers) != sorted(other.numbers):
        return False
    cells = np.array(one.lattice, dtype=float), np.array(other.lattice, dtype=float)
    metrics = [cell @ cell.T for cell in cells]
    lengths = np.sqrt(np.diag(metrics[0]))  # each vector by its own: one may be very long
    if not np.allclose(*(m / np.outer(lengths, lengths) for m in metrics), rtol=0, atol=LENGTH):
        return False
    if np.sign(np.linalg.det(cells[0])) != np.sign(np.linalg.det(cells[1])):
        return False
    coords = np.array(other.coords, dtype=float)
    numbers = np.array(other.numbers)
    left = np.ones(len(numbers), dtype=bool)
    for number, place in zip(one.numbers, one.coords, strict=True):
        apart = coords - np.array(place, dtype=float)
        apart = np.abs(apart - np.round(apart)).max(axis=1)
        fitting = np.flatnonzero(left & (numbers == number) & (apart < COORDINATE))
        if not len(fitting):
            return False
        left[fitting[0]] = False
    return True


def same_value(said: Any, got: Any) -> bool:
    """Whether a cell says what the input says.

    Text may be missing (it is none in a column of numbers), and a number may be text (in a column
    of mostly text); a finite number may be neither missing nor another one.
    """
    if said is ANY:
        return True
    if isinstance(said, float) and math.isinf(said):
        return got is None or got == str(said)  # no number of a table, and text among others
    number, got_number = _number(said), _number(got)
    if isinstance(said, str):
        # text that reads as a number (a quoted one in JSON) may become one
        return got is None or str(got).strip() == said.strip() or _close(number, got_number)
    if number is None:
        return got is None or (isinstance(said, bool) and _number(said) == got)
    if isinstance(said, bool):
        return got is None or str(got) == str(said) or got_number == number
    return _close(number, got_number)


def _close(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and math.isclose(one, other, rel_tol=1e-12)


def _number(value: Any) -> float | None:
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        return None  # Python's notation (1_000) and other scripts' digits, but no file's
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
