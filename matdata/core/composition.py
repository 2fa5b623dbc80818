"""Compositions: reduced formulas, and `Compositions` as columns."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.crystals import Crystals, Int, as_ids, as_rows, gather_index, offsets_of
from matdata.core.formula import parse_formula as parse_formula
from matdata.core.structures import Structures

_MAX_WHOLE = 2**53  # below it floats hold every whole number
MAX_DENOMINATOR = 1000  # a fraction counts as a ratio of integers up to this denominator


@functools.cache
def _formula_order() -> tuple[tuple[float, str], ...]:
    symbols = elements.symbols()
    return tuple(
        (math.inf if math.isnan(x) else x, symbols[z])
        for z, x in enumerate(elements.electronegativities())
    )


def reduced_amounts(amounts: Mapping[int, float]) -> dict[int, float]:
    """Divide amounts by their greatest common divisor; fractions become small integers.

    Amounts that are no ratios of integers with denominators up to 1,000 are normalised to sum to
    one and rounded to six digits, so that equal compositions still compare equal.
    """
    if all(1 <= a < _MAX_WHOLE and a.is_integer() for a in map(float, amounts.values())):
        whole = {z: int(a) for z, a in amounts.items()}
        divisor = math.gcd(*whole.values())
        return {z: float(count // divisor) for z, count in whole.items()}
    total = sum(amounts.values())
    exact = {z: Fraction(a).limit_denominator(MAX_DENOMINATOR) for z, a in amounts.items()}
    if all(
        abs(float(exact[z]) - a) <= 1e-8 * max(a, 1.0) and exact[z] > 0 for z, a in amounts.items()
    ):
        common = math.lcm(*(f.denominator for f in exact.values()))
        counts = {z: int(f * common) for z, f in exact.items()}
        divisor = math.gcd(*counts.values())
        return {z: float(count // divisor) for z, count in counts.items()}
    return {z: round(a / total, 6) for z, a in amounts.items()}


def formula_of(amounts: Mapping[int, float]) -> str:
    """Write amounts as a formula, elements in order of electronegativity (then symbol)."""
    order = _formula_order()
    symbols = elements.symbols()
    parts = []
    for number in sorted(amounts, key=lambda z: order[z]):
        amount = amounts[number]
        parts.append(symbols[number] + ("" if amount == 1 else _amount_text(amount)))
    return "".join(parts)


def _amount_text(amount: float) -> str:
    """Eight digits, without an exponent, which no formula has."""
    text = f"{amount:.8g}"
    return np.format_float_positional(float(text), trim="-") if "e" in text else text


def reduced_formula(amounts: Mapping[int, float]) -> str:
    """The reduced formula of amounts: ``{26: 4, 8: 6}`` gives ``Fe2O3``."""
    return formula_of(reduced_amounts(amounts))


@functools.cache
def _formula_places() -> Int:
    """The place of each atomic number in a formula, (119,)."""
    order = _formula_order()
    places = np.empty(len(order), dtype=np.int64)
    places[sorted(range(len(order)), key=lambda z: order[z])] = np.arange(len(order))
    return places


@functools.lru_cache(maxsize=1 << 14)
def _term(number: int, amount: int) -> str:
    """A whole amount of an element in a formula."""
    return formula_of({number: float(amount)})


def chemical_systems(numbers: npt.NDArray[np.uint8], offsets: Int) -> list[str]:
    """Chemical systems (n,), symbols in alphabetical order (``Cl-Na``).

    Parameters
    ----------
    numbers : (M,)
        Atomic numbers of the elements.
    offsets : (n + 1,)
        System `i` has the elements ``offsets[i]:offsets[i + 1]``.
    """
    names = np.asarray(elements.symbols())[numbers].tolist()
    return ["-".join(sorted(names[a:b])) for a, b in itertools.pairwise(offsets.tolist())]


@dataclass(frozen=True, eq=False)
class Compositions:
    """A batch of compositions as columns.

    Attributes
    ----------
    ids : (n,) str
        Material ids.
    numbers : (M,) uint8
        Atomic numbers, ascending within each composition.
    amounts : (M,) float64
        Atoms of each element in the formula as given.
    offsets : (n + 1,) int64
        Composition `i` holds the entries ``offsets[i]:offsets[i + 1]``.
    """

    ids: npt.NDArray[np.str_]
    numbers: npt.NDArray[np.uint8]
    amounts: npt.NDArray[np.float64]
    offsets: Int

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def from_amounts(
        cls, ids: Sequence[str], amounts: Sequence[Mapping[int, float]]
    ) -> Compositions:
        """Build the columns from one mapping of atomic number to amount per material, n of each."""
        flat = itertools.chain.from_iterable
        lengths = np.array([len(entry) for entry in amounts], dtype=np.int64)
        numbers = np.fromiter(flat(amounts), dtype=np.uint8)
        values = np.fromiter(flat(entry.values() for entry in amounts), dtype=np.float64)
        order = np.lexsort((numbers, np.repeat(np.arange(len(lengths)), lengths)))
        return cls(as_ids(ids), numbers[order], values[order], offsets_of(lengths))

    @classmethod
    def from_crystals(cls, crystals: Crystals) -> Compositions:
        """Count the sites of each element in each crystal."""
        keys = crystals.site_crystal * 256 + crystals.numbers
        unique, counts = np.unique(keys, return_counts=True)
        per_crystal = np.bincount(unique // 256, minlength=len(crystals))
        return cls(
            crystals.ids,
            (unique % 256).astype(np.uint8),
            counts.astype(np.float64),
            offsets_of(per_crystal),
        )

    @classmethod
    def from_rows(cls, structures: Structures, formulas: Sequence[str | None]) -> Compositions:
        """Compositions of n materials: counted from the structure, else parsed from the formula.

        Parameters
        ----------
        structures
            The structures of those that have one.
        formulas : (n,)
            Formulas, read where there is no structure.

        Raises
        ------
        StructureError
            If a formula that is needed cannot be parsed.
        """
        counted = cls.from_crystals(structures.crystals)
        if structures.is_complete:
            return counted
        missing = structures.missing
        amounts = [parse_formula(str(formulas[row])) for row in missing.tolist()]
        parsed = cls.from_amounts(structures.ids[missing].tolist(), amounts)
        if not len(counted):
            return parsed
        order = np.argsort(np.concatenate([structures.rows, missing]), kind="stable")
        return cls.concat([counted, parsed]).take(order)

    @classmethod
    def concat(cls, parts: Sequence[Compositions]) -> Compositions:
        """Join batches in order."""
        lengths = [np.empty(0, np.int64), *(np.diff(part.offsets) for part in parts)]
        return cls(
            np.concatenate([np.empty(0, np.str_), *(part.ids for part in parts)]),
            np.concatenate([np.empty(0, np.uint8), *(part.numbers for part in parts)]),
            np.concatenate([np.empty(0, np.float64), *(part.amounts for part in parts)]),
            offsets_of(np.concatenate(lengths)),
        )

    def take(self, key: object) -> Compositions:
        """The compositions selected by a slice, a mask (n,) or integers (k,), in that order."""
        rows = as_rows(key, len(self))
        index, offsets = gather_index(self.offsets, rows)
        return Compositions(self.ids[rows], self.numbers[index], self.amounts[index], offsets)

    def amounts_of(self, row: int) -> dict[int, float]:
        """Amounts by atomic number of one composition."""
        part = slice(self.offsets[row], self.offsets[row + 1])
        return dict(zip(self.numbers[part].tolist(), self.amounts[part].tolist(), strict=True))

    def reduced_formulas(self) -> list[str]:
        """The reduced formula of each composition, (n,)."""
        if not len(self):
            return []
        whole = (self.amounts >= 1) & (self.amounts < _MAX_WHOLE)
        whole &= self.amounts == np.trunc(self.amounts)
        entry = np.repeat(np.arange(len(self)), self.n_elements)
        counts = np.where(whole, self.amounts, 1.0).astype(np.int64)
        # by the starts of those that have elements, as `reduceat` knows no empty range
        divisors = np.ones(len(self), np.int64)
        filled = np.flatnonzero(self.n_elements)
        divisors[filled] = np.gcd.reduceat(counts, self.offsets[filled]) if len(filled) else 1
        order = np.lexsort((_formula_places()[self.numbers], entry))
        counts = (counts // divisors[entry])[order].tolist()
        terms = list(map(_term, self.numbers[order].tolist(), counts))
        formulas = ["".join(terms[a:b]) for a, b in itertools.pairwise(self.offsets.tolist())]
        for row in np.unique(entry[~whole]).tolist():
            formulas[row] = reduced_formula(self.amounts_of(row))
        return formulas

    def chemical_systems(self) -> list[str]:
        """The chemical system of each composition, symbols in alphabetical order (``Cl-Na``)."""
        return chemical_systems(self.numbers, self.offsets)

    @property
    def n_elements(self) -> Int:
        """Number of different elements in each composition, (n,)."""
        return np.diff(self.offsets)
