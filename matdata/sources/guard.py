"""Handling of records that cannot be read, for every source.

An invalid record raises `Unusable`, and becomes a ledger row with its reason. So
does one whose reading raises any other exception, under the reason ``unexpected_error``: that is a
fault of matdata, which is counted and reported at the end of a build, but no reason to lose the
other records. With ``--debug`` it is raised with its traceback.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from matdata.adapters.sites import Sites
from matdata.core.documents import JsonMapping
from matdata.core.errors import MatdataError
from matdata.core.ledger import DEBUG, UNEXPECTED, Reject, Unusable
from matdata.core.packages import MissingPackageError, missing_package
from matdata.sources.identity import problem_of
from matdata.sources.limits import MAX_COLUMNS

R = TypeVar("R")
MAX_BITS = 1023  # of an integer within the range of float64


class Row(NamedTuple):
    """A usable record: its id, its values by column, its crystal if it has one."""

    material_id: str
    values: JsonMapping
    sites: Sites | None = None


@dataclass
class Gathered:
    """Results of reading records.

    Attributes
    ----------
    ids, rows, sites
        Ids and values of the usable records, and the crystals of those that have one.
    structure_rows
        Rows of the records that have a crystal.
    rejects
        The rejects of the others.
    """

    ids: list[str] = field(default_factory=list)
    rows: list[JsonMapping] = field(default_factory=list)
    sites: list[Sites] = field(default_factory=list)
    structure_rows: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def add(self, outcome: Row | Reject) -> None:
        """Add the outcome of a record, or of a part of it.

        Raises
        ------
        Unusable
            If its id or a value cannot be stored.
        """
        if isinstance(outcome, Reject):
            self.rejects.append(outcome)
            return
        require_storable(outcome)
        self.ids.append(outcome.material_id)
        self.rows.append(outcome.values)
        if outcome.sites is not None:
            self.sites.append(outcome.sites)
            self.structure_rows.append(len(self.ids) - 1)


def gather(
    records: Iterable[R],
    identify: Callable[[R], str],
    read: Callable[[R], Iterable[Row | Reject]],
    locate: Callable[[R], str] | None = None,
) -> Gathered:
    """Read records one by one; a record that raises any exception becomes a reject.

    Parameters
    ----------
    records
        Raw records.
    identify
        Returns the id of a record, for rejects.
    read
        Returns the outcomes of a record: one, or more if it holds several crystals.
    locate
        Returns the location of a record in its file, for messages.
    """
    gathered = Gathered()
    for record in records:
        try:
            for outcome in read(record):
                gathered.add(outcome)
        except Exception as error:
            location = f"{locate(record)}: " if locate else ""
            gathered.rejects.append(rejected(_name(identify, record), error, location))
    return gathered


def rejected(identity: str, error: Exception, location: str = "") -> Reject:
    """The ledger row of a record whose reading raised `error`.

    Raises
    ------
    MemoryError
        If that was the error: it is not the record's fault.
    MissingPackageError
        If a package that reads such records is not installed.
    Exception
        The error itself if it is unexpected and ``MATDATA_DEBUG`` is set.
    """
    if isinstance(error, Unusable):
        return Reject(identity, "source", error.reason, f"{location}{error}")
    missing = missing_package(error)
    if isinstance(error, MissingPackageError) or missing:
        raise missing or error
    if isinstance(error, MatdataError):
        return Reject(identity, "source", "unreadable", f"{location}{error.what}")
    if isinstance(error, MemoryError) or os.environ.get(DEBUG):
        raise error
    return Reject(identity, "source", UNEXPECTED, f"{location}{type(error).__name__}: {error}")


def _name(identify: Callable[[R], str], record: R) -> str:
    try:
        return identify(record)
    except Exception as error:
        return rejected("a record without a name", error).material_id


def require_storable(row: Row) -> None:
    """Check that a table can store the row unchanged.

    Raises
    ------
    Unusable
        If its id, a name or a value cannot be stored, or there are too many values.
    """
    if len(row.values) > MAX_COLUMNS:
        raise too_many(len(row.values))
    problem = problem_of(row.material_id)
    if problem is not None:
        raise Unusable("bad_id", problem)
    for name, value in row.values.items():
        if not name.isascii():
            _require_text(name, "the name of a column")
        if isinstance(value, str):
            if not value.isascii():
                _require_text(value, name)
        elif isinstance(value, (list, tuple, dict)):
            _require_leaves(value, name)
        elif isinstance(value, int):
            _require_numbers([value], name)


def too_many(count: int) -> Unusable:
    """The error of a record with too many values."""
    return Unusable(
        "unreadable",
        f"{count:,} values, at most {MAX_COLUMNS:,} are read: ids or labels stand as keys",
    )


def _require_text(text: str, what: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unusable(
            "unreadable", f"{what} holds half a character (a lone surrogate): {text[:80]!r}"
        ) from None


#: Types whose values can all be stored.
_FIT = {float, bool, type(None)}


def _require_leaves(value: object, name: str) -> None:
    """Look at what stands in lists and records."""
    if isinstance(value, dict):
        for key, item in value.items():
            _require_text(str(key), name)
            _require_leaves(item, name)
    elif isinstance(value, (list, tuple)):
        if set(map(type, value)) <= _FIT:  # such as spectra, of millions of numbers
            return
        for item in value:
            _require_leaves(item, name)
    elif isinstance(value, str):
        _require_text(value, name)
    elif isinstance(value, int):
        _require_numbers([value], name)


def _require_numbers(values: Iterable[object], name: str) -> None:
    for value in values:
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            digits = int(value.bit_length() * 0.30103) + 1
            raise Unusable(
                "unreadable", f"{name} holds an integer of about {digits} digits, which no float is"
            )
