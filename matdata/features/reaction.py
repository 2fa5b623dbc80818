"""Reactions: precursors as a weighted set, and the sequence of operations."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np

from matdata.core.crystals import Ragged, offsets_of
from matdata.core.errors import FeatureError
from matdata.core.ledger import Reject, Unusable
from matdata.core.numerals import is_number
from matdata.core.settings import Settings, setting
from matdata.features.base import (
    BatchColumns,
    Block,
    Column,
    Dense,
    FeatureInput,
    Featurizer,
    Field,
)
from matdata.features.precursors import (
    ATTRIBUTES,
    TABLES,
    Precursor,
    Refused,
    inner_offsets,
    labels_of,
    precursor_vectors,
    read_precursors,
    units_of,
)
from matdata.tables.operations import OPERATION_TOKENS, OPERATIONS

PRECURSORS, OPERATION_COLUMN = "precursors", "operations"
MAX_PRECURSORS = 64  # of a reaction: pairs of them are made in a batch
MAX_OPERATIONS = 256
MAX_AMOUNT = sys.float_info.max / MAX_PRECURSORS  # moles, so that their sum is finite


@dataclass(frozen=True)
class ReactionSettings(Settings):
    """What stands for a precursor, and what is done about an amount that is not known."""

    table: str = setting(
        ATTRIBUTES,
        "vector of a precursor: Magpie's 145 composition attributes, or the mean of a table of "
        "element vectors over its atoms",
        choices=TABLES,
    )
    unstated: str = setting(
        "one",
        "a precursor whose amount is not known counts as one mole, or makes a ledger row",
        choices=("one", "reject"),
    )
    oxygen: bool = setting(
        True, "the product may hold oxygen though no precursor does (of air)", view=True
    )


class _Read(NamedTuple):
    """A reaction as its cells state it."""

    formulas: list[str]
    shares: list[float]
    tokens: list[int]


class Reaction(Featurizer[ReactionSettings]):
    """Precursors and operations of a reaction, what reaction graph networks read.

    R. E. A. Goodall, PhD thesis, Cambridge (2022), chapter 5. The columns are `precursors`, a list
    of records with a `formula` and an `amount` (moles; missing or null where it is not known), and
    `operations`, a list of words of a fixed vocabulary (`matdata.tables.operations`). Nothing of
    the product is read, and nothing is fitted to the dataset.

    Stored are elements and atoms of each precursor, its molar share of all precursors, and a token
    per operation. `dense` gives share and vector of each precursor; loaders hold
    `matdata.load.inputs.reaction.ReactionBatch`.
    """

    name: ClassVar[str] = "reaction"
    version: ClassVar[str] = "1"
    packages: ClassVar[tuple[str, ...]] = ("numba",)
    citation: ClassVar[str] = "Goodall, PhD thesis, University of Cambridge (2022), chapter 5"
    requires = frozenset({"columns"})
    Settings: ClassVar[type[Settings]] = ReactionSettings
    batch_form = "matdata.load.inputs.reaction:ReactionBatch"
    batch_rows: ClassVar[int] = 4096
    shard_rows: ClassVar[int] = 1 << 16

    def columns(self) -> tuple[str, ...]:
        """``precursors`` and ``operations``."""
        return PRECURSORS, OPERATION_COLUMN

    @property
    def fields(self) -> tuple[Field, ...]:
        """Precursors, their elements, and operations."""
        tokens = ", ".join(f"{token} {word}" for word, token in OPERATION_TOKENS.items())
        return (
            Field("shares", "precursor", (), "float32", "1", "molar shares of precursors, sum 1"),
            Field("counts", "precursor", (), "uint8", "1", "elements of each precursor"),
            Field("compound_possible", "precursor", (), "uint8", "1", "1 if charges can balance"),
            Field("elements", "element", (), "uint8", "1", "atomic numbers of each precursor"),
            Field("amounts", "element", (), "float64", "1", "atoms in the precursor's formula"),
            Field("operations", "operation", (), "uint8", "1", f"tokens in order: {tokens}"),
        )

    def featurize(self, batch: FeatureInput) -> Block:
        """Read the cells; each distinct precursor is parsed and checked once.

        Raises
        ------
        FeatureError
            If the materials have no table, or a column holds anything but lists.
        """
        table = self.table(batch)
        reactions: dict[int, _Read] = {}
        refused: dict[int, tuple[str, str]] = {}
        cells = zip(table.columns[PRECURSORS], table.columns[OPERATION_COLUMN], strict=True)
        for row, (precursors, operations) in enumerate(cells):
            try:
                formulas, shares = _precursors_of(precursors, self.settings.unstated == "one")
                reactions[row] = _Read(formulas, shares, _tokens_of(operations))
            except Unusable as error:
                refused[row] = error.reason, str(error)
        read = read_precursors(
            (one for reaction in reactions.values() for one in reaction.formulas),
            self.settings.table,
        )
        for row, reaction in list(reactions.items()):
            for one in map(read.__getitem__, reaction.formulas):
                if isinstance(one, Refused):
                    refused[row] = one.reason, one.message
                    reactions.pop(row, None)
        rejects = [
            Reject(str(table.ids[row]), "featurize", *refused[row]) for row in sorted(refused)
        ]
        rows = np.array([*reactions], dtype=np.int64)
        return Block(rows, _stored([*reactions.values()], read), rejects)

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """Molar share and vector of each precursor, (P, 1 + width) float32."""
        shares = cast(Ragged, fields["shares"])
        return Ragged(np.hstack([shares.values[:, None], self._vectors(fields)]), shares.offsets)

    def _vectors(self, fields: Mapping[str, Column]) -> Any:
        counts, possible = cast(Ragged, fields["counts"]), cast(Ragged, fields["compound_possible"])
        numbers = inner_offsets(counts, cast(Ragged, fields["elements"]))
        amounts = inner_offsets(counts, cast(Ragged, fields["amounts"]))
        return precursor_vectors(self.settings.table, numbers, amounts, possible.values)

    def batch_columns(self, fields: Mapping[str, Column]) -> BatchColumns:
        """Shares and vectors of precursors, their elements with amounts, tokens of operations."""
        shares, amounts = cast(Ragged, fields["shares"]), cast(Ragged, fields["amounts"])
        return {
            "shares": ("precursor", shares),
            "counts": ("precursor", fields["counts"]),
            "vectors": ("precursor", Ragged(self._vectors(fields), shares.offsets)),
            "elements": ("element", fields["elements"]),
            "amounts": ("element", Ragged(amounts.values.astype(np.float32), amounts.offsets)),
            "operations": ("operation", fields["operations"]),
        }

    def labels(self) -> Sequence[str]:
        """``share``, then those of the vector."""
        return ["share", *labels_of(self.settings.table)]

    def units(self) -> Sequence[str]:
        """None for the share, then those of the vector."""
        return ["1", *units_of(self.settings.table)]


def _precursors_of(cell: object, default: bool) -> tuple[list[str], list[float]]:
    """Formulas and molar shares of a cell.

    Parameters
    ----------
    cell
        A list of records.
    default
        Whether an amount that is not known counts as one mole.

    Raises
    ------
    Unusable
        If there are none or too many, a record has no formula, or an amount is not usable.
    FeatureError
        If the cell is no list of records.
    """
    if cell is None or (isinstance(cell, (list, tuple)) and not cell):
        raise Unusable("no_precursors", "the reaction has no precursors")
    records = _list_of(cell, PRECURSORS, Mapping, 'records, [{"formula": "TiO2", "amount": 1}]')
    if len(records) > MAX_PRECURSORS:
        raise Unusable(
            "many_precursors", f"{len(records)} precursors, at most {MAX_PRECURSORS} are read"
        )
    formulas, amounts = [], []
    for record in records:
        formula = record.get("formula")
        if not isinstance(formula, str) or not formula.strip():
            raise Unusable("bad_formula", "a precursor has no formula")
        formulas.append(formula)
        amounts.append(_amount_of(record.get("amount"), formula, default))
    total = math.fsum(amounts)
    return formulas, [amount / total for amount in amounts]


def _amount_of(amount: object, formula: str, default: bool) -> float:
    if amount is None and default:
        return 1.0
    if amount is None:
        raise Unusable("unstated_amount", f"the amount of {formula} is not known")
    if not is_number(amount) or not 0 < amount <= MAX_AMOUNT:
        shown = repr(amount)[:60]
        raise Unusable(
            "bad_amount", f"the amount of {formula} is {shown}, no usable positive number"
        )
    return float(amount)


def _tokens_of(cell: object) -> list[int]:
    """Tokens of a cell; none where there is none.

    Raises
    ------
    Unusable
        If an operation is unknown, or there are too many.
    FeatureError
        If the cell is no list of texts.
    """
    if cell is None:
        return []
    words = _list_of(cell, OPERATION_COLUMN, str, f"words: {', '.join(OPERATIONS)}")
    if len(words) > MAX_OPERATIONS:
        raise Unusable(
            "many_operations", f"{len(words)} operations, at most {MAX_OPERATIONS} are read"
        )
    unknown = [word for word in words if word not in OPERATION_TOKENS]
    if unknown:
        raise Unusable(
            "unknown_operation",
            f"the operation {unknown[0]!r} is not known; known ones: {', '.join(OPERATIONS)}",
        )
    return [OPERATION_TOKENS[word] for word in words]


def _list_of(cell: object, name: str, kind: type, wanted: str) -> Sequence[Any]:
    if isinstance(cell, (list, tuple)) and all(isinstance(item, kind) for item in cell):
        return cell
    shown = repr(cell)
    raise FeatureError(
        f"column {name!r} holds {shown if len(shown) <= 60 else shown[:60] + '…'}; expected a "
        f"list of {wanted}",
        next_step="build the dataset from the source `reactions`, or write such lists as JSON",
    )


def _stored(
    reactions: Sequence[_Read], read: Mapping[str, Precursor | Refused]
) -> dict[str, Column]:
    """Fields of reactions whose precursors can all be featurized."""
    precursors = [cast(Precursor, read[name]) for one in reactions for name in one.formulas]
    n_precursors = offsets_of([len(one.formulas) for one in reactions])
    counts = np.array([len(one.numbers) for one in precursors], dtype=np.uint8)
    n_elements = offsets_of(counts)[n_precursors]
    numbers = [np.empty(0, np.uint8), *(one.numbers for one in precursors)]
    amounts = [np.empty(0), *(one.amounts for one in precursors)]
    shares = [share for one in reactions for share in one.shares]
    possible = [one.compound_possible for one in precursors]
    tokens = [token for one in reactions for token in one.tokens]
    return {
        "shares": Ragged(np.array(shares, np.float32), n_precursors),
        "counts": Ragged(counts, n_precursors),
        "compound_possible": Ragged(np.array(possible, np.uint8), n_precursors),
        "elements": Ragged(np.concatenate(numbers), n_elements),
        "amounts": Ragged(np.concatenate(amounts), n_elements),
        "operations": Ragged(
            np.array(tokens, np.uint8), offsets_of([len(one.tokens) for one in reactions])
        ),
    }
