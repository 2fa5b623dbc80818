"""Precursors of reactions: each distinct one is parsed, checked and expanded once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions, parse_formula
from matdata.core.crystals import Ragged, offsets_of
from matdata.core.errors import StructureError
from matdata.features.base import Column
from matdata.features.element import known_rows
from matdata.features.magpie import (
    WIDTH,
    compose,
    composition_labels,
    composition_units,
    dense_compositions,
)
from matdata.tables import element_vectors, magpie

#: The 145 composition attributes of Magpie, beside the tables of element vectors.
ATTRIBUTES = "magpie145"
TABLES = (ATTRIBUTES, *element_vectors.NAMES)
MAX_KEPT = 1 << 14  # distinct precursors whose vectors a process keeps: 10 MB of 145 numbers


class Precursor(NamedTuple):
    """A precursor that can be featurized.

    Attributes
    ----------
    numbers : (k,) uint8
        Atomic numbers, ascending.
    amounts : (k,) float64
        Atoms of each element in the formula.
    compound_possible
        Whether charges can balance (`matdata.features.magpie`); 0 for tables of element vectors.
    """

    numbers: npt.NDArray[np.uint8]
    amounts: npt.NDArray[np.float64]
    compound_possible: int


@dataclass(frozen=True)
class Refused:
    """A precursor without a feature, and why."""

    reason: str
    message: str


def read_precursors(formulas: Iterable[str], table: str) -> dict[str, Precursor | Refused]:
    """What is stored of each distinct formula, or why it has no feature."""
    read: dict[str, Precursor | Refused] = {}
    parsed: dict[str, Mapping[int, float]] = {}
    for formula in dict.fromkeys(formulas):
        try:
            parsed[formula] = parse_formula(formula)
        except StructureError as error:
            read[formula] = Refused("bad_formula", f"precursor {formula!r}: {error.what}")
    names = list(parsed)
    batch = Compositions.from_amounts(
        [str(place) for place in range(len(names))], [*parsed.values()]
    )
    if table == ATTRIBUTES:
        block = compose(batch, need_all=False)
        rows, rejects = block.rows, block.rejects
        possible = np.asarray(block.fields["compound_possible"])
    else:
        in_table = np.asarray(np.isfinite(element_vectors.filled(table)).all(axis=1))
        rows, rejects = known_rows(batch, in_table, table)
        possible = np.zeros(len(rows), np.uint8)
    for reject in rejects:
        name = names[int(reject.material_id)]
        read[name] = Refused(reject.reason, f"precursor {name!r}: {reject.message}")
    for row, balanced in zip(rows.tolist(), possible.tolist(), strict=True):
        part = slice(batch.offsets[row], batch.offsets[row + 1])
        read[names[row]] = Precursor(batch.numbers[part], batch.amounts[part], balanced)
    return read


#: Vectors by table and composition. Only what a formula determines is kept, so order and
#: process do not matter.
_KEPT: dict[tuple[str, bytes], npt.NDArray[np.float32]] = {}


def precursor_vectors(
    table: str, numbers: Ragged, amounts: Ragged, compound_possible: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Vectors of stored precursors, (P, width) float32; each distinct one is computed once.

    Parameters
    ----------
    table
        `ATTRIBUTES`, or a table of element vectors, of which the mean over the atoms is taken (a
        gap of the table is the mean over the elements that are known).
    numbers, amounts
        Elements of the P precursors, and their atoms.
    compound_possible : (P,)
        As stored.
    """
    bounds = numbers.offsets.tolist()
    keys = [
        (table, numbers.values[a:b].tobytes() + amounts.values[a:b].tobytes())
        for a, b in itertools.pairwise(bounds)
    ]
    first = {key: place for place, key in reversed([*enumerate(keys)])}
    known = {key: kept for key in first if (kept := _KEPT.get(key)) is not None}
    missing = [key for key in first if key not in known]
    if missing:
        places = np.array([first[key] for key in missing])
        computed = _computed(
            table, numbers.take(places), amounts.take(places), compound_possible[places]
        )
        known.update(zip(missing, computed, strict=True))
        if len(_KEPT) + len(missing) > MAX_KEPT:
            _KEPT.clear()
        if len(missing) <= MAX_KEPT:
            _KEPT.update((key, known[key]) for key in missing)
    rows = {key: row for row, key in enumerate(first)}
    distinct = np.empty((len(first), width_of(table)), np.float32)
    for row, key in enumerate(first):
        distinct[row] = known[key]
    index = np.fromiter((rows[key] for key in keys), dtype=np.int64, count=len(keys))
    return distinct[index]


def _computed(
    table: str, numbers: Ragged, amounts: Ragged, compound_possible: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    if table == ATTRIBUTES:
        fields: dict[str, Column] = {"elements": numbers, "amounts": amounts}
        fields["compound_possible"] = compound_possible
        return dense_compositions(fields).astype(np.float32)
    starts = numbers.offsets[:-1]
    shares = amounts.values / np.repeat(np.add.reduceat(amounts.values, starts), amounts.lengths)
    weighted = shares[:, None] * element_vectors.filled(table)[numbers.values]
    return np.add.reduceat(weighted, starts, axis=0).astype(np.float32)


def width_of(table: str) -> int:
    """Numbers in the vector of a precursor."""
    return WIDTH if table == ATTRIBUTES else element_vectors.WIDTHS[table]


def labels_of(table: str) -> list[str]:
    """Names of the numbers in the vector of a precursor."""
    return composition_labels() if table == ATTRIBUTES else list(element_vectors.labels(table))


def units_of(table: str) -> list[str]:
    """Their units, ``1`` where there is none."""
    if table == ATTRIBUTES:
        return composition_units()
    return list(magpie.UNITS.values()) if table == "magpie" else ["1"] * width_of(table)


def inner_offsets(counts: Ragged, level: Ragged) -> Ragged:
    """Entries of a level grouped by the `counts` of an outer one, instead of by material."""
    return Ragged(level.values, offsets_of(counts.values))
