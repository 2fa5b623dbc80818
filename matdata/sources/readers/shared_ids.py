"""Ids that records of several files have: made distinct, so that none replaces another."""

from __future__ import annotations

from collections.abc import Mapping

from matdata.adapters.xyz_comment import identity_in
from matdata.core.errors import SourceError
from matdata.sources.readers.base import Record
from matdata.sources.readers.records import XYZ_TEXT


class SharedIds:
    """Which ids records of several files have; those are preceded by the file's stem.

    Row numbers, which each file counts from its own beginning, say nothing: if one of whole
    numbers is shared, all get the stem.

    Parameters
    ----------
    ids
        Ids by stem.

    Raises
    ------
    SourceError
        If an id with its stem is another record's id.
    """

    def __init__(self, ids: Mapping[str, set[str]]) -> None:
        seen: set[str] = set()
        shared: set[str] = set()
        for own in ids.values():
            shared |= seen & own
            seen |= own
        self.count = len(shared)
        self._all = bool(shared) and all(map(str.isdecimal, seen))
        self._shared = frozenset(() if self._all else shared)
        for stem in ids:
            taken = next((one for one in shared if f"{stem}-{one}" in seen), None)
            if taken is not None:
                raise SourceError(
                    f"the id {taken!r} is in several files, and {stem}-{taken} is an id as well",
                    next_step="give the records of all files ids of their own (--id-col)",
                )

    def qualifier(self, stem: str, identity: str) -> str:
        """What precedes an id of a file."""
        return f"{stem}-" if self._all or identity in self._shared else ""

    def note(self) -> str:
        """A note for the user; empty if no id is shared."""
        if not self.count:
            return ""
        which = "all ids" if self._all else f"{self.count:,} ids"
        return f"{which} are preceded by the name of their file: several files have the same ones"


def identity_of(record: Record, column: str) -> str | None:
    """The id that a record states, None if it states none."""
    value = record.get(column)
    if XYZ_TEXT in record:
        value = identity_in(record[XYZ_TEXT].split("\n", 2)[1], column)
    return str(value) if isinstance(value, (str, int, float)) else None
