"""Finder's formula graph: one node an atom of the integer formula."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.composition import Compositions
from matdata.core.crystals import Float, Int, Ragged, offsets_of
from matdata.core.ledger import Reject
from matdata.core.settings import Settings, setting
from matdata.features.base import (
    BatchColumns,
    Block,
    Column,
    Dense,
    FeatureInput,
    Featurizer,
    Field,
    stored_columns,
)
from matdata.features.element import known_rows
from matdata.features.formulas import unsound_rows

#: Amounts this close to an integer are one.
WHOLE = 1e-6
#: Integers below this are reduced together, others one by one.
LARGE = float(1 << 31)


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


class FormulaGraph(Featurizer[FormulaGraphSettings]):
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
    requires = frozenset({"composition"})
    Settings: ClassVar[type[Settings]] = FormulaGraphSettings
    batch_form = "matdata.load.inputs.formula:FormulaGraphBatch"
    batch_fields = ("elements", "counts")
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

    def featurize(self, batch: FeatureInput) -> Block:
        """Find the integer formula of each composition."""
        batch = self.compositions(batch)
        all_elements = np.arange(elements.N_ELEMENTS + 1) > 0
        usable, rejects = known_rows(batch, all_elements, self.spec)
        chosen, wrong = self.settings, unsound_rows(batch)
        refused = dict.fromkeys(wrong, ("bad_amount", "an amount is not a positive number"))
        rows = np.setdiff1d(usable, sorted(wrong))
        part = batch.take(rows)
        counts, errors, found = integer_formulas(part, chosen.max_atoms, chosen.tolerance)
        text = f"no integer formula of {chosen.max_atoms} atoms or fewer is near enough"
        refused |= dict.fromkeys(rows[~found].tolist(), ("too_many_atoms", text))
        rejects += [
            Reject(str(batch.ids[row]), "featurize", *refused[row])
            for row in usable.tolist()
            if row in refused
        ]
        part, done = part.take(found), np.repeat(found, part.n_elements)
        fields: dict[str, Column] = {
            "elements": Ragged(part.numbers, part.offsets),
            "counts": Ragged(counts[done].astype(np.uint16), part.offsets),
            "error": errors[found].astype(np.float32),
        }
        return Block(rows[found], fields, rejects)

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """The atomic number of each node, (N, 1) uint8."""
        numbers, counts = cast(Ragged, fields["elements"]), cast(Ragged, fields["counts"])
        nodes = np.repeat(numbers.values, counts.values)[:, None]
        return Ragged(nodes, _node_offsets(counts))

    def batch_columns(self, fields: Mapping[str, Column]) -> BatchColumns:
        """Elements and amounts; ``nodes``, without values, says how many each material has."""
        offsets = _node_offsets(cast(Ragged, fields["counts"]))
        nodes = Ragged(np.empty((int(offsets[-1]), 0), np.uint8), offsets)
        return {**stored_columns(self, fields), "nodes": ("node", nodes)}

    def labels(self) -> Sequence[str]:
        """The one column."""
        return ["atomic number"]


def _node_offsets(counts: Ragged) -> Int:
    """Where the nodes of each material begin, (n + 1,)."""
    return offsets_of(counts.values)[counts.offsets]


def integer_formulas(
    batch: Compositions, max_atoms: int, tolerance: float
) -> tuple[Int, Float, npt.NDArray[np.bool_]]:
    """`integer_formula` of every composition.

    Returns
    -------
    counts : (K,) int64
        Atoms of each element.
    errors : (n,) float64
        Largest change of a fraction.
    found : (n,) bool
        Whether there is a formula; counts of the others mean nothing.
    """
    if len(batch) == 0:
        return np.empty(0, np.int64), np.empty(0), np.empty(0, dtype=bool)
    starts = batch.offsets[:-1]
    whole = np.rint(batch.amounts)
    entries = (np.abs(batch.amounts - whole) <= WHOLE) & (whole > 0) & (whole < LARGE)
    counts = np.where(entries, whole, 1).astype(np.int64)
    counts //= np.repeat(np.gcd.reduceat(counts, starts), batch.n_elements)
    found, errors = np.add.reduceat(counts, starts) <= max_atoms, np.zeros(len(batch))
    for row in np.flatnonzero(~np.logical_and.reduceat(entries, starts)).tolist():
        part = slice(batch.offsets[row], batch.offsets[row + 1])
        one = integer_formula(batch.amounts[part], max_atoms, tolerance)
        found[row] = one is not None
        if one is not None:
            counts[part], errors[row] = one
    return counts, errors, found


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
    totals = np.arange(len(amounts), max_atoms + 1)
    exact = totals[:, None] * fractions
    # No rounding comes nearer than the nearest integers: most totals need no closer look.
    nearest = np.abs(np.rint(exact) - exact).max(axis=1, initial=0.0)
    for total in totals[nearest <= (tolerance + 1e-9) * totals].tolist():
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
