"""A committed dataset: columns, table, ledger, funnel and splits, opened from its folder."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matdata.core import ledger
from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals, as_ids
from matdata.core.documents import JsonObject
from matdata.core.errors import MatdataError, StoreError, StructureError, did_you_mean, first_few
from matdata.core.ledger import Reject
from matdata.core.row_index import RowIndex
from matdata.core.structures import Structures
from matdata.store import notes, spectra_file, tables
from matdata.store.columns import GIVEN_FORMULA, read_structures
from matdata.store.dataset_manifest import KIND, DatasetManifest
from matdata.store.dataset_spectra import Spectra, spectra_of
from matdata.store.formats import stamp, upgraded
from matdata.store.journal import entries_of
from matdata.store.parts import check_once
from matdata.store.records import read_json
from matdata.store.table_columns import TableColumns
from matdata.store.walk import Fault

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["KIND", "DatasetFolder"]

SPLIT = "split"


class DatasetFolder(DatasetManifest):
    """The files of one dataset; each is read and checked at its first use.

    Parameters
    ----------
    folder
        ``datasets/<name>/<version>-<digest8>`` in a cache.
    """

    def checked(self, part: str) -> Path:
        """The path of a part; its files are compared with their digests once per process.

        Raises
        ------
        DamageError
            If one is missing or damaged.
        """
        return check_once(self.folder, self.manifest, part)

    def bring(
        self, features: Mapping[str, Mapping[str, object]], report: Callable[[str], None]
    ) -> None:
        """Bring features, with these settings, into the cache from where the dataset was opened.

        Nothing is to be brought for a dataset of the cache itself.
        """

    @functools.cached_property
    def columns(self) -> TableColumns:
        """The table's columns, each read at its first use."""
        return TableColumns(self._table, self._spectra if self.has_spectra else None)

    @property
    def has_spectra(self) -> bool:
        """Whether there are spectra beside the table, on axes that all rows share."""
        return any(entry["part"] == spectra_file.PART for entry in entries_of(self.manifest))

    def _spectra(self) -> spectra_file.SpectraFile:
        path = self.checked(spectra_file.PART)
        return spectra_file.SpectraFile(path, int(self.manifest["rows"]))

    def _table(self) -> Path:
        return self.checked("table.parquet")

    def require_column(
        self, name: str, use: str = "", error: type[MatdataError] = StoreError
    ) -> Sequence[Any]:
        """Cells of a column, one per row.

        Parameters
        ----------
        name
            Name of the column.
        use
            What it is needed for, as the message goes on (``" for the axis of dos"``).
        error
            The error to raise, of the part that asks.

        Raises
        ------
        MatdataError
            If there is no such column, with the closest one.
        """
        tables.check_column(self.ref, list(self.columns), name, use, error)
        return self.columns[name]

    @functools.cached_property
    def units(self) -> dict[str, str]:
        """Units of the table's columns, where they are known."""
        spectra = self.columns.spectra
        return tables.read_units(self._table()) | ({} if spectra is None else spectra.units)

    @functools.cached_property
    def axes(self) -> dict[str, str]:
        """By column of arrays the column with the points where their numbers stand."""
        spectra = self.columns.spectra
        return tables.read_axes(self._table()) | ({} if spectra is None else spectra.axis_of)

    def spectra(self, column: str) -> Spectra:
        """Spectra of all rows as one block, which cells of `columns` are not.

        Parameters
        ----------
        column
            A column that was resampled to one grid, or came on one axis (`build --spectra`).

        Raises
        ------
        StoreError
            If it is none of these.
        """
        return spectra_of(self.columns, column, self.ref, len(self.ids))

    @functools.cached_property
    def ids(self) -> np.ndarray[Any, Any]:
        """Material ids in the order of the rows, (n,)."""
        return as_ids(self.columns.texts("material_id"))

    @functools.cached_property
    def _index(self) -> RowIndex:
        return RowIndex(self.ids)

    def row(self, material_id: str) -> int:
        """Row of a material.

        Raises
        ------
        StoreError
            If the dataset does not hold it, with the reason if the ledger has one.
        """
        row = self._index.get(material_id)
        if row is None:
            raise self._lacks([material_id])
        return row

    def rows(self, ids: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Rows (m,) of m materials.

        Raises
        ------
        StoreError
            If the dataset does not hold one of them, naming those; of a single one why, when the
            ledger knows.
        """
        return self._index.rows(ids, self._lacks)

    def _lacks(self, unknown: list[str]) -> StoreError:
        if len(unknown) > 1:
            return StoreError(
                f"{self.ref} holds no materials {first_few(map(repr, unknown))}",
                cause="they come from another version of the dataset, or from another dataset",
            )
        (identity,) = unknown
        for reject in self.rejects():
            if reject.material_id == identity:
                return StoreError(
                    f"{identity} was left out of {self.ref}: {reject.reason}: {reject.message}"
                )
        return StoreError(
            f"{self.ref} holds no material {identity!r}{did_you_mean(identity, self._index)}",
            next_step=f"`matdata export {self.ref} FILE.csv` writes a table of it",
        )

    @functools.cached_property
    def structures(self) -> Structures:
        """The structures of the rows that have one."""
        if self.kind == "composition":
            return Structures.none(self.ids)
        return read_structures(self.checked("crystals.h5"), self.ids)

    def require_structures(self) -> None:
        """Raise a `StructureError` if the dataset holds compositions only."""
        if self.kind == "composition":
            raise StructureError(
                f"{self.ref} holds compositions and no structures",
                next_step="use features of compositions, or build from a source with structures",
            )

    @property
    def crystals(self) -> Crystals:
        """The structures that there are, in the order of the rows (`require_structures`)."""
        self.require_structures()
        return self.structures.crystals

    def crystal(self, material_id: str) -> Crystals:
        """The structure of one material.

        Raises
        ------
        StoreError
            If the dataset does not hold the material.
        StructureError
            If the material has no structure.
        """
        row = self.row(material_id)
        crystal = self.structures.crystal(row)
        if crystal is None:
            self.require_structures()
            raise StructureError(
                f"{material_id} has no structure in {self.ref}",
                cause=f"its record held a formula only ({self.columns['formula'][row]})",
                next_step="use features of compositions for it; `table` has n_sites where there is "
                "a structure",
            )
        return crystal

    @functools.cached_property
    def compositions(self) -> Compositions:
        """The compositions of all rows, counted from the structure or parsed from the formula."""
        return Compositions.from_rows(self.structures, self.columns.get(GIVEN_FORMULA, []))

    def rejects(self) -> list[Reject]:
        """The ledger."""
        return ledger.from_columns(tables.read_table(self.checked("ledger.parquet")))

    def funnel(self) -> list[JsonObject]:
        """Steps of the funnel."""
        steps: list[JsonObject] = read_json(self.checked("funnel.json"))["steps"]
        return steps

    # Splits may be added to a finished dataset; each is a table with a sealed note.

    @property
    def _splits(self) -> Path:
        return self.folder / "splits"

    def splits(self) -> tuple[list[str], list[Fault]]:
        """Names of the saved splits, and the faults of their folder if it cannot be read."""
        return notes.names(self._splits)

    def split_names(self) -> list[str]:
        """Names of the saved splits."""
        return self.splits()[0]

    def save_split(
        self,
        name: str,
        columns: dict[str, list[Any]],
        note: JsonObject,
        *,
        damaged: bool = False,
    ) -> JsonObject:
        """Save a split, unless one of its name exists: ids and parts, settings and digests.

        One that is `damaged` is replaced, if what is whole of it is the same.

        Returns the note of the saved split of that name, which may be an earlier one.
        """
        content = {**note, "dataset_digest": self.digest, "format": stamp(SPLIT)}
        write = notes.restore if damaged else notes.keep
        return write(self._splits, name, columns, content)

    def load_split(self, name: str) -> tuple[dict[str, list[Any]], JsonObject]:
        """The columns and the note of a saved split; raises as `split_note`."""
        note = self.split_note(name)
        return tables.read_table(self._splits / f"{name}{notes.TABLE}"), note

    def split_table(self, name: str) -> pa.Table:
        """The ids and parts of a saved split in Arrow; raises as `split_note`."""
        self.split_note(name)
        return tables.read_arrow(self._splits / f"{name}{notes.TABLE}")

    def split_note(self, name: str) -> JsonObject:
        """The note of a saved split, whose table is whole.

        Raises
        ------
        StoreError
            If there is none of that name, it is damaged, or it belongs to another dataset.
        """
        names = self.split_names()
        if name not in names:
            raise StoreError(
                f"{self.ref} has no split {name!r}{did_you_mean(name, names)}",
                next_step=f"saved splits: {', '.join(names) or 'none'}; `matdata split` makes one",
            )
        note = notes.read(self._splits, name)
        stated = note.get("format")
        version = stated.get("version") if isinstance(stated, dict) else None
        note = upgraded(SPLIT, note, version, self._splits / f"{name}{notes.NOTE}")
        if note["dataset_digest"] not in (self.digest, self.base_digest):
            raise StoreError(
                f"split {name!r} was made from dataset {str(note['dataset_digest'])[:8]}, "
                f"{self.ref} is {self.digest[:8]}",
                cause="its files were copied from another version of the dataset",
                next_step=f"split this version (`matdata split {self.ref} --method "
                f"{note.get('method', 'random')} --name NAME`), or open the one it belongs to",
            )
        return note
