"""Write `matdata/tables/wyckoff_thesis.*`: the 444 terms of Goodall's thesis, as they were counted.

Run it with the dependency group ``tables`` and copy the digests it prints into
``matdata/tables/wyckoff_terms.py``. General positions in the order of International Tables A come
from pyxtal, which has them from the Bilbao server; everything else is computed. What is counted,
and how that was found, is written in ``matdata/tables/wyckoff_terms.py``.
"""

from __future__ import annotations

import ast
import csv
import gzip
import hashlib
import io
import json
import sys
from collections import Counter
from fractions import Fraction
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from make_wyckoff_terms import (
    CENTRINGS,
    FAMILIES,
    GRID,
    LAST_OF_FAMILY,
    TABLES,
    Int,
    Site,
    centring,
    linear_name,
    parse,
)

#: pyxtal writes Fd-3 (origin 2) with -x+1/4, International Tables with -x+3/4.
TURNED = 203
Terms = tuple[Counter[tuple[int, ...]], Counter[tuple[float, ...]]]


def read_lists() -> dict[int, list[list[str]]]:
    """Sites of all positions by group, the general position first, centring included."""
    csv.field_size_limit(sys.maxsize)
    text = files("pyxtal").joinpath("database/wyckoff_list.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.reader(io.StringIO(text)) if row[0] not in ("", "0")]
    return {int(row[0]): ast.literal_eval(row[1]) for row in rows}


def operations(number: int, general: list[str]) -> tuple[list[tuple[Int, Int]], list[Int]]:
    """One operation for each rotation, in order, and the centring translations."""
    first: dict[bytes, tuple[Int, Int]] = {}
    translations = []
    for text in general:
        rotation, shift = parse(text)
        shift = (-shift if number == TURNED else shift) % GRID
        first.setdefault(rotation.tobytes(), (rotation, shift))
        if np.array_equal(rotation, np.eye(3)):
            translations.append(shift)
    return list(first.values()), translations


def orbit(coordinates: str, found: list[tuple[Int, Int]], translations: list[Int]) -> list[Site]:
    """Sites of a position in order, one of those that centring translations relate."""
    linear, offset = parse(coordinates)
    seen: set[Site] = set()
    sites: list[Site] = []
    for rotation, shift in found:
        turned = tuple((rotation @ linear).ravel().tolist())
        moved = (rotation @ offset + shift) % GRID
        if (turned, tuple(moved.tolist())) in seen:
            continue
        sites.append((turned, tuple(moved.tolist())))
        seen |= {(turned, tuple(((moved + t) % GRID).tolist())) for t in translations}
    return sites


def count(sites: list[Site], times: int) -> Terms:
    """Terms of a position as the thesis counts them: see `matdata.tables.wyckoff_terms`."""
    last = sites[-1][1][2] / GRID
    # In floating point on purpose: 1/3 + 2/3 and 1/6 + 5/6 fall beside whole numbers and others.
    moved = [tuple((part / GRID + last) % 1 for part in offset) for _, offset in sites]
    linear, offsets = Counter(turned for turned, _ in sites), Counter(moved)
    return (
        Counter({key: times * n for key, n in linear.items()}),
        Counter({key: times * n for key, n in offsets.items()}),
    )


def offset_names(offsets: list[tuple[float, ...]]) -> list[str]:
    """``1/3,2/3,0``; what rounding set apart is numbered."""
    names: list[str] = []
    for offset in offsets:
        parts = [Fraction(part).limit_denominator(GRID) % 1 for part in offset]
        name = "offset " + ",".join(map(str, parts))
        again = sum(old.partition(" #")[0] == name for old in names)
        names.append(f"{name} #{again + 1}" if again else name)
    return names


def count_all() -> list[tuple[int, Terms]]:
    """Group and terms of each of the 1,731 positions, in the order of the tables."""
    groups = json.loads((TABLES / "wyckoff.json").read_text(encoding="ascii"))
    counted = []
    for number, listed in read_lists().items():
        known, translations = operations(number, listed[0])
        multiplicities = groups[str(number)]["multiplicities"]
        for sites, multiplicity in zip(reversed(listed), multiplicities, strict=True):
            chosen = orbit(sites[0], known, translations)
            assert len(chosen) * len(translations) == multiplicity == len(sites)
            counted.append((number, count(chosen, len(translations))))
    return counted


def main() -> None:
    """Write the table and the names of its columns, and print their numbers and digests."""
    counted = count_all()
    linears = sorted({key for _, (linear, _) in counted for key in linear})
    offsets = sorted({key for _, (_, offset) in counted for key in offset})
    place: dict[object, int] = {key: 11 + column for column, key in enumerate(linears)}
    place |= {key: 11 + len(linears) + column for column, key in enumerate(offsets)}
    table: npt.NDArray[np.uint8] = np.zeros((len(counted), 11 + len(place)), dtype=np.uint8)
    for row, (number, counters) in enumerate(counted):
        table[row, int(np.searchsorted(LAST_OF_FAMILY, number))] = 1
        table[row, 6 + CENTRINGS.index(centring(number))] = 1
        for counter in counters:
            for key, times in counter.items():
                table[row, place[key]] = times
    names = [f"family {name}" for name in FAMILIES] + [f"centring {c}" for c in CENTRINGS]
    names += [f"term {linear_name(x)}" for x in linears] + offset_names(offsets)
    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    (TABLES / "wyckoff_thesis.npy.gz").write_bytes(gzip.compress(buffer.getvalue(), mtime=0))
    (TABLES / "wyckoff_thesis.txt").write_text("\n".join(names) + "\n", encoding="ascii")
    print(len(counted), len(linears), len(offsets), len(np.unique(table, axis=0)), len(set(names)))
    for name in ("wyckoff_thesis.npy.gz", "wyckoff_thesis.txt"):
        print(name, hashlib.sha256((TABLES / name).read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
