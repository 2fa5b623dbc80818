"""The journal of an artefact under construction: a line for each finished part.

It has one writer, who holds the lock of the artefact.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from matdata.core.documents import JsonObject
from matdata.store.manifest import part_files


def line(entry: JsonObject) -> str:
    """A line of the journal."""
    return json.dumps(entry, sort_keys=True) + "\n"


def append(path: Path, entry: JsonObject) -> None:
    """Add a line, and have it on the disk.

    Raises
    ------
    OSError
        If the disk is full or not writable.
    """
    with open(path, "a", encoding="utf-8") as journal:
        journal.write(line(entry))
        journal.flush()
        os.fsync(journal.fileno())


def read(path: Path) -> Iterator[JsonObject]:
    """The lines of a journal that are whole."""
    for text in path.read_bytes().splitlines():
        # A kill can truncate the last line; that part was not recorded.
        with contextlib.suppress(ValueError, RecursionError):
            entry = json.loads(text)
            if is_entry(entry):
                yield entry


def entries_of(manifest: JsonObject) -> Iterator[JsonObject]:
    """The lines of the journal that led to a manifest."""
    for part in manifest["parts"]:
        meta = {key: value for key, value in part.items() if key != "part"}
        records = part_files(manifest, part["part"])
        yield {"part": part["part"], "files": records, "meta": meta}


def is_entry(entry: object) -> bool:
    """Whether a line was written by `append`, and names a part inside the folder."""
    kinds = {"part": str, "files": dict, "meta": dict}
    if not isinstance(entry, dict) or entry.keys() != kinds.keys():
        return False
    if not all(isinstance(entry[name], kind) for name, kind in kinds.items()):
        return False
    return ".." not in Path(entry["part"]).parts and not Path(entry["part"]).is_absolute()
