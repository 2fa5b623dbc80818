"""Wyckoff representation: which elements occupy which Wyckoff positions, without coordinates."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, Int, Ragged, offsets_of
from matdata.core.documents import JsonMapping
from matdata.core.ledger import Reject
from matdata.core.scheduler_names import WorkerKind
from matdata.core.settings import Settings, setting
from matdata.core.table_rows import TableRows
from matdata.features.base import (
    BatchColumns,
    Block,
    Column,
    Dense,
    FeatureInput,
    Featurizer,
    Field,
)
from matdata.features.curated import (
    FromCuration,
    curated_cells,
    read_labelled,
    read_or_computed,
)
from matdata.features.intermediates import Intermediate
from matdata.features.symmetry import (
    CURATED,
    LABEL,
    VALID,
    SymmetrySearch,
    SymmetrySettings,
)
from matdata.tables import wyckoff, wyckoff_terms
from matdata.tables.wyckoff import Convention

AFTER = ("multiplicity share", "atomic number", "labelling")


@dataclass(frozen=True)
class WyckoffSettings(SymmetrySettings):
    """How symmetry is found, and which labellings are seen."""

    convention: str = setting(
        "affine",
        "labellings that count as equivalent: affine normalizer, or aviary's",
        choices=("affine", "aviary"),
    )
    terms: str = setting(
        "thesis",
        "vector of a position: the 444 terms of the thesis, or 522 that count all sites",
        choices=tuple(wyckoff_terms.WIDTH),
        view=True,
    )
    labellings: str = setting(
        "canonical",
        "dense form: rows of the canonical labelling, or of all equivalent ones",
        choices=("canonical", "all"),
        view=True,
    )


class Wyckoff(Featurizer[WyckoffSettings], FromCuration):
    """Wyckoff representations (R. E. A. Goodall et al., Sci. Adv. 8, eabn4117, 2022).

    One row for each occupied orbit: the terms of its Wyckoff position (`tables.wyckoff_terms`), its
    share of the sites of the conventional cell, the atomic number, and which labelling it belongs
    to. Labelling 0 is the canonical one; with ``labellings="all"`` the rows of all others that a
    change of origin or axes can cause follow, over which a model averages (thesis 6.3.4).

    Stored are the element and the position of each orbit: 3 bytes.
    """

    name: ClassVar[str] = "wyckoff"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Goodall et al., Sci. Adv. 8, eabn4117 (2022)"
    requires = frozenset({"structure"})
    Settings: ClassVar[type[Settings]] = WyckoffSettings
    batch_form = "matdata.load.inputs.wyckoff:WyckoffBatch"
    workers: ClassVar[WorkerKind] = "process"
    shard_rows: ClassVar[int] = 1 << 18

    @property
    def packages(self) -> tuple[str, ...]:  # type: ignore[override]
        """The engine that finds symmetry."""
        return (self.settings.engine,)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Element and Wyckoff position of each orbit."""
        return (
            Field("elements", "orbit", (), "uint8", "1", "atomic number"),
            Field("positions", "orbit", (), "uint16", "1", "row among the 1,731 positions"),
        )

    @property
    def intermediates(self) -> tuple[Intermediate[object], ...]:
        """The search for symmetry."""
        return (SymmetrySearch.with_settings(self.settings),)

    def curated_columns(self, curation: JsonMapping) -> tuple[str, ...]:
        """Canonical labels, if they were found in the same way."""
        same = self.settings.convention == "affine" and self.settings.found_by(curation)
        return CURATED if same else ()

    def label_columns(self) -> tuple[str, ...]:
        """Canonical labels, which are those of the affine normalizer."""
        return CURATED if self.settings.convention == "affine" else ()

    def featurize(self, batch: FeatureInput) -> Block:
        """Find symmetry, and the canonical labelling; where curation has found it, read it."""
        labels = curated_cells(batch, LABEL)
        read = functools.partial(self._read, batch, labels)
        if isinstance(batch, TableRows):
            return read_labelled(batch, LABEL, read)
        crystals = self.crystals(batch)
        return read_or_computed(labels, crystals, read, self._search)

    def _read(self, batch: FeatureInput, labels: Sequence[str], rows: Int) -> Block:
        """The block of crystals whose labels are known."""
        from matdata.symmetry.labels import orbits_of_labels

        cells = curated_cells(batch, VALID)
        valid = np.array([cells[row] for row in rows.tolist()], dtype=np.bool_)
        orbits = orbits_of_labels([labels[row] for row in rows[valid].tolist()])
        rejects = [_invalid(name) for name in batch.ids[rows[~valid]].tolist()]
        return _block(np.flatnonzero(valid), *orbits, rejects)

    def _search(self, batch: Crystals) -> Block:
        """The block of crystals whose symmetry is searched."""
        from matdata.symmetry.protostructure import protostructures

        chosen = self.settings
        symmetry = SymmetrySearch.with_settings(chosen).of(batch)
        labelled = protostructures(batch, symmetry, cast(Convention, chosen.convention))
        rejects = [
            Reject(r.material_id, "featurize", r.reason, r.message) for r in symmetry.rejects
        ]
        lost = batch.ids[symmetry.found & ~labelled.wyckoff_valid].tolist()
        rejects += [_invalid(name) for name in lost]
        rows = np.flatnonzero(labelled.wyckoff_valid)
        part = labelled.take(rows)
        return _block(rows, part.numbers, part.position_rows, part.offsets, rejects)

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """Terms, share, atomic number and labelling of each orbit, (K, 447) float32."""
        numbers, positions = cast(Ragged, fields["elements"]), cast(Ragged, fields["positions"])
        orbits = np.arange(len(positions.values))
        rows, labelling = positions.values.astype(np.int64), np.zeros(len(orbits), np.int64)
        offsets = positions.offsets
        if self.settings.labellings == "all":
            tables = [self.equivalents(n, p) for n, p in zip(numbers, positions, strict=True)]
            orbits, rows, labelling, offsets = _expand(tables, positions)
        terms = wyckoff_terms.terms(self.settings.terms)
        out = np.empty((len(rows), terms.shape[1] + len(AFTER)), dtype=np.float32)
        out[:, : terms.shape[1]] = terms[rows]
        # Equivalent positions have the same multiplicity, so shares are those of the orbits.
        out[:, -3] = _shares(positions)[orbits]
        out[:, -2], out[:, -1] = numbers.values[orbits], labelling
        return Ragged(out, offsets)

    def batch_columns(self, fields: Mapping[str, Column]) -> BatchColumns:
        """All equivalent labellings of each crystal, one after another.

        ``elements`` and ``positions`` of each orbit of each labelling, and ``orbits``, the number
        of orbits of each labelling.
        """
        numbers, positions = cast(Ragged, fields["elements"]), cast(Ragged, fields["positions"])
        tables = [self.equivalents(n, p) for n, p in zip(numbers, positions, strict=True)]
        entries, rows, _, offsets = _expand(tables, positions)
        labellings = np.array([len(table) for table in tables], dtype=np.int64)
        orbits = np.repeat(numbers.lengths, labellings).astype(np.uint16)
        return {
            "elements": ("orbit", Ragged(numbers.values[entries], offsets)),
            "positions": ("orbit", Ragged(rows.astype(np.uint16), offsets)),
            "orbits": ("labelling", Ragged(orbits, offsets_of(labellings))),
        }

    def equivalents(
        self, elements: npt.NDArray[np.generic], positions: npt.NDArray[np.generic]
    ) -> Int:
        """All labellings of one crystal that are equivalent and differ.

        Parameters
        ----------
        elements, positions : (k,)
            Stored fields of the crystal.

        Returns
        -------
        (e, k) int64
            Positions of the orbits in each labelling, the given one first.
        """
        key = tuple(elements.tolist()), tuple(positions.tolist())
        return _equivalents(*key, cast(Convention, self.settings.convention))

    def labels(self) -> Sequence[str]:
        """Names of the terms, then share, atomic number and labelling."""
        return [*wyckoff_terms.labels(self.settings.terms), *AFTER]


def _block(
    rows: Int, numbers: npt.NDArray[np.uint8], positions: Int, offsets: Int, rejects: list[Reject]
) -> Block:
    fields: dict[str, Column] = {
        "elements": Ragged(numbers, offsets),
        "positions": Ragged(positions.astype(np.uint16), offsets),
    }
    return Block(rows, fields, rejects)


def _invalid(name: str) -> Reject:
    text = "multiplicities do not sum to the composition: sites overlap at this symprec"
    return Reject(name, "featurize", "invalid_wyckoff", text)


def _expand(tables: list[Int], positions: Ragged) -> tuple[Int, Int, Int, Int]:
    """Stored orbit, position and labelling of each row of all labellings, and offsets."""
    orbits, rows, labelling = [], [], []
    for first, table in zip(positions.offsets.tolist(), tables, strict=False):
        count, size = table.shape
        orbits.append(np.tile(np.arange(first, first + size), count))
        rows.append(table.ravel())
        labelling.append(np.repeat(np.arange(count), size))
    none = np.empty(0, np.int64)
    offsets = offsets_of([table.size for table in tables])
    return (
        np.concatenate([none, *orbits]),
        np.concatenate([none, *rows]),
        np.concatenate([none, *labelling]),
        offsets,
    )


def _shares(positions: Ragged) -> npt.NDArray[np.float64]:
    """Multiplicity of each orbit over the sites of the conventional cell, (K,)."""
    multiplicities = wyckoff.multiplicities()[positions.values.astype(np.int64)]
    owner = np.repeat(np.arange(len(positions)), positions.lengths)
    totals = np.bincount(owner, multiplicities, len(positions))
    shares: npt.NDArray[np.float64] = multiplicities / totals[owner]
    return shares


@functools.lru_cache(maxsize=1 << 16)
def _equivalents(
    elements: tuple[int, ...], positions: tuple[int, ...], convention: Convention
) -> Int:
    group = int(wyckoff_terms.group_of_position()[positions[0]])
    start = int(wyckoff.starts()[group - 1])
    letters = np.array(positions) - start
    moved = wyckoff.relabellings(group, convention)[:, letters].astype(np.int64)
    # Two relabellings are one representation if the same elements sit on the same positions.
    kinds = np.array(elements, dtype=np.int64) * 32
    distinct: dict[tuple[int, ...], npt.NDArray[np.int64]] = {}
    for row in [letters, *moved]:
        distinct.setdefault(tuple(np.sort(kinds + row).tolist()), row)
    table: Int = np.stack(list(distinct.values())) + start
    table.flags.writeable = False
    return table
