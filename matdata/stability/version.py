"""A version of a dataset with computed columns: its rows are those of the version without them.

Structures, ledger and funnel are second names of the same files, the table has more columns, and
splits are taken over. Features belong to the rows, so those of the version without are its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from matdata.core.cache import ensure_writable
from matdata.core.console import SILENT, Console
from matdata.core.digest import SHORT, digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, StoreError
from matdata.store import notes, tables
from matdata.store.artefact import building
from matdata.store.catalogue import find_dataset
from matdata.store.damage import State, damage_of
from matdata.store.dataset_folder import KIND, DatasetFolder
from matdata.store.journal import entries_of
from matdata.store.user_metadata import COMPUTED, folder_of_base

TABLE, SPLITS = "table.parquet", "splits"
#: What a manifest says anew where columns are added.
_OWN = frozenset(("format", "manifest_digest", "parts", "files", "identity", "identity_digest",
                  "columns", "note"))  # fmt: skip


def base_of(cache: Path, dataset: DatasetFolder) -> DatasetFolder:
    """The version of a dataset without computed columns: itself, or the one it was made from.

    Raises
    ------
    StoreError
        If that one is not there.
    """
    if COMPUTED not in dataset.manifest["identity"]:
        return dataset
    name = folder_of_base(dataset.manifest, dataset.folder.name)
    try:
        return find_dataset(cache, f"{dataset.manifest['name']}@{name}")
    except StoreError as error:
        raise StoreError(
            f"{dataset.ref} has computed columns, and the version without them is not there",
            cause=error.what,
            next_step="build or pull that version",
        ) from error


def require_free(base: DatasetFolder, columns: Mapping[str, object]) -> None:
    """Refuse columns that a dataset has already.

    Raises
    ------
    ConfigError
        Naming them.
    """
    taken = [name for name in columns if name in base.columns]
    if taken:
        raise ConfigError(
            f"{base.ref} has {', '.join(taken)} from its source, and nothing is replaced",
            next_step=f"give the new columns other names: --prefix my_ makes my_{taken[0]}",
        )


def with_columns(
    cache: Path, base: DatasetFolder, columns: Mapping[str, list[Any]],
    units: Mapping[str, str], computed: JsonObject, note: str, console: Console = SILENT,
) -> tuple[DatasetFolder, State]:  # fmt: skip
    """The version of a dataset that has these columns too, and whether it was there.

    Parameters
    ----------
    cache
        Where it is stored.
    base
        The version without them.
    columns, units
        Cells of its n rows by name, and units by name.
    computed
        What they depend on; part of the identity.
    note
        What people should know of them.
    console
        Receives a warning if another process makes the same version.

    Raises
    ------
    ConfigError
        If a column is there already.
    StoreError
        If it cannot be written.
    """
    require_free(base, columns)
    identity = {**base.manifest["identity"], COMPUTED: computed}
    key = digest_json(identity)
    version = base.folder.name.removesuffix(f"-{base.digest[:SHORT]}")
    folder = cache / "datasets" / base.manifest["name"] / f"{version}-{key[:SHORT]}"
    if folder.is_dir() and not damage_of(folder, KIND):
        state: State = "unchanged"
    else:
        ensure_writable(cache)
        about = {"identity": identity, "identity_digest": key}
        content = about | _content(base, columns, computed, note)
        state = _write(folder, base, columns, units, content, console)
    dataset = DatasetFolder(folder)
    _take_splits(base, dataset)
    return dataset, state


def _write(
    folder: Path, base: DatasetFolder, columns: Mapping[str, list[Any]],
    units: Mapping[str, str], content: JsonObject, console: Console,
) -> State:  # fmt: skip
    """Commit the version, unless another process has just done so."""
    with building(folder.parent, KIND, content["identity_digest"], console.warn) as writer:
        if folder.is_dir() and not writer.take_over(folder, console):
            return "unchanged"
        for entry in entries_of(base.manifest):
            if entry["part"] != TABLE:
                base.checked(entry["part"])
                writer.take_part(base.folder, entry)
        source = base.checked(TABLE)
        writer.write(TABLE, lambda path: _write_table(path, source, columns, units))
        writer.commit(folder.name, content, {})
        return writer.state


def _content(
    base: DatasetFolder, columns: Mapping[str, object], computed: JsonObject, note: str
) -> JsonObject:
    """The manifest of a version with more columns, beside its identity and files."""
    notes_of_both = [str(base.manifest.get("note") or ""), note]
    return {
        **{name: one for name, one in base.manifest.items() if name not in _OWN},
        "columns": [*base.manifest["columns"], *columns],
        "note": "; ".join(filter(None, notes_of_both)),
        COMPUTED: {**computed, "columns": list(columns)},
    }


def _write_table(
    path: Path, source: Path, columns: Mapping[str, list[Any]], units: Mapping[str, str]
) -> None:
    """The table of another file with more columns, row group by row group."""
    added = tables.table_of(columns, units)
    with pq.ParquetFile(source) as file:
        old = file.schema_arrow
        schema = pa.schema([*old, *added.schema], metadata=old.metadata)

        def blocks() -> Iterator[pa.Table]:
            start = 0
            for group in range(file.num_row_groups):
                block = file.read_row_group(group)
                more = added.slice(start, len(block))
                start += len(block)
                arrays = [*block.itercolumns(), *more.itercolumns()]
                yield pa.Table.from_arrays(arrays, schema=schema)

        tables.write_blocks(path, schema, blocks())


def _take_splits(base: DatasetFolder, dataset: DatasetFolder) -> None:
    """Give a version the splits of another one with the same rows; their notes still name that."""
    present = dataset.split_names()
    for name in base.split_names():
        if name not in present:
            columns, note = base.load_split(name)
            unsealed = {key: one for key, one in note.items() if key != notes.KEY}
            notes.keep(dataset.folder / SPLITS, name, columns, unsealed)
