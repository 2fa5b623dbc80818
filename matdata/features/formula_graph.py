"""Finder's formula graph: one node an atom of the integer formula."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import numpy as np
import numpy.typing as npt

from matdata.composition import Compositions
from matdata.crystals import Ragged
from matdata.features.base import Block, Column, Dense, Featurizer, Field
from matdata.features.element import known_rows
from matdata.features.formulas import unsound_rows
from matdata.ledger import Reject
from matdata.settings import Settings, setting
from matdata.tables import elements

#: Amounts this close to an integer are one.
WHOLE = 1e-6


@dataclass(frozen=True)
class FormulaGraphSettings(Settings):
    """How large a graph may be, and how far a fractional formula may be rounded."""

    max_atoms: int = setting(500, "most atoms of an integer formula", minimum=1)
    tolerance: float = setting(
        0.005,
        "most an atomic fraction may change where a fractional formula is rounded",
        minimum=0.0,
        maximum=0.5,
    )


class FormulaGraph(Featurizer):
    """Formula graphs (Finder: A. Ihalage and Y. Hao, Adv. Sci. 9, 2200164, 2022).

    A graph has one node for each atom of the integer formula, in ascending order of atomic number,
    and is fully connected; edge attributes are the model's. An integer formula is divided by its
    greatest common divisor. A fractional one becomes the smallest integer formula whose atomic
    fractions all lie within `tolerance` of it (Finder, discussion: A0.33B0.67 is AB2, not
    A33B67); the largest difference of a fraction is stored as `error`.

    Stored are elements and integer amounts; `dense` gives the atomic number of each node.
    """

    name: ClassVar[str] = "formula-graph"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Ihalage and Hao, Adv. Sci. 9, 2200164 (2022)"
    requires: ClassVar[Literal["structure", "composition"]] = "composition"
    Settings: ClassVar[type[Settings]] = FormulaGraphSettings
    batch_rows: ClassVar[int] = 4096
    shard_rows: ClassVar[int] = 1 << 18

    @property
    def fields(self) -> tuple[Field, ...]:
        """The integer formula and what rounding changed."""
        meaning = "largest change of an atomic fraction by rounding"
        return (
            Field("elements", "element", (), "uint8", "1", "atomic numbers, ascending"),
            Field("counts", "element", (), "uint16", "1", "atoms of each element"),
            Field("error", "crystal", (), "float32", "1", meaning),
        )

    def featurize(self, batch: Compositions) -> Block:
        """Find the integer formula of each composition."""
        known = np.arange(elements.N_ELEMENTS + 1) > 0
        usable, rejects = known_rows(batch, known, self.spec)
        chosen, wrong = cast(FormulaGraphSettings, self.settings), unsound_rows(batch)
        rows, counts, errors = [], [np.empty(0, np.uint16)], []
        for row in usable.tolist():
            amounts = batch.amounts[batch.offsets[row] : batch.offsets[row + 1]]
            reason, text = "bad_amount", "an amount is not a positive number"
            if row not in wrong:
                found = integer_formula(amounts, chosen.max_atoms, chosen.tolerance)
                if found is not None:
                    rows.append(row)
                    counts.append(found[0].astype(np.uint16))
                    errors.append(found[1])
                    continue
                text = f"no integer formula of {chosen.max_atoms} atoms or fewer is near enough"
                reason = "too_many_atoms"
            rejects.append(Reject(str(batch.ids[row]), "featurize", reason, text))
        done = np.array(rows, dtype=np.int64)
        part = batch.take(done)
        fields: dict[str, Column] = {
            "elements": Ragged(part.numbers, part.offsets),
            "counts": Ragged(np.concatenate(counts), part.offsets),
            "error": np.array(errors, dtype=np.float32),
        }
        return Block(done, fields, rejects)

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """The atomic number of each node, (N, 1) uint8."""
        numbers, counts = cast(Ragged, fields["elements"]), cast(Ragged, fields["counts"])
        ends = np.concatenate([[0], np.cumsum(counts.values, dtype=np.int64)])
        nodes = np.repeat(numbers.values, counts.values)[:, None]
        return Ragged(nodes, ends[numbers.offsets])

    def labels(self) -> Sequence[str]:
        """The one column."""
        return ["atomic number"]


def integer_formula(
    amounts: npt.NDArray[np.float64], max_atoms: int, tolerance: float
) -> tuple[npt.NDArray[Any], float] | None:
    """Integer amounts and the largest change of an atomic fraction; None if too many atoms.

    Integers are reduced and kept exactly. Other amounts become the first of the sums 1, 2, …,
    `max_atoms` at which rounding (by largest remainders, at least one atom of each element)
    changes no fraction by more than `tolerance`.
    """
    whole = np.rint(amounts)
    if np.all(np.abs(amounts - whole) <= WHOLE) and np.all(whole > 0):
        # Python's integers: amounts may be anything up to 1e308.
        counts = [int(x) for x in whole]
        divisor = math.gcd(*counts)
        if sum(counts) // divisor > max_atoms:
            return None
        return np.array([count // divisor for count in counts]), 0.0
    fractions = amounts / amounts.sum()
    for total in range(len(amounts), max_atoms + 1):
        rounded = _round(fractions, total)
        error = float(np.abs(rounded / total - fractions).max())
        if error <= tolerance + 1e-12:
            return rounded, error
    return None


def _round(fractions: npt.NDArray[np.float64], total: int) -> npt.NDArray[np.int64]:
    """Positive integers of a given sum near ``total * fractions``, (k,)."""
    exact = fractions * total
    rounded = np.maximum(np.floor(exact + 1e-9), 1.0).astype(np.int64)
    missing = total - int(rounded.sum())
    step = 1 if missing > 0 else -1
    for _ in range(abs(missing)):
        gap = (exact - rounded) * step
        gap[rounded + step < 1] = -np.inf
        rounded[int(np.argmax(gap))] += step
    return rounded
