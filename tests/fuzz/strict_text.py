"""Independent readers of POSCAR, extended XYZ, CSV and formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from fuzz.records import (
    ANY,
    Broken,
    Crystal,
    Entry,
    Reading,
    Record,
    Refused,
    checked_crystal,
    is_number,
)
from fuzz.samples import NUMBERS

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
PAIR = re.compile(r'\s*([A-Za-z_][\w.\-]*)=("[^"\n]*"|[^\s"\'=\[\]{}]+)(?=\s|$)')
MISSING = ("", "na", "n/a", "nan", "none", "null")
MAX_ATOMS = 10_000


def number(text: str) -> float:
    """A finite number that is written as one."""
    if NUMBER.fullmatch(text) is None or not is_number(float(text)):
        raise Refused(f"{text[:20]!r} is no number")
    return float(text)


def cell_value(text: str | None) -> Any:
    """What a cell of text says: a number, a truth value, nothing, or the text.

    A number that no float is stays text.
    """
    plain = (text or "").strip()
    if plain.lower() in MISSING:
        return plain if plain == "Na" else None
    if plain.lower() in ("true", "false", "t", "f"):
        return ANY
    if NUMBER.fullmatch(plain) is None or len(plain) >= 4000 or not is_number(float(plain)):
        return plain
    return float(plain)


def element(symbol: str) -> int:
    """Atomic number of a symbol."""
    if symbol not in NUMBERS:
        raise Refused(f"{symbol[:20]!r} is no element")
    return NUMBERS[symbol]


def read_poscar(text: str) -> Reading:
    """The one entry of a POSCAR."""
    return Reading((Entry(text, content(lambda: Record(None, poscar_crystal(text)))),))


def content(make: Callable[[], Record]) -> Record | Refused:
    """A record, or why there is none."""
    try:
        return make()
    except Refused as refusal:
        return refusal


def poscar_crystal(text: str) -> Crystal:
    """The crystal of a POSCAR with element symbols."""
    lines = list(io.StringIO(text, newline=""))  # where a file ends lines, and nowhere else
    if len(lines) < 8:
        raise Refused("too few lines")
    scale = number(lines[1].strip())
    lattice = np.array([[number(word) for word in line.split()[:3]] for line in lines[2:5]
                        if len(line.split()) >= 3])  # fmt: skip
    if lattice.shape != (3, 3) or scale == 0:
        raise Refused("no cell")
    names, counts = lines[5].split(), lines[6].split()
    if len(names) != len(counts) or not all(word.isdigit() for word in counts):
        raise Refused("species and counts differ")
    if any(len(word) > 5 for word in counts) or sum(map(int, counts)) > MAX_ATOMS:
        raise Refused("a number of atoms that cannot be")
    numbers = [element(name) for name, n in zip(names, counts, strict=True) for _ in range(int(n))]
    first = 8 if lines[7].strip()[:1] in ("S", "s") else 7
    mode = lines[first].strip()[:1] if len(lines) > first else ""
    rows = lines[first + 1 : first + 1 + len(numbers)]
    rest = lines[first + 1 + len(numbers) :]
    # VASP takes every other word than those of C and K for fractional ("Fractional" is common).
    if not mode.isalpha() or len(rows) != len(numbers) or (rest and rest[0].strip()):
        raise Refused("coordinates that do not fit the counts")
    places = [[number(word) for word in row.split()[:3]] for row in rows]
    factor = scale if scale > 0 else float((-scale / abs(np.linalg.det(lattice))) ** (1 / 3))
    lattice = lattice * factor
    checked_crystal(lattice.tolist(), places, numbers)
    if mode in "CcKk":
        places = _fractional(lattice, np.array(places) * factor)
    return checked_crystal(lattice.tolist(), places, numbers)


def _fractional(lattice: np.ndarray, places: np.ndarray) -> list[list[float]]:
    if abs(np.linalg.det(lattice)) < 1e-9:
        raise Refused("no cell")
    return [[float(x) for x in row] for row in places @ np.linalg.inv(lattice)]


def read_xyz(text: str) -> Reading:
    """Every frame of an extended XYZ file."""
    lines = list(io.StringIO(text, newline=""))  # where a file ends lines, and nowhere else
    entries: list[Entry] = []
    place = 0
    while place < len(lines):
        if not lines[place].strip():
            place += 1
            continue
        count = lines[place].strip()
        if not count.isdigit() or len(count) > 6:
            raise Broken("no number of atoms where a frame begins")
        rows = lines[place : place + int(count) + 2]
        if len(rows) < int(count) + 2:
            raise Broken("the last frame is cut")
        entries.append(Entry("".join(rows).strip(), content(lambda rows=rows: _frame(rows))))
        place += len(rows)
    if not entries:
        raise Broken("no frame")
    return Reading(tuple(entries))


def _frame(rows: list[str]) -> Record:
    head = rows[1].rstrip()
    pairs = list(PAIR.finditer(head))
    if "".join(found[0] for found in pairs) != head:
        raise Refused("a comment line of another form")
    if len({found[1].lower() for found in pairs}) != len(pairs):
        raise Refused("a key stands twice")
    values = {found[1]: found[2].strip('"') for found in pairs}
    if values.pop("Properties", None) != "species:S:1:pos:R:3" or "Lattice" not in values:
        raise Refused("other columns, or no lattice")
    periodic = values.pop("pbc", "T T T")
    if periodic != "T T T":
        said = re.fullmatch("[TF] [TF] [TF]", periodic) is not None
        raise Refused("not periodic in three directions", strictly=said)
    cell = [number(word) for word in values.pop("Lattice").split()]
    words = [row.split() for row in rows[2:]]
    if len(cell) != 9 or any(len(row) != 4 for row in words):
        raise Refused("rows of another form")
    lattice = np.array(cell).reshape(3, 3)
    places = np.array([[number(word) for word in row[1:]] for row in words]).reshape(-1, 3)
    coords = _fractional(lattice, places)
    crystal = checked_crystal(lattice.tolist(), coords, [element(row[0]) for row in words])
    cells = {name: ANY if " " in text else cell_value(text) for name, text in values.items()}
    names = ("energy_per_atom", "gap")
    return Record(values.get("material_id"), crystal, None, {n: cells.get(n) for n in names})


def read_csv(
    text: str, make: Callable[[dict[str, str]], Record], wanted: tuple[str, ...]
) -> Reading:
    """Every row of a CSV file with a header, read strictly; `make` makes a record of a row."""
    rows, tolerant = _rows(text)
    rows = [row for row in rows if len(row) > 1 or "".join(row).strip()]  # no blank lines
    if len(rows) < 2:
        raise Broken("no rows")
    header = rows[0]
    missing = not set(wanted) <= set(header) or len(set(header)) != len(header)
    entries = []
    for row in rows[1:]:
        if len(row) > len(header):
            made: Record | Refused = Refused("more cells than the header", strictly=True)
        elif missing:
            made = Refused("a header that the seed does not have", open=True)
        else:
            cells = dict(zip(header, [*row, *[""] * len(header)], strict=False))
            made = content(lambda cells=cells: make(cells))
        entries.append(Entry(repr(row), made))
    return Reading(tuple(entries), repr([header, tolerant]), counted=not tolerant)


def _rows(text: str) -> tuple[list[list[str]], bool]:
    csv.field_size_limit(1 << 27)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True)), False
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise Broken("a quotation without an end") from None
    try:
        return list(csv.reader(io.StringIO(text, newline=""))), True
    except csv.Error as error:
        raise Broken(str(error)) from None


def formula_amounts(text: str) -> dict[int, float]:
    """Amounts of a formula of elements, numbers and brackets, by its grammar.

    An element of which there is none is left out, and so is a sign of charge at the end; a blank
    before an element or a bracket says nothing.
    """
    plain = re.sub(r"(?<=[A-Za-z)\]}])[+-]$", "", text.strip())
    amounts, rest = _group(re.sub(r"(?<=\S)\s+(?=[A-Z(\[{])", "", plain), 0)
    amounts = {number: amount for number, amount in amounts.items() if amount != 0}
    if rest or not amounts:
        raise Refused("no formula")
    if not all(is_number(amount) for amount in amounts.values()):
        raise Refused("an amount that cannot be")
    return amounts


def _group(text: str, depth: int) -> tuple[dict[int, float], str]:
    amounts: dict[int, float] = {}
    while text and text[0] not in ")]}":
        if depth > 50:
            raise Refused("nested deeply")
        if text[0] in "([{":
            inner, rest = _group(text[1:], depth + 1)
            if not inner or not rest or rest[0] != {"(": ")", "[": "]", "{": "}"}[text[0]]:
                raise Refused("no formula")
            text = rest[1:]
        else:
            found = re.match(r"[A-Z][a-z]?", text)
            if found is None:
                raise Refused("no formula")
            inner, text = {element(found[0]): 1.0}, text[found.end() :]
        factor = re.match(r"\d+\.?\d*|\.\d+", text)
        text = text[factor.end() :] if factor else text
        for one, amount in inner.items():
            amounts[one] = amounts.get(one, 0.0) + amount * (float(factor[0]) if factor else 1.0)
    return amounts, text
