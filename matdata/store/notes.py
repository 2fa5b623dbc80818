"""Tables with a sealed note beside them, as splits are: ``name.parquet`` and ``name.json``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matdata.core.cache import storage_error
from matdata.core.digest import digest_file
from matdata.core.errors import StoreError
from matdata.store import files, tables
from matdata.store.files import NAME_KEPT
from matdata.store.locks import LOCK, holding
from matdata.store.records import read_record, seal_record
from matdata.store.walk import Fault, children
from matdata.store.wholeness import MISSING, fault_of

TABLE, NOTE = ".parquet", ".json"
#: The digest of a note; ``digest`` is that of the split.
KEY = "note_digest"


def names(home: Path) -> tuple[list[str], list[Fault]]:
    """Names of the notes in a folder, and why it cannot be read if it cannot."""
    paths, faults = children(home)
    return [p.stem for p in paths if p.suffix == NOTE and not p.name.startswith(".")], faults


def keep(
    home: Path, name: str, columns: Mapping[str, list[Any]], note: Mapping[str, Any]
) -> dict[str, Any]:
    """Write a table and its note, unless one of that name is there.

    Of several processes one writes, the others find what it wrote. A process that is killed leaves
    a table without a note, which is none: the note comes last.

    Returns
    -------
    dict
        The note that is there now.

    Raises
    ------
    StoreError
        If it cannot be written, or the one that is there is damaged.
    """
    path, beside = home / f"{name}{TABLE}", home / f"{name}{NOTE}"
    with holding(home / f"{LOCK}{name}"):
        if fault_of(beside) != MISSING:
            return read(home, name)
        try:
            files.sweep(home)
            # Both are written before one is published: where a process was killed in between, the
            # note under its temporary name tells that from a note which somebody removed.
            with files.replacing(beside) as pending, files.replacing(path) as temporary:
                tables.write_table(temporary, columns)
                content = {**note, "sha256": digest_file(temporary)}
                pending.write_text(files.json_text(seal_record(content, KEY)), encoding="utf-8")
        except OSError as error:
            raise storage_error(error, path) from error
    return content


def was_being_kept(home: Path, name: str) -> bool:
    """Whether a process was killed between the table of this name and its note."""
    return any(
        path.name.startswith(files.TEMPORARY) and path.name.endswith(f"-{name}{NOTE}"[-NAME_KEPT:])
        for path in children(home)[0]
    )


def read(home: Path, name: str) -> dict[str, Any]:
    """The note of a table, both checked.

    Raises
    ------
    StoreError
        If one of them is missing, cannot be read, or was changed.
    """
    path = home / f"{name}{TABLE}"
    advice = f"remove {path} and the note {name}{NOTE} beside it, and run `matdata split` again"
    note = read_record(home / f"{name}{NOTE}", KEY, advice)
    fault = fault_of(path, digest=str(note.get("sha256")))
    if fault is not None:
        raise StoreError(
            f"{path} {fault}",
            cause="a disk error, an interrupted copy, or an edit by hand",
            next_step=advice,
        )
    return note
