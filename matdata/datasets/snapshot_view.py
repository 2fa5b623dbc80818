"""A snapshot with the interface of a dataset, for comparisons."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.building.snapshot_records import DEPRECATED, SnapshotRecords
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError, did_you_mean
from matdata.core.ledger import Reject
from matdata.core.row_index import RowIndex
from matdata.core.structures import Structures
from matdata.sources.snapshot import Snapshot, kept_snapshot
from matdata.store.tables import Columns


class SnapshotView:
    """The records of a snapshot, read at their first use.

    Records marked as deprecated are rejects, as in a dataset.

    Parameters
    ----------
    snapshot
        The snapshot.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.manifest: JsonObject = snapshot.origin

    @classmethod
    def find(cls, cache: Path, ref: str) -> SnapshotView:
        """The snapshot ``source/version``, as printed by ``matdata list``; a prefix is enough.

        Raises
        ------
        StoreError
            If there is no such snapshot, or several match.
        """
        source, _, version = ref.partition("/")
        return cls(kept_snapshot(cache, source, version))

    @property
    def ref(self) -> str:
        """``source/version-digest8``."""
        return f"{self.manifest['source']}/{self._snapshot.folder.name}"

    @property
    def kind(self) -> str:
        """``structure`` or ``composition``."""
        return str(self.manifest["kind"])

    @functools.cached_property
    def _loaded(self) -> tuple[Structures, Columns, list[Reject]]:
        records = SnapshotRecords(self._snapshot, list(self.manifest["targets"]))
        marks = records.table.get(DEPRECATED, [None] * len(records.ids))
        is_deprecated = np.array([mark is True for mark in marks], dtype=np.bool_)
        deprecated = [
            Reject(identity, "source", "deprecated", "its database marks it so")
            for identity in records.ids[is_deprecated].tolist()
        ]
        rows = np.flatnonzero(~is_deprecated)
        selected = {
            name: [column[row] for row in rows.tolist()] for name, column in records.table.items()
        }
        return records.structures_of(rows), selected, [*records.rejects, *deprecated]

    @property
    def structures(self) -> Structures:
        """The structures of the records that have one."""
        return self._loaded[0]

    @property
    def columns(self) -> Columns:
        """The table's columns."""
        return self._loaded[1]

    @property
    def units(self) -> dict[str, str]:
        """Units of the targets."""
        return dict(self.manifest["targets"])

    @functools.cached_property
    def ids(self) -> npt.NDArray[np.str_]:
        """Material ids, (n,)."""
        return np.asarray(self.columns["material_id"], dtype=np.str_)

    @functools.cached_property
    def _index(self) -> RowIndex:
        return RowIndex(self.ids)

    def row(self, material_id: str) -> int:
        """Row of a material.

        Raises
        ------
        StoreError
            If the snapshot does not hold it.
        """
        row = self._index.get(material_id)
        if row is None:
            near = did_you_mean(material_id, self._index)
            raise StoreError(f"{self.ref} holds no record {material_id!r}{near}")
        return row

    def rejects(self) -> list[Reject]:
        """Records that are not part of it, with their reasons."""
        return self._loaded[2]
