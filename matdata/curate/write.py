"""Writer of a curated set of records as a dataset folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from matdata.core import ledger
from matdata.core.cache import storage_error
from matdata.core.console import Console
from matdata.core.digest import SHORT, digest_json
from matdata.core.documents import JsonObject
from matdata.curate.curated import Curated
from matdata.curate.gather import Gathering
from matdata.curate.known_symmetry import LEFT
from matdata.store import files, tables
from matdata.store.artefact import ArtefactWriter, building
from matdata.store.damage import State
from matdata.store.dataset_folder import KIND
from matdata.store.spectra_file import PART
from matdata.store.structure_blocks import StructureFile

#: Folder of rows that are set aside while a dataset is written.
ASIDE = "aside"


class WriteSpectra(NamedTuple):
    """Spectra beside the table.

    Attributes
    ----------
    names
        Their columns, and those of their axes.
    write
        Writes the file to a path.
    """

    names: Sequence[str]
    write: Callable[[Path], None]


def dataset_folder(home: Path, version: str, identity: Mapping[str, object]) -> Path:
    """Folder of the dataset with this identity, whether or not it exists."""
    return home / f"{version}-{digest_json(identity)[:SHORT]}"


def write_dataset(
    curated: Curated,
    folder: Path,
    identity: Mapping[str, object],
    about: Mapping[str, object],
    units: Mapping[str, str],
    axes: Mapping[str, str],
    console: Console,
    receipt: JsonObject,
    spectra: WriteSpectra | None = None,
) -> State:
    """Commit a dataset, or make again what is damaged of the one that is there.

    Parameters
    ----------
    curated
        Rows, ledger and funnel.
    folder
        From `dataset_folder`.
    identity
        Everything the dataset depends on: snapshot and settings.
    about
        Name, provenance and column roles for the manifest.
    units
        Units of the columns.
    axes
        By array column the column that holds its axis.
    console
        Receives a warning if another process holds the lock.
    receipt
        Facts about this computation, which are no part of the identity.
    spectra
        Names of the columns beside the table, and what writes their file.

    Raises
    ------
    DamageError
        If what was made again is not what was there.
    """
    key = digest_json(identity)
    with building(folder.parent, KIND, key, console.warn) as writer:
        # another process may have just made it
        if folder.is_dir() and not writer.take_over(folder, console):
            return "unchanged"
        _write_rows(writer, curated, units, axes)
        if spectra is not None:
            writer.write(PART, spectra.write)
        rejects = ledger.to_columns(curated.rejects)
        writer.write("ledger.parquet", lambda path: tables.write_table(path, rejects))
        left = curated.symmetry_of_left()
        if left is not None:
            writer.write(LEFT, lambda path: tables.write_arrow(path, left))
        steps = {"steps": curated.funnel.steps}
        writer.write("funnel.json", lambda path: files.write_json(path, steps))
        content = {
            **about,
            "identity": dict(identity),
            "identity_digest": key,
            "rows": len(curated),
            "rejected": len(curated.rejects),
            "columns": [*curated.table, *(spectra.names if spectra else ())],
        }
        if curated.kind == "mixed":
            content["structures"] = int(curated.has_structure.sum())
        writer.commit(folder.name, content, receipt)
        return writer.state


def _write_rows(
    writer: ArtefactWriter, curated: Curated, units: Mapping[str, str], axes: Mapping[str, str]
) -> None:
    """Write table and structures in blocks of rows; what is set aside meanwhile is removed."""
    metadata = {name: {tables.AXIS: axis} for name, axis in axes.items()}
    aside = writer.staging / ASIDE
    try:
        files.remove(aside)
        gathering = Gathering(curated.table, aside / "rows")
        gathering.collect()
        structures = StructureFile(aside / "structures")
        schema = tables.schema_of(gathering.types(), units, metadata)

        def blocks() -> Iterator[pa.Table]:
            for arrays, rows in gathering.blocks():
                structures.add(rows)
                yield pa.Table.from_arrays(arrays, schema=schema)

        writer.write("table.parquet", lambda path: tables.write_blocks(path, schema, blocks()))
        if curated.kind != "composition":
            writer.write("crystals.h5", structures.write)
    except OSError as error:
        raise storage_error(error, aside) from error
    finally:
        files.remove(aside)
