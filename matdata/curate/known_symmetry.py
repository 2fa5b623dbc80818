"""Symmetry that older versions of a dataset hold, found again by the bytes of each crystal.

It is collected once, in a file that workers map into their memory, sorted by content key
(`matdata.core.content_keys`). What an engine finds depends on nothing but the crystal, the
tolerances, the versions of packages and the kind of processor: all of these must be equal.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.cache import storage_error
from matdata.core.content_keys import KEY, KEY_BYTES, Keys
from matdata.core.crystals import Int
from matdata.core.errors import StoreError
from matdata.curate.settings import CurateSettings
from matdata.store import files, tables
from matdata.store.arrow import booleans_of, is_present, numbers_array, numpy_of
from matdata.store.crystal_keys import crystal_keys
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.dataset_rows import DatasetRows
from matdata.store.older_versions import is_made_by, versions_used_last
from matdata.symmetry.maker import symmetry_maker

#: Ending of the name of the file, which lies beside the versions while a dataset is curated.
FILE = "symmetry.arrow"
#: Part of a dataset with the symmetry of records that left it (`matdata.curate.left_records`).
LEFT = "symmetry_of_left.parquet"
#: Settings that the symmetry of a crystal depends on.
SETTINGS = ("symmetry", "symprec", "angle_tolerance")
#: A further version is read if it holds more rows than those before it, by this factor: of a
#: database that grows the last one holds nearly all.
WORTH = 1.25
KEY_COLUMN = "key"
COLUMNS = ("protostructure", "space_group_number", "n_wyckoff", "wyckoff_valid")
AGREES = "symmetry_engines_agree"


@dataclass(frozen=True, eq=False)
class Labels:
    """Symmetry of k crystals, as the columns of a dataset hold it; empty and 0 if there is none.

    Attributes
    ----------
    protostructure : k str
        Canonical labels.
    space_group_number : (k,) int16
    n_wyckoff : (k,) int32
    valid : (k,) bool
        As in `matdata.symmetry.protostructure.Protostructures`.
    agrees : (k,) bool
        Whether both engines gave the same label; None if only one was used.
    """

    protostructure: Sequence[str]
    space_group_number: npt.NDArray[np.int16]
    n_wyckoff: npt.NDArray[np.int32]
    valid: npt.NDArray[np.bool_]
    agrees: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.protostructure)

    def then(self, other: Labels, order: Int) -> Labels:
        """These and others, of which the numbers `order` (k,) are taken."""
        texts = [*self.protostructure, *other.protostructure]
        agrees = None
        if self.agrees is not None and other.agrees is not None:
            agrees = np.concatenate([self.agrees, other.agrees])[order]
        return Labels(
            [texts[number] for number in order.tolist()],
            np.concatenate([self.space_group_number, other.space_group_number])[order],
            np.concatenate([self.n_wyckoff, other.n_wyckoff])[order],
            np.concatenate([self.valid, other.valid])[order],
            agrees,
        )


@dataclass(frozen=True)
class KnownSymmetry:
    """Symmetry of crystals by their content keys; can be pickled.

    Attributes
    ----------
    path
        A file in Arrow, sorted by key, which all workers see.
    """

    path: str

    def places(self, keys: Keys) -> Int:
        """Where each crystal is in the file, (n,), by its key; -1 if it is not known."""
        known = _keys(self.path)
        places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        return np.where(known[places] == keys, places, -1)

    def labels(self, places: Int) -> Labels:
        """Symmetry of the crystals at some places (k,)."""
        rows = _table(self.path).take(numbers_array(places)).combine_chunks()
        columns = {name: rows.column(name).combine_chunks() for name in rows.column_names}
        texts, group, n_wyckoff, valid = (columns[name] for name in COLUMNS)
        return Labels(
            texts.to_pylist(),
            numpy_of(group).astype(np.int16),
            numpy_of(n_wyckoff).astype(np.int32),
            booleans_of(valid),
            booleans_of(columns[AGREES]) if AGREES in columns else None,
        )


@contextlib.contextmanager
def knowing(settings: CurateSettings, folder: Path) -> Iterator[KnownSymmetry | None]:
    """What older versions of a dataset know while it is curated; None if they know nothing.

    Parameters
    ----------
    settings
        Of the curation.
    folder
        The folder that the dataset will have, from which nothing is taken.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    older = _older(settings, folder) if settings.symmetry != "none" else iter(())
    path = files.temporary_beside(folder.with_name(FILE))
    try:
        known = _write(path, older, settings.symmetry == "both")
        yield KnownSymmetry(str(path.resolve())) if known else None
    finally:
        _table.cache_clear()
        _keys.cache_clear()
        files.remove(path)


def _older(settings: CurateSettings, folder: Path) -> Iterator[DatasetFolder]:
    """Versions whose symmetry was found in the same way, the one used last first."""
    wanted = {name: getattr(settings, name) for name in SETTINGS}
    for one in versions_used_last(folder.parent):
        with contextlib.suppress(StoreError):  # what is damaged is not reused
            version = DatasetFolder(one)
            curation = version.manifest["identity"].get("curation", {})
            same = {name: curation.get(name) for name in SETTINGS} == wanted
            if one != folder and same and is_made_by(one, symmetry_maker()):
                yield version


def _collected(older: Iterator[DatasetFolder], by_both: bool) -> tuple[Keys, pa.Table] | None:
    """Keys (k,) and symmetry of all crystals that have one; None if there are none."""
    keys, pieces, most = np.zeros(0, KEY), [], 0
    for version in older:
        rows = int(version.manifest["rows"])
        if rows <= WORTH * most:
            continue
        with contextlib.suppress(StoreError, OSError):  # damaged, or removed meanwhile
            for their_keys, table in _pieces(version, by_both):
                new = np.flatnonzero(~np.isin(their_keys, keys))
                if len(new):  # else columns may have the type of no value
                    keys = np.concatenate([keys, their_keys[new]])
                    pieces.append(table.take(numbers_array(new)))
            most = rows
    return (keys, pa.concat_tables(pieces)) if len(keys) else None


def _pieces(version: DatasetFolder, by_both: bool) -> Iterator[tuple[Keys, pa.Table]]:
    """Keys, none twice, and symmetry of the rows that have one; then of the records that left."""
    names = (*COLUMNS, AGREES) if by_both else COLUMNS
    table = tables.read_arrow(version.checked("table.parquet"), names)
    if table.num_columns == len(names):  # else there is no structure
        keys = crystal_keys(DatasetRows(version))
        has_symmetry = is_present(table.column("space_group_number").combine_chunks())
        rows = np.flatnonzero(has_symmetry & (keys != b""))
        _, first = np.unique(keys[rows], return_index=True)
        yield keys[rows[first]], table.take(numbers_array(rows[first])).select(names)
    if any(one["part"] == LEFT for one in version.manifest["parts"]):
        left = tables.read_arrow(version.checked(LEFT))
        yield _keys_in(left), left.select(names)


def keys_array(keys: Keys) -> pa.Array:
    """Keys (n,) in Arrow."""
    buffers = [None, pa.py_buffer(np.ascontiguousarray(keys))]
    return pa.Array.from_buffers(pa.binary(KEY_BYTES), len(keys), buffers)


def _write(path: Path, older: Iterator[DatasetFolder], by_both: bool) -> bool:
    """Write what is known, ascending by key; False if nothing is.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    known = _collected(older, by_both)
    if known is None:
        return False
    keys, table = known
    order = np.argsort(keys, kind="stable")
    table = table.take(numbers_array(order)).append_column(KEY_COLUMN, keys_array(keys[order]))
    table = table.combine_chunks()
    try:
        files.sweep(path.parent, FILE)  # of commands that were killed
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=len(table))
    except OSError as error:
        raise storage_error(error, path) from error
    return True


@functools.lru_cache(maxsize=1)
def _table(path: str) -> pa.Table:
    with pa.memory_map(path) as source, pa.ipc.open_file(source) as file:
        return file.read_all()


@functools.lru_cache(maxsize=1)
def _keys(path: str) -> Keys:
    """Keys (n,) of the file, ascending."""
    return _keys_in(_table(path))


def _keys_in(table: pa.Table) -> Keys:
    column = table.column(KEY_COLUMN).combine_chunks()
    return np.frombuffer(column.buffers()[1], KEY)[column.offset :][: len(column)]
