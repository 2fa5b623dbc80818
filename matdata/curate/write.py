"""Writer of a curated set of records as a dataset folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from matdata.core import ledger
from matdata.core.console import Console
from matdata.core.digest import SHORT, digest_json
from matdata.curate.curate import Curated
from matdata.store import files, tables
from matdata.store.artefact import building
from matdata.store.columns import write_structures
from matdata.store.damage import State
from matdata.store.dataset_folder import KIND


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
        structures = curated.structures
        if curated.kind != "composition":
            writer.write("crystals.h5", lambda path: write_structures(path, structures))
        metadata = {name: {tables.AXIS: axis} for name, axis in axes.items()}
        table = partial(tables.write_table, columns=curated.table, units=units, metadata=metadata)
        writer.write("table.parquet", table)
        rejects = ledger.to_columns(curated.rejects)
        writer.write("ledger.parquet", lambda path: tables.write_table(path, rejects))
        steps = {"steps": curated.funnel.steps}
        writer.write("funnel.json", lambda path: files.write_json(path, steps))
        content = {
            **about,
            "identity": dict(identity),
            "identity_digest": key,
            "rows": len(curated.table["material_id"]),
            "rejected": len(curated.rejects),
            "columns": list(curated.table),
        }
        if curated.kind == "mixed":
            content["structures"] = len(structures.crystals)
        writer.commit(folder.name, content, {})
        return writer.state
