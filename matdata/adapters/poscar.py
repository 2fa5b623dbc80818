"""POSCAR and CONTCAR texts of VASP 5 and 6, and of VASP 4 if each line names its element.

The format follows VASP's wiki: comment, scale (negative: the volume of the cell; three numbers:
one per Cartesian axis), lattice, symbols, counts, optionally ``Selective dynamics``, the kind of
coordinates, coordinates. Anything after them (velocities) is ignored.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from matdata.adapters.sites import Sites, from_cartesian, from_fractional, number_of
from matdata.core.crystals import Float
from matdata.core.ledger import Unusable

MAX_SITES = 100_000
# As in Fortran: D may replace E (double precision), and nothing separates digits.
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?", re.ASCII)


def read_poscar(text: str) -> Sites:
    """The crystal of a POSCAR text.

    Raises
    ------
    Unusable
        If a part is missing, is not a number, or contradicts another part.
    """
    lines = text.split("\n")[1:]  # the comment is arbitrary, or empty
    rows = ([*_words(line)] for line in lines)
    scale = _numbers(next(rows, []), "the scale", (1, 3))
    lattice = np.array([_numbers(next(rows, []), "a lattice vector") for _ in range(3)])
    factors = _factors(scale, lattice)
    symbols, counts, mode = _species(rows)
    if sum(counts) > MAX_SITES:
        raise _unreadable(f"it counts {sum(counts)} sites")
    selective = mode[:1] in ("s", "S")
    if selective:
        mode = next(iter(next(rows, [])), "")
    if not mode[:1].isalpha():
        raise _unreadable(f"the kind of coordinates is {mode[:40]!r}, not Direct or Cartesian")
    body = _positions(rows, sum(counts))
    coords = np.array([_numbers(row[:3], "a position") for row in body]).reshape(-1, 3)
    names = _of_counts(symbols, counts) if symbols else _of_lines(body, 6 if selective else 3)
    numbers = [number_of(name) for name in names]
    if mode[:1] in ("c", "C", "k", "K"):
        return from_cartesian(lattice * factors, coords * factors, numbers)
    return from_fractional(lattice * factors, coords, numbers)


def _words(line: str) -> Iterator[str]:
    """Words of a line up to a comment."""
    return itertools.takewhile(lambda word: word[0] not in "!#", line.split())


def _numbers(words: Sequence[str], what: str, counts: Sequence[int] = (3,)) -> list[float]:
    numbers = []
    if len(words) in counts and all(map(_REAL.fullmatch, words)):
        numbers = [float(word.replace("D", "E").replace("d", "e")) for word in words]
    if not numbers or not all(map(math.isfinite, numbers)):
        raise _unreadable(f"{what} is {' '.join(words[:9])[:60]!r}")
    return numbers


def _factors(scale: Sequence[float], lattice: Float) -> float | Float:
    """The factor, or (3,) factors, of lattice and Cartesian coordinates."""
    if len(scale) == 3 and min(scale) > 0:
        return np.array(scale)
    if len(scale) != 1 or scale[0] == 0:
        raise _unreadable(f"the scale is {' '.join(f'{factor:g}' for factor in scale)[:60]!r}")
    if scale[0] > 0:
        return scale[0]
    volume = abs(np.linalg.det(lattice))
    if volume < 1e-12:
        raise Unusable("zero_volume", "the lattice vectors span no volume")
    return float((-scale[0] / volume) ** (1 / 3))


def _species(rows: Iterator[list[str]]) -> tuple[list[str], list[int], str]:
    """Symbols, counts, and the first word after them; VASP wraps both at 20 per line."""
    symbols: list[str] = []
    counts: list[int] = []
    for row in rows:
        if not row:
            raise _unreadable("it ends before its positions")
        if all(word.isdecimal() for word in row):
            counts += [int(word[:9]) for word in row]  # longer ones exceed the limit anyway
        elif counts:
            if symbols and len(symbols) != len(counts):
                raise _unreadable(
                    f"it has {len(symbols)} symbols ({' '.join(symbols)[:60]}) and {len(counts)} "
                    f"counts ({' '.join(map(str, counts))[:60]})"
                )
            return symbols, counts, row[0]
        elif not all(word[0].isalpha() for word in row):
            raise _unreadable(f"its symbols or counts are {' '.join(row)[:60]!r}")
        else:  # `Na_pv` and `Cl/a1b2c3` name pseudopotentials
            symbols += [word.split("/")[0].split("_")[0] for word in row]
    raise _unreadable("it ends before its positions")


def _positions(rows: Iterator[list[str]], count: int) -> list[list[str]]:
    """Rows of the positions, each followed by flags or a symbol, but by no further numbers."""
    body = list(itertools.islice(rows, count))
    if len(body) < count or not all(body):
        n_positions = sum(1 for _ in itertools.takewhile(bool, body))
        raise _unreadable(f"it counts {count} sites and gives {n_positions} positions")
    for row in body:
        # A number broken in two gives four numbers, and shifts those after it.
        if len(row) > 3 and row[3][0] in "+-0123456789":
            raise _unreadable(f"a position is {' '.join(row[:9])[:60]!r}")
    if _REAL.fullmatch(next(iter(next(rows, [])), "")):  # velocities follow an empty line
        raise _unreadable(f"it counts {count} sites and gives more positions")
    return body


def _of_counts(symbols: Sequence[str], counts: Sequence[int]) -> list[str]:
    pairs = zip(symbols, counts, strict=True)
    return [symbol for symbol, count in pairs for _ in range(count)]


def _of_lines(body: Sequence[Sequence[str]], column: int) -> list[str]:
    if any(len(row) <= column for row in body):
        raise _unreadable("it has no element symbols (VASP 4)")
    return [row[column] for row in body]


def _unreadable(what: str) -> Unusable:
    return Unusable("unreadable", f"not a valid POSCAR: {what}")
