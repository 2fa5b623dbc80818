"""What an export writes, block by block: columns under the names that a rebuild reads, structures,
features, parts of a split.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

import pyarrow as pa
import pyarrow.compute as pc

from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.core.part_names import GIVEN_SPLIT
from matdata.core.structures import Structures
from matdata.curate.source_names import derived_columns, source_names
from matdata.features.feature import Feature
from matdata.splits.base import Split
from matdata.store.columns import GIVEN_FORMULA
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.dataset_rows import DatasetRows
from matdata.store.long_lists import digestible
from matdata.store.spectrum_columns import AxisColumn, SpectrumColumn
from matdata.store.tables import Columns
from matdata.store.user_metadata import words_in

#: Rows in memory at a time.
BLOCK = 5_000
#: Numbers of spectra in memory at a time: those of text formats are Python's, of 32 bytes each.
NUMBERS = 2_000_000
ID, FORMULA, LABEL = "material_id", "formula", "protostructure"


@dataclass(frozen=True)
class Block:
    """Some rows of a dataset.

    Attributes
    ----------
    start
        Row of the first.
    table
        The columns that are written.
    structures
        Structures of the rows that have one.
    """

    start: int
    table: pa.Table
    structures: Structures

    @functools.cached_property
    def ids(self) -> list[str]:
        """Material ids of the rows."""
        ids: list[str] = self.structures.ids.tolist()
        return ids

    def columns(self) -> Columns:
        """The columns as lists, None where a value is missing."""
        columns: Columns = self.table.to_pydict()
        return columns


@dataclass(frozen=True)
class Exported:
    """What is written.

    Attributes
    ----------
    dataset
        The dataset.
    features
        Dense features by name.
    split
        The split whose parts are written, where the format holds one.
    folds
        All splits by their names, where the format holds several.
    derived
        Write the columns that matdata computes as well, and all under the dataset's names.
    raw_text
        Write texts to CSV as they are, also those that a spreadsheet would run.
    """

    dataset: DatasetFolder
    features: Mapping[str, Feature] = field(default_factory=dict)
    split: Split | None = None
    folds: Mapping[str, Split] = field(default_factory=dict)
    derived: bool = False
    raw_text: bool = False

    def __len__(self) -> int:
        return int(self.dataset.manifest["rows"])

    @property
    def is_complete(self) -> bool:
        """Whether every material has a structure."""
        return self.dataset.n_without_structure == 0

    @functools.cached_property
    def names(self) -> dict[str, str]:
        """By column of the dataset the name under which it is written, id and formula first."""
        columns = [name for name in self.schema.names if name != self._part_column]
        if self.derived:
            return {name: name for name in columns}
        given = source_names(columns, self._derived_columns)
        return {ID: ID, FORMULA: FORMULA, **given}

    @property
    def _part_column(self) -> str | None:
        """The column of the part, where the files say it: a rebuild makes it of them."""
        if self.split is None or self.split.name != GIVEN_SPLIT:
            return None
        part: str | None = self.dataset.manifest.get("part_column")
        return part

    @property
    def _derived_columns(self) -> frozenset[str]:
        manifest = self.dataset.manifest
        by_cell = manifest["energy_column"] is not None and manifest.get("energy_per") == "cell"
        own = derived_columns(complete=self.is_complete, ranks_by_cell=by_cell)
        return own - {LABEL} if self.has_labels else own

    @property
    def has_labels(self) -> bool:
        """Whether protostructures stand for structures, so that nothing else says what they are."""
        return self.dataset.kind == "composition" and self.dataset.has_protostructures

    @functools.cached_property
    def rows(self) -> DatasetRows:
        """Rows of the dataset by range."""
        return DatasetRows(self.dataset)

    @functools.cached_property
    def schema(self) -> pa.Schema:
        """Arrow types of the columns of the dataset, under its names."""
        return self.rows.schema

    @functools.cached_property
    def types(self) -> dict[str, pa.DataType]:
        """Arrow types of the columns that are written, besides id and formula."""
        return {
            name: self.schema.field(column).type
            for column, name in self.names.items()
            if name not in (ID, FORMULA)
        }

    @property
    def units(self) -> dict[str, str]:
        """Units of the columns that are written, where they are known."""
        units = self.dataset.units
        return {name: units[column] for column, name in self.names.items() if column in units}

    @property
    def axes(self) -> dict[str, str]:
        """By array column that is written the column with the points where its numbers stand."""
        axes = self.dataset.axes
        return {
            name: self.names[axes[column]]
            for column, name in self.names.items()
            if axes.get(column) in self.names
        }

    @property
    def targets(self) -> list[str]:
        """The columns to learn, under the names that are written."""
        named = self.dataset.manifest["targets"]
        return [name for column, name in self.names.items() if column in named]

    @property
    def words(self) -> dict[str, str]:
        """``licence``, ``citation`` and ``description`` of the data, those that are known."""
        return words_in(self.dataset.manifest)

    @property
    def _rows_at_once(self) -> int:
        """Rows of a block: fewer where spectra make each of thousands of numbers."""
        spectra = self.dataset.columns.spectra
        names = [] if spectra is None else spectra.names
        columns = [self.dataset.columns[name] for name in names]
        wide = sum(one.size for one in columns if isinstance(one, (AxisColumn, SpectrumColumn)))
        return max(1, min(BLOCK, NUMBERS // max(wide, 1)))

    def blocks(self, rows: int | None = None) -> Iterator[Block]:
        """The dataset in blocks of so many rows, or of as many as are well in memory."""
        start = 0
        for table in self.rows.blocks(self._rows_at_once if rows is None else rows):
            ids = table[ID].to_pylist()
            structures = self.rows.structures(start, start + len(ids), ids)
            yield Block(start, self._written(table), structures)
            start += len(ids)

    def _written(self, table: pa.Table) -> pa.Table:
        if not self.derived and GIVEN_FORMULA in table.column_names and not self.is_complete:
            place = table.column_names.index(FORMULA)
            formulas = pc.coalesce(table[GIVEN_FORMULA], table[FORMULA])
            table = table.set_column(place, FORMULA, formulas)
        arrays = [table[column] for column in self.names]
        return pa.Table.from_arrays(arrays, names=list(self.names.values()))

    @functools.cached_property
    def content_digest(self) -> str:
        """Digest of what a rebuild reads: ids, structures bit by bit, columns, units and axes.

        Of formulas those of materials without a structure, as they were written.
        """
        plain = Exported(self.dataset)
        digest = hashlib.sha256()
        for block in plain.blocks(BLOCK):
            columns = digestible(block.table)
            if plain.is_complete:
                columns.pop(FORMULA)
            else:
                bare = ~block.structures.present
                columns[FORMULA] = [
                    text if is_bare else None
                    for text, is_bare in zip(columns[FORMULA], bare.tolist(), strict=True)
                ]
            digest.update(digest_json([block.structures.digest(), columns]).encode())
        return digest_json([digest.hexdigest(), {"units": plain.units, "axes": plain.axes}])

    def require_distinct(self, names: Iterable[str], what: str) -> None:
        """Check that what is written has no two values of one name.

        Raises
        ------
        ConfigError
            If a column, a feature or a part of the structure would replace another.
        """
        shared = sorted(name for name, count in Counter(names).items() if count > 1)
        if shared:
            raise ConfigError(
                f"{what} would have several values of {', '.join(shared)}",
                next_step="write npz, which keeps them apart",
            )

    def about(self) -> dict[str, str]:
        """What the data are: reference and digests of the dataset, licence, citation, …"""
        return {
            "dataset": self.dataset.ref,
            "dataset_digest": self.dataset.digest,
            "content_digest": self.content_digest,
            "made_by": f"matdata {version('matdata')}",
            **self.words,
        }

    def provenance(self) -> JsonObject:
        """How the dataset was made: what it was read from, settings, and what curation left."""
        manifest = self.dataset.manifest
        return {
            "made_from": manifest["made_from"],
            "identity": manifest["identity"],
            "rows": len(self),
            "rejected": manifest["rejected"],
            "funnel": self.dataset.funnel(),
        }
