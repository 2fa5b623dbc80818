"""Global attributes of a crystal: its cell, and its space group as one-hots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, Int
from matdata.core.documents import JsonMapping
from matdata.core.ledger import Reject
from matdata.core.scheduler_names import WorkerKind
from matdata.core.settings import Settings
from matdata.core.table_rows import TableRows
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field
from matdata.features.curated import (
    FromCuration,
    curated_cells,
    read_labelled,
    read_or_computed,
)
from matdata.features.intermediates import Intermediate
from matdata.features.symmetry import CURATED, GROUP, SymmetrySearch, SymmetrySettings
from matdata.tables import wyckoff
from matdata.tables.space_groups import CRYSTAL_SYSTEMS, system_numbers

CELL_UNITS = {
    "a": "Å",
    "b": "Å",
    "c": "Å",
    "alpha": "degree",
    "beta": "degree",
    "gamma": "degree",
    "volume": "Å^3",
    "volume per site": "Å^3",
}


class Lattice(Featurizer):
    """Lengths, angles and volume of the cell as it is given, a global state of a crystal.

    Lengths and angles are those of this cell: another cell of the same crystal has others (the
    volume per site alone does not change). MEGNet's own state of a crystal (C. Chen et al., Chem.
    Mater. 31, 3564, 2019) is two zeros, which needs no store.
    """

    name: ClassVar[str] = "lattice"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Chen et al., Chem. Mater. 31, 3564 (2019)"
    requires = frozenset({"structure"})
    batch_rows: ClassVar[int] = 4096

    @property
    def fields(self) -> tuple[Field, ...]:
        """Lengths and angles, and the number of sites."""
        return (
            Field("cell", "crystal", (6,), "float64", "Å, degree", "a, b, c, alpha, beta, gamma"),
            Field("n_sites", "crystal", (), "uint32", "1", "sites of the cell"),
        )

    def featurize(self, batch: FeatureInput) -> Block:
        """Lengths and angles of cells that have a volume."""
        batch = self.crystals(batch)
        with np.errstate(invalid="ignore", divide="ignore"):
            lengths = np.linalg.norm(batch.lattice, axis=2)
            units = batch.lattice / lengths[:, :, None]
            cosines = np.stack(
                [(units[:, i] * units[:, k]).sum(axis=1) for i, k in ((1, 2), (0, 2), (0, 1))], 1
            )
            flat = ~(np.isfinite(lengths).all(axis=1) & (batch.volume > 0))
        rejects = []
        for row in np.flatnonzero(flat | (batch.n_sites == 0)):
            reason = "degenerate_lattice" if flat[row] else "no_sites"
            text = "the lattice has no volume or is not finite" if flat[row] else "no sites"
            rejects.append(Reject(str(batch.ids[row]), "featurize", reason, text))
        rows = np.flatnonzero(~flat & (batch.n_sites > 0))
        angles = np.degrees(np.arccos(np.clip(cosines[rows], -1.0, 1.0)))
        fields: dict[str, Column] = {
            "cell": np.hstack([lengths[rows], angles]),
            "n_sites": batch.n_sites[rows].astype(np.uint32),
        }
        return Block(rows, fields, rejects)

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """Lengths, angles, volume and volume per site, (n, 8) float64."""
        cell, sites = cast(npt.NDArray[Any], fields["cell"]), fields["n_sites"]
        x, y, z = np.cos(np.radians(cell[:, 3:])).T
        # V = abc sqrt(1 + 2xyz - x^2 - y^2 - z^2), International Tables C (2006), 1.1.
        root = np.sqrt(np.maximum(1.0 + 2.0 * x * y * z - x**2 - y**2 - z**2, 0.0))
        volume = cell[:, 0] * cell[:, 1] * cell[:, 2] * root
        return np.column_stack([cell, volume, volume / cast(npt.NDArray[Any], sites)])

    def labels(self) -> Sequence[str]:
        """Names of the columns."""
        return list(CELL_UNITS)

    def units(self) -> Sequence[str]:
        """Å, degrees and Å^3."""
        return list(CELL_UNITS.values())


class SpaceGroup(Featurizer[SymmetrySettings], FromCuration):
    """Space group (230) and crystal system (7) as one-hots; one byte is stored."""

    name: ClassVar[str] = "space-group"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "International Tables for Crystallography A (2016)"
    requires = frozenset({"structure"})
    Settings: ClassVar[type[Settings]] = SymmetrySettings
    workers: ClassVar[WorkerKind] = "process"
    shard_rows: ClassVar[int] = 1 << 18

    @property
    def packages(self) -> tuple[str, ...]:  # type: ignore[override]
        """The engine that finds symmetry."""
        return (self.settings.engine,)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The number of the space group."""
        return (Field("number", "crystal", (), "uint8", "1", "space-group number, 1 to 230"),)

    @property
    def intermediates(self) -> tuple[Intermediate[object], ...]:
        """The search for symmetry."""
        return (SymmetrySearch.with_settings(self.settings),)

    def curated_columns(self, curation: JsonMapping) -> tuple[str, ...]:
        """Space groups, if they were found in the same way."""
        return CURATED if self.settings.found_by(curation) else ()

    def label_columns(self) -> tuple[str, ...]:
        """Space groups, which labels name."""
        return CURATED

    def featurize(self, batch: FeatureInput) -> Block:
        """Find symmetry; where curation has found it, read it."""
        groups = curated_cells(batch, GROUP)

        def read(rows: Int) -> Block:
            number = np.array([groups[row] for row in rows.tolist()], dtype=np.uint8)
            return Block(np.arange(len(rows)), {"number": number})

        if isinstance(batch, TableRows):
            return read_labelled(batch, GROUP, read)
        return read_or_computed(groups, self.crystals(batch), read, self._search)

    def _search(self, batch: Crystals) -> Block:
        """The block of crystals whose symmetry is searched."""
        symmetry = SymmetrySearch.with_settings(self.settings).of(batch)
        rows = np.flatnonzero(symmetry.found)
        number = symmetry.space_group_number[rows].astype(np.uint8)
        rejects = [
            Reject(r.material_id, "featurize", r.reason, r.message) for r in symmetry.rejects
        ]
        return Block(rows, {"number": number}, rejects)

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """One-hots of group and system, (n, 237) float32."""
        number = cast(npt.NDArray[Any], fields["number"]).astype(np.int64)
        out = np.zeros((len(number), wyckoff.N_GROUPS + len(CRYSTAL_SYSTEMS)), dtype=np.float32)
        row = np.arange(len(number))
        out[row, number - 1] = 1.0
        out[row, wyckoff.N_GROUPS + system_numbers(number) - 1] = 1.0
        return out

    def labels(self) -> Sequence[str]:
        """``space group 1`` to 230, then the crystal systems."""
        groups = [f"space group {number}" for number in range(1, wyckoff.N_GROUPS + 1)]
        return [*groups, *CRYSTAL_SYSTEMS]
