"""What happens when a record cannot be read: decided here, for every source.

A record that is not what it should be is `Unusable`, and becomes a ledger row with its reason. So
does one whose reading ends in any other exception, under the reason ``unexpected_error``: that is a
fault of matdata, which is counted and told at the end of a build, but no ground to lose the other
records. With ``--debug`` it surfaces with its traceback.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from matdata.adapters.sites import Sites
from matdata.core.errors import MatdataError
from matdata.core.ledger import DEBUG, UNEXPECTED, Reject, Unusable
from matdata.sources.identity import problem_of
from matdata.sources.limits import MAX_COLUMNS

R = TypeVar("R")
MAX_BITS = 1023  # of an integer that a float64 can stand for


class Row(NamedTuple):
    """A record that can be used: its id, its values by column, its crystal if it has one."""

    material_id: str
    values: Mapping[str, Any]
    sites: Sites | None = None


@dataclass
class Gathered:
    """What became of some records.

    Attributes
    ----------
    ids, rows, sites
        Ids, values and crystals (if there are any) of those that can be used.
    rejects
        The others.
    """

    ids: list[str] = field(default_factory=list)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    sites: list[Sites] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def add(self, outcome: Row | Reject) -> None:
        """Take what a record, or a part of it, came to.

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


def gather(
    records: Iterable[R],
    identify: Callable[[R], str],
    read: Callable[[R], Iterable[Row | Reject]],
    place: Callable[[R], str] | None = None,
) -> Gathered:
    """Read records one by one; one that fails is a reject, whatever it fails with.

    Parameters
    ----------
    records
        Raw records.
    identify
        The id under which a failure is noted.
    read
        Gives the outcomes of a record: one, or more where it holds several crystals.
    place
        Where a record stands in its file, for messages.
    """
    gathered = Gathered()
    for record in records:
        try:
            for outcome in read(record):
                gathered.add(outcome)
        except Exception as error:
            where = f"{place(record)}: " if place else ""
            gathered.rejects.append(rejected(_name(identify, record), error, where))
    return gathered


def rejected(identity: str, error: Exception, where: str = "") -> Reject:
    """The ledger row of a record whose reading raised `error`.

    Raises
    ------
    MemoryError
        If that was the error: it is none of the record's.
    Exception
        The error itself if nobody foresaw it and ``MATDATA_DEBUG`` is set.
    """
    if isinstance(error, Unusable):
        return Reject(identity, "source", error.reason, f"{where}{error}")
    if isinstance(error, MatdataError):
        return Reject(identity, "source", "unreadable", f"{where}{error.what}")
    if isinstance(error, MemoryError) or os.environ.get(DEBUG):
        raise error
    return Reject(identity, "source", UNEXPECTED, f"{where}{type(error).__name__}: {error}")


def _name(identify: Callable[[R], str], record: R) -> str:
    try:
        return identify(record)
    except Exception as error:
        return rejected("a record without a name", error).material_id


def require_storable(row: Row) -> None:
    """Raise `Unusable` if a table could not hold the row as it is."""
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


def _require_leaves(value: Any, name: str) -> None:
    """Look at what stands in lists and records."""
    if isinstance(value, dict):
        for key, item in value.items():
            _require_text(str(key), name)
            _require_leaves(item, name)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _require_leaves(item, name)
    elif isinstance(value, str):
        _require_text(value, name)
    elif isinstance(value, int):
        _require_numbers([value], name)


def _require_numbers(values: Iterable[Any], name: str) -> None:
    for value in values:
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            digits = int(value.bit_length() * 0.30103) + 1
            raise Unusable(
                "unreadable", f"{name} holds an integer of about {digits} digits, which no float is"
            )
