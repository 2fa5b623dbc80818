"""Tables with a sealed note, such as splits: ``name.parquet`` and ``name.json``."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matdata.core.cache import storage_error
from matdata.core.digest import digest_file
from matdata.core.documents import JsonObject
from matdata.core.errors import DamageError, StoreError
from matdata.store import files, tables
from matdata.store.files import NAME_KEPT
from matdata.store.locks import LOCK, Lock, holding
from matdata.store.records import read_record, seal_record
from matdata.store.walk import Fault, children
from matdata.store.wholeness import MISSING, damage_error, fault_of

TABLE, NOTE = ".parquet", ".json"
#: The digest of a note; ``digest`` is that of the split.
KEY = "note_digest"
#: The digest of what the table holds.
CONTENT = "digest"


def names(home: Path) -> tuple[list[str], list[Fault]]:
    """Names of the notes in a folder, and its faults if it cannot be read."""
    paths, faults = children(home)
    return [p.stem for p in paths if p.suffix == NOTE and not p.name.startswith(".")], faults


def keep(
    home: Path, name: str, columns: Mapping[str, list[Any]], note: Mapping[str, object]
) -> JsonObject:
    """Write a table and its note, unless one of that name exists.

    Of several processes one writes, and the others read its result. A killed process leaves
    a table without a note, which does not count: the note is published last.

    Returns
    -------
    dict
        The stored note.

    Raises
    ------
    StoreError
        If it cannot be written, or the existing one is damaged.
    """
    with holding(home / f"{LOCK}{name}") as lock:
        if fault_of(home / f"{name}{NOTE}") != MISSING:
            return read(home, name)
        return _write(home, name, columns, note, lock)


def restore(
    home: Path, name: str, columns: Mapping[str, list[Any]], note: Mapping[str, object]
) -> JsonObject:
    """Write a damaged table and its note again; whichever of them is whole must agree.

    Raises
    ------
    StoreError
        If what is whole of it is not what would be written, or it cannot be written.
    """
    path, note_path = home / f"{name}{TABLE}", home / f"{name}{NOTE}"
    with holding(home / f"{LOCK}{name}") as lock:
        with contextlib.suppress(DamageError):
            old = read_record(note_path, KEY)
            if old.get(CONTENT) != note.get(CONTENT):
                raise _other_split(note_path, f"{note_path} is whole")
            return _write(home, name, columns, note, lock)
        if _is_table(path) and tables.read_table(path) != dict(columns):
            raise _other_split(note_path, f"{note_path} is damaged, {path.name} can be read")
        return _write(home, name, columns, note, lock)


def adopt(home: Path, name: str, staging: Path) -> bool:
    """Take over a table and its note from another folder, byte by byte, unless they are there.

    Returns
    -------
    bool
        False if they are there already.

    Raises
    ------
    StoreError
        If those in the other folder are damaged, there is another one of that name, or it cannot
        be written.
    """
    new = read(staging, name)
    path, note_path = home / f"{name}{TABLE}", home / f"{name}{NOTE}"
    with holding(home / f"{LOCK}{name}"):
        if fault_of(note_path) != MISSING:
            if read(home, name).get(CONTENT) != new.get(CONTENT):
                raise _other_split(note_path, f"{note_path} is whole")
            return False
        try:
            files.publish(staging / path.name, path)
            files.publish(staging / note_path.name, note_path)
        except OSError as error:
            raise storage_error(error, path) from error
    return True


def _other_split(note_path: Path, what: str) -> StoreError:
    """The error of a damaged split which, by what is left of it, is another one."""
    name = note_path.stem
    return StoreError(
        f"{what}, and belongs to another split than the one that would replace it",
        cause="the name was taken by a split with other settings, or both files are damaged",
        next_step="save this one under another name (`matdata split --name NAME`); or, if nothing "
        f"depends on the other, remove {name}{TABLE} and {name}{NOTE} in {note_path.parent} and "
        "run the same command again",
    )


def _is_table(path: Path) -> bool:
    """Whether a file can be read as a table."""
    import pyarrow as pa

    try:
        tables.read_table(path)
    except (OSError, pa.ArrowException):
        return False
    return True


def _write(
    home: Path, name: str, columns: Mapping[str, list[Any]], note: Mapping[str, object], lock: Lock
) -> JsonObject:
    path, note_path = home / f"{name}{TABLE}", home / f"{name}{NOTE}"
    try:
        files.sweep(home)
        # Both are written before one is published: if the process is killed in between, the
        # note under its temporary name distinguishes that from a note that was removed.
        with files.replacing(note_path) as pending, files.replacing(path) as temporary:
            tables.write_table(temporary, columns)
            content = {**note, "sha256": digest_file(temporary)}
            pending.write_text(files.json_text(seal_record(content, KEY)), encoding="utf-8")
            lock.require()
    except OSError as error:
        raise storage_error(error, path) from error
    return content


def was_being_kept(home: Path, name: str) -> bool:
    """Whether a process was killed between the table of this name and its note."""
    return any(
        path.name.startswith(files.TEMPORARY) and path.name.endswith(f"-{name}{NOTE}"[-NAME_KEPT:])
        for path in children(home)[0]
    )


def read(home: Path, name: str) -> JsonObject:
    """The note of a table, both checked.

    Raises
    ------
    StoreError
        If one of them is missing, cannot be read, or was changed.
    """
    path, note_path = home / f"{name}{TABLE}", home / f"{name}{NOTE}"
    note = read_note(home, name)
    fault = fault_of(path, digest=str(note.get("sha256")))
    if fault is not None:
        raise damage_error(path, fault, artefact=note_path, next_step=_advice(name))
    return note


def read_note(home: Path, name: str) -> JsonObject:
    """The note of a table; the table is not read.

    Raises
    ------
    DamageError
        If it is missing or was changed.
    """
    path = home / f"{name}{NOTE}"
    try:
        return read_record(path, KEY, _advice(name))
    except DamageError as error:
        raise error.at(path) from None


def _advice(name: str) -> str:
    return f"give the `matdata split` that made {name} again, or this command with --repair"
