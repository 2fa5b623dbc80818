"""What composition models read: fractions, weighted sets, padded element-fraction matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.composition import Compositions
from matdata.core.crystals import Ragged
from matdata.core.ledger import Reject
from matdata.core.settings import Settings, setting
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field, S_co
from matdata.features.element import known_rows
from matdata.tables import element_vectors

#: ElemNet's 86 elements: H to Pu without He, Ne, Ar, Po, At, Rn, Fr and Ra.
ELEMNET = tuple(z for z in range(1, 95) if z not in (2, 10, 18, 84, 85, 86, 87, 88))
ELEMENT_SETS = {"86": ELEMNET, "103": tuple(range(1, 104)), "118": tuple(range(1, 119))}
#: Logarithmic fraction of CrabNet: ``LOG_SCALE * log2(x)^2``, at most 1.
LOG_SCALE = 0.0025


class _OfElements(Featurizer[S_co]):
    """Base: elements and fractions are stored, one entry for each element of the formula."""

    requires = frozenset({"composition"})
    batch_rows: ClassVar[int] = 4096
    shard_rows: ClassVar[int] = 1 << 18

    @property
    def fields(self) -> tuple[Field, ...]:
        """Elements in ascending order, and their atomic fractions."""
        return (
            Field("elements", "element", (), "uint8", "1", "atomic numbers, ascending"),
            Field("fractions", "element", (), "float32", "1", "atomic fractions, sum 1"),
        )

    def _known(self) -> npt.NDArray[np.bool_]:
        """Elements that the model reads, (119,)."""
        readable = np.ones(elements.N_ELEMENTS + 1, dtype=bool)
        readable[0] = False
        return readable

    def _too_long(self, batch: Compositions) -> dict[int, str]:
        return {}

    def featurize(self, batch: FeatureInput) -> Block:
        """Normalise amounts."""
        batch = self.compositions(batch)
        rows, rejects = known_rows(batch, self._known(), self.spec)
        wrong = unsound_rows(batch)
        long = self._too_long(batch)
        for row in rows.tolist():
            identity = str(batch.ids[row])
            if row in wrong:
                text = "an amount is not a positive number"
                rejects.append(Reject(identity, "featurize", "bad_amount", text))
            elif row in long:
                rejects.append(Reject(identity, "featurize", "too_many_elements", long[row]))
        rows = np.setdiff1d(rows, [*wrong, *long])
        part = batch.take(rows)
        totals = np.add.reduceat(part.amounts, part.offsets[:-1]) if len(part) else np.empty(0)
        fractions = part.amounts / np.repeat(totals, part.n_elements)
        fields: dict[str, Column] = {
            "elements": Ragged(part.numbers, part.offsets),
            "fractions": Ragged(fractions.astype(np.float32), part.offsets),
        }
        return Block(rows, fields, rejects)


def unsound_rows(batch: Compositions) -> set[int]:
    """Rows with an amount that is not a positive number."""
    owner = np.repeat(np.arange(len(batch)), batch.n_elements)
    return set(owner[~(np.isfinite(batch.amounts) & (batch.amounts > 0))].tolist())


@dataclass(frozen=True)
class FractionSettings(Settings):
    """Which elements have a column."""

    elements: str = setting("103", "H to Lr, ElemNet's 86, or all", choices=tuple(ELEMENT_SETS))


class Fractions(_OfElements[FractionSettings]):
    """Atomic fractions by element: the input of ElemNet and of ResCNN.

    One column for each element in order of atomic number: 103 (H to Lr), the 86 of ElemNet (D. Jha
    et al., Sci. Rep. 8, 17593, 2018), or all 118. An element without a column is a ledger row.
    """

    name: ClassVar[str] = "fractions"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Jha et al., Sci. Rep. 8, 17593 (2018)"
    Settings: ClassVar[type[Settings]] = FractionSettings
    batch_form = "matdata.load.inputs.formula:FractionBatch"

    def _numbers(self) -> tuple[int, ...]:
        return ELEMENT_SETS[self.settings.elements]

    def _known(self) -> npt.NDArray[np.bool_]:
        readable = np.zeros(elements.N_ELEMENTS + 1, dtype=bool)
        readable[list(self._numbers())] = True
        return readable

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """Fractions of each composition, (n, columns) float32."""
        numbers, fractions = cast(Ragged, fields["elements"]), cast(Ragged, fields["fractions"])
        column = np.zeros(256, dtype=np.int64)
        column[list(self._numbers())] = np.arange(len(self._numbers()))
        out = np.zeros((len(numbers), len(self._numbers())), dtype=np.float32)
        row = np.repeat(np.arange(len(numbers)), numbers.lengths)
        out[row, column[numbers.values]] = fractions.values
        return out

    def labels(self) -> Sequence[str]:
        """Element symbols."""
        return [elements.symbols()[z] for z in self._numbers()]


@dataclass(frozen=True)
class SetSettings(Settings):
    """Which vectors stand for the elements."""

    table: str = setting("matscholar", "table of element vectors", choices=element_vectors.NAMES)


class CompositionSet(_OfElements[SetSettings]):
    """The weighted set of elements that Roost reads.

    R. E. A. Goodall and A. A. Lee, Nat. Commun. 11, 6280 (2020): one row for each element, its
    weight (the atomic fraction) and its vector, from Matscholar as in the paper by default. The
    order of rows (ascending atomic number) means nothing to the model.
    """

    name: ClassVar[str] = "composition-set"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Goodall and Lee, Nat. Commun. 11, 6280 (2020)"
    Settings: ClassVar[type[Settings]] = SetSettings
    batch_form = "matdata.load.inputs.formula:CompositionSetBatch"

    def _table(self) -> npt.NDArray[np.float32]:
        return element_vectors.vectors(self.settings.table)

    def _known(self) -> npt.NDArray[np.bool_]:
        return np.asarray(np.isfinite(self._table()).all(axis=1))

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """Weight and vector of each element, (K, 1 + width) float32."""
        numbers, fractions = cast(Ragged, fields["elements"]), cast(Ragged, fields["fractions"])
        vectors = self._table()[numbers.values]
        return Ragged(np.hstack([fractions.values[:, None], vectors]), numbers.offsets)

    def labels(self) -> Sequence[str]:
        """``weight``, then the columns of the table."""
        table = self.settings.table
        return ["weight", *element_vectors.labels(table)]


@dataclass(frozen=True)
class MatrixSettings(Settings):
    """How many rows a matrix has."""

    length: int = setting(0, "rows of each matrix; 0 for the longest that is read", minimum=0)


class ElementMatrix(_OfElements[MatrixSettings]):
    """Element-derived matrices, the input of CrabNet and L-G-DCNN.

    A. Y.-T. Wang et al., npj Comput. Mater. 7, 77 (2021): for each element its index (the atomic
    number, 0 where padded), its fraction x and its logarithmic fraction ``0.0025 log2(x)^2``, at
    most 1; padded with zeros. Elements are in ascending order of atomic number, which is canonical:
    models that depend on the order get the same one for the same material.
    """

    name: ClassVar[str] = "edm"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Wang et al., npj Comput. Mater. 7, 77 (2021)"
    Settings: ClassVar[type[Settings]] = MatrixSettings
    batch_form = "matdata.load.inputs.formula:ElementMatrixBatch"

    def _too_long(self, batch: Compositions) -> dict[int, str]:
        length = self.settings.length
        if length == 0:
            return {}
        counts = batch.n_elements
        return {
            row: f"{counts[row]} elements, the matrix has {length} rows"
            for row in np.flatnonzero(counts > length).tolist()
        }

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """Index, fraction and logarithmic fraction, (n, length, 3) float32."""
        numbers, fractions = cast(Ragged, fields["elements"]), cast(Ragged, fields["fractions"])
        lengths = numbers.lengths
        length = self.settings.length or int(lengths.max(initial=0))
        out = np.zeros((len(numbers), length, 3), dtype=np.float32)
        row = np.repeat(np.arange(len(numbers)), lengths)
        place = np.arange(len(row)) - np.repeat(numbers.offsets[:-1], lengths)
        logarithm = LOG_SCALE * np.log2(fractions.values) ** 2
        out[row, place, 0] = numbers.values
        out[row, place, 1] = fractions.values
        out[row, place, 2] = np.minimum(logarithm, 1.0)
        return out

    def labels(self) -> Sequence[str]:
        """Names of the three entries of a row."""
        return ["element", "fraction", "log fraction"]
