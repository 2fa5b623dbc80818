"""Vectors of elements (mat2vec, Matscholar, MEGNet16, …): a table, and atomic numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals, Ragged
from matdata.core.ledger import Reject
from matdata.core.settings import Settings, setting
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field
from matdata.features.inputs import Requirement
from matdata.tables import element_vectors, magpie


@dataclass(frozen=True)
class ElementSettings(Settings):
    """Which table, and what has a row."""

    variant: str = setting("mat2vec", "table of elements", choices=element_vectors.NAMES)
    per: str = setting(
        "site",
        "one row per site of the structure, or per element of the formula",
        choices=("site", "element"),
    )
    unknown: str = setting(
        "reject",
        "a number that a table does not know of an element: no feature, or the mean over elements",
        choices=("reject", "mean"),
    )


class ElementVectors(Featurizer[ElementSettings]):
    """Vectors of the elements of a material, one row per site (or per element of the formula).

    Stored are atomic numbers; `dense` looks the vectors up. The tables and their sources are those
    of `matdata.tables.element_vectors`. A material with an element that the table lacks goes into
    the ledger, which names the element, as does one of which a single number is unknown unless
    ``unknown="mean"``: 21 elements of ``jarvis438`` (Xe, Pm, Eu, Po to Ac, Pa, Np to Lr) have four
    numbers or fewer.
    """

    name: ClassVar[str] = "element"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "see matdata.tables.element_vectors"
    Settings: ClassVar[type[Settings]] = ElementSettings
    batch_form = "matdata.load.inputs.sites:ElementBatch"
    batch_rows: ClassVar[int] = 4096
    shard_rows: ClassVar[int] = 1 << 18

    @property
    def requires(self) -> frozenset[Requirement]:  # type: ignore[override]
        """Rows of sites need a structure, rows of elements a formula."""
        return frozenset({"structure" if self.settings.per == "site" else "composition"})

    @property
    def fields(self) -> tuple[Field, ...]:
        """The atomic number of each row."""
        return (Field("numbers", self.settings.per, (), "uint8", "1", "atomic number"),)

    def _table(self) -> npt.NDArray[np.float32]:
        chosen = self.settings
        read = element_vectors.filled if chosen.unknown == "mean" else element_vectors.vectors
        return read(chosen.variant)

    def featurize(self, batch: FeatureInput) -> Block:
        """Check that the table knows all elements."""
        in_table = np.asarray(np.isfinite(self._table()).all(axis=1))
        materials = self.materials(batch)
        rows, rejects = known_rows(materials, in_table, self.spec)
        return Block(
            rows, {"numbers": Ragged(materials.numbers, materials.offsets).take(rows)}, rejects
        )

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """The vector of each row, (N, width) float32."""
        numbers = cast(Ragged, fields["numbers"])
        return Ragged(self._table()[numbers.values], numbers.offsets)

    def labels(self) -> Sequence[str]:
        """Names of the table's columns."""
        return list(element_vectors.labels(self.settings.variant))

    def units(self) -> Sequence[str]:
        """Units of Magpie's properties; the other tables state none."""
        if self.settings.variant == "magpie":
            return list(magpie.UNITS.values())
        return super().units()


def known_rows(
    batch: Crystals | Compositions, known: npt.NDArray[np.bool_], table: str
) -> tuple[npt.NDArray[np.int64], list[Reject]]:
    """Rows whose elements are all known, and a ledger row that names the elements of the others.

    Parameters
    ----------
    batch
        Materials.
    known : (119,) bool
        Elements of the table, by atomic number.
    table
        Its name, for the message.
    """
    everything = np.zeros(256, dtype=bool)
    everything[: len(known)] = known
    lengths = np.diff(batch.offsets)
    owner = np.repeat(np.arange(len(batch)), lengths)
    unknown = ~everything[batch.numbers]
    bad = np.union1d(owner[unknown], np.flatnonzero(lengths == 0))
    rejects = []
    for row in bad.tolist():
        part = slice(batch.offsets[row], batch.offsets[row + 1])
        numbers = sorted(set(batch.numbers[part][unknown[part]].tolist()))
        reason, text = "unknown_element", f"{table} does not know {_names(numbers)}"
        if not numbers:
            reason, text = "empty", "the material holds no atoms"
        rejects.append(Reject(str(batch.ids[row]), "featurize", reason, text))
    return np.setdiff1d(np.arange(len(batch)), bad), rejects


def _names(numbers: list[Any]) -> str:
    symbols = elements.symbols()
    return ", ".join(symbols[z] if 0 < z < len(symbols) else f"atomic number {z}" for z in numbers)
