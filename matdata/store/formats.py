"""Formats that matdata writes, their versions, and how records of older versions become today's.

The one table of versions. Whoever changes what a format holds raises its version here and adds a
function from the version before, so that nothing that was ever released becomes unreadable;
`tools/make_golden.py` then keeps an artefact of the new version. A reader refuses newer versions.

An upgrade turns the record of a format (a manifest, a note, a configuration) of version n into one
of version n + 1. The record is checked against its digest before, and keeps the number that it was
written with, by which readers of other files of the artefact can infer how those were written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import StoreError

Record = JsonMapping
Upgrade = Callable[[Record], JsonObject]


@dataclass(frozen=True)
class Format:
    """A format: its version today, and the upgrades from each older one to the next.

    Raises
    ------
    ValueError
        If there is not one upgrade for each older version.
    """

    version: int = 1
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if sorted(self.upgrades) != list(range(1, self.version)):
            raise ValueError(f"a format of version {self.version} needs an upgrade from each older")


FORMATS: dict[str, Format] = {
    "snapshot": Format(),  # manifest.json of a snapshot
    "saved-snapshot": Format(),  # the first line of an exported snapshot
    "dataset": Format(),  # manifest.json of a dataset
    "split": Format(),  # the note beside the table of a split
    "feature": Format(),  # manifest.json of a feature
    "reference": Format(),  # manifest.json of a hull reference
    "run": Format(),  # manifest.json of a run
    "config": Format(),  # a file of options (--config)
    "shared": Format(),  # the marker and the records of a shared folder
}


def stamp(kind: str) -> JsonObject:
    """What a record says about its format."""
    return {"name": f"matdata-{kind}", "version": FORMATS[kind].version}


def require_readable(kind: str, version: object, place: object) -> int:
    """The version of a format, if this matdata reads it.

    Raises
    ------
    StoreError
        If it is newer, or no version.
    """
    newest = FORMATS[kind].version
    if type(version) is not int or not 1 <= version <= newest:
        raise StoreError(
            f"{place} has format matdata-{kind} version {version}; this matdata reads up to "
            f"{newest}",
            cause="it was written by a newer matdata",
            next_step="upgrade matdata, or make it again with this version",
        )
    return version


def upgraded(kind: str, record: Record, version: object, place: object) -> JsonObject:
    """A record as today's readers expect it.

    Parameters
    ----------
    kind
        Key of `FORMATS`.
    record
        As it was written.
    version
        Version of the format that it states.
    place
        Where it was read, for messages.

    Raises
    ------
    StoreError
        If the version is newer than this matdata, or none.
    """
    first, current_format = require_readable(kind, version, place), FORMATS[kind]
    current = dict(record)
    for older in range(first, current_format.version):
        current = current_format.upgrades[older](current)
    return current
