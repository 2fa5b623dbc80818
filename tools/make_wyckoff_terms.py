"""Write `matdata/tables/wyckoff_terms.*`: what the sites of each Wyckoff position look like.

Run it after `make_wyckoff_tables.py` and copy the digests it prints into
``matdata/tables/wyckoff_terms.py``. Each site of a Wyckoff position, centring translations
included, is a linear map of the free coordinates and an offset (Goodall 2022, thesis eq. 6.1); a
row counts how often each occurs among the sites of the conventional cell.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import moyopy
import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]
TABLES = Path(__file__).parents[1] / "matdata" / "tables"
GRID = 24  # offsets are multiples of 1/24
FAMILIES = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "hexagonal", "cubic")
LAST_OF_FAMILY = (2, 15, 74, 142, 194, 230)
CENTRINGS = "PCIFR"
Site = tuple[tuple[int, ...], tuple[int, ...]]


def parse(text: str) -> tuple[Int, Int]:
    """Linear part (3, 3) and offset (3,) in 1/24 of ``x,2x+1/4,0``."""
    linear, offset = np.zeros((3, 3), dtype=np.int64), np.zeros(3, dtype=np.int64)
    for row, term in enumerate(text.replace(" ", "").split(",")):
        for sign, factor, name, number in re.findall(
            r"([+-]?)(\d*)([xyz])|([+-]?\d+(?:/\d+)?)", term
        ):
            if name:
                linear[row, "xyz".index(name)] += (-1 if sign == "-" else 1) * int(factor or 1)
            else:
                offset[row] += int(Fraction(number) * GRID)
    return linear, offset


def sites(number: int, coordinates: str) -> set[Site]:
    """All sites of a position in the conventional cell."""
    operations = moyopy.operations_from_number(number)
    linear, offset = parse(coordinates)
    orbit: set[Site] = set()
    for rotation, translation in zip(operations.rotations, operations.translations, strict=True):
        turned = np.array(rotation, dtype=np.int64)
        shift = np.rint(np.array(translation) * GRID).astype(np.int64)
        moved = (turned @ offset + shift) % GRID
        orbit.add((tuple((turned @ linear).ravel().tolist()), tuple(moved.tolist())))
    return orbit


def centring(number: int) -> str:
    """P, C (any one-face centring), I, F or R."""
    hall = next(h for h in range(1, 531) if moyopy.HallSymbolEntry(h).number == number)
    letter: str = moyopy.HallSymbolEntry(hall).hm_short[0]
    return "C" if letter in "ABS" else letter


def linear_name(rows: tuple[int, ...]) -> str:
    """``(-1, 1, 0, …)`` as ``-x+y,…``."""
    parts = []
    for row in np.reshape(rows, (3, 3)).tolist():
        text = ""
        for factor, name in zip(row, "xyz", strict=True):
            if factor:
                size = "" if abs(factor) == 1 else str(abs(factor))
                text += ("-" if factor < 0 else "+") + size + name
        parts.append(text.removeprefix("+") or "0")
    return ",".join(parts)


def offset_name(offset: tuple[int, ...]) -> str:
    """``(6, 0, 18)`` as ``1/4,0,3/4``."""
    return ",".join(str(Fraction(part, GRID)) for part in offset)


def main() -> None:
    """Write the table and the names of its columns, and print their numbers and digests."""
    groups = json.loads((TABLES / "wyckoff.json").read_text(encoding="ascii"))
    orbits: list[tuple[int, set[Site]]] = []
    for number in range(1, 231):
        entry = groups[str(number)]
        pairs = zip(entry["coordinates"], entry["multiplicities"], strict=True)
        for coordinates, multiplicity in pairs:
            orbit = sites(number, coordinates)
            assert len(orbit) == multiplicity, (number, coordinates)
            orbits.append((number, orbit))
    linears = sorted({linear for _, orbit in orbits for linear, _ in orbit})
    offsets = sorted({offset for _, orbit in orbits for _, offset in orbit})
    names = [f"family {name}" for name in FAMILIES]
    names += [f"centring {letter}" for letter in CENTRINGS]
    keys: list[object] = [*names, *(("a", x) for x in linears), *(("o", x) for x in offsets)]
    place = {key: column for column, key in enumerate(keys)}
    table = np.zeros((len(orbits), len(keys)), dtype=np.uint8)
    for row, (number, orbit) in enumerate(orbits):
        family = FAMILIES[int(np.searchsorted(LAST_OF_FAMILY, number))]
        table[row, place[f"family {family}"]] = 1
        table[row, place[f"centring {centring(number)}"]] = 1
        for linear, count in Counter(linear for linear, _ in orbit).items():
            table[row, place["a", linear]] = count
        for offset, count in Counter(offset for _, offset in orbit).items():
            table[row, place["o", offset]] = count
    names += [f"term {linear_name(x)}" for x in linears]
    names += [f"offset {offset_name(x)}" for x in offsets]
    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    packed = gzip.compress(buffer.getvalue(), mtime=0)
    (TABLES / "wyckoff_terms.npy.gz").write_bytes(packed)
    (TABLES / "wyckoff_terms.txt").write_text("\n".join(names) + "\n", encoding="ascii")
    print(len(orbits), len(linears), len(offsets), len(np.unique(table, axis=0)))
    for name in ("wyckoff_terms.npy.gz", "wyckoff_terms.txt"):
        print(name, hashlib.sha256((TABLES / name).read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
