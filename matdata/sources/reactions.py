"""Solid-state reactions that were mined from papers, with variable compositions resolved."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple

from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.core.settings import Settings
from matdata.sources._reaction_rows import KEYS, ReactionsQuery, row_of
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.chunks import chunked
from matdata.sources.column_choice import require_column
from matdata.sources.guard import Row, gather
from matdata.sources.parse import to_columns
from matdata.sources.readers.documents import read_list
from matdata.sources.readers.json_text import Item, opened, require_object
from matdata.sources.readers.opening import digest_input

URL = "https://doi.org/10.6084/m9.figshare.9722159"
CITATION = "Kononova et al., Sci. Data 6, 203 (2019), doi:10.1038/s41597-019-0224-1"
LIST = "reactions"
PEEK = 50  # records looked at for one of the expected layout
UNITS = {"max_temperature": "°C", "max_time": "h"}
TARGETS = {"product_fractions": "1", **UNITS}
NOTE = (
    "variables are the mean of their smallest and largest value, element variables the substituted "
    "or the first element; years are those that DOIs name; a precursor without an amount is one "
    "that the balanced equation leaves out"
)


class Record(NamedTuple):
    """A record, its place in the file (counted from 1), and its size in memory, bytes."""

    place: int
    value: object
    weight: int


class Reactions(Source[list[Record]]):
    """A release of text-mined solid-state reactions (O. Kononova et al., Sci. Data 6, 203, 2019).

    ``reactions:FILE``, or ``--from FILE``: JSON, compressed or not, of a release of 2019: a list of
    reactions, or an object that holds it. It is read as a stream.

    A row is a reaction, known by the formula of its product. `precursors` are formula and moles
    (null where the balanced equation leaves one out), `operations` words of a fixed vocabulary,
    `reaction` the reduced formulas of precursors and product, equal where these are equal.

    Amounts with variables are resolved as in R. E. A. Goodall, PhD thesis, Cambridge (2022),
    appendix A.2: a variable is the mean of its smallest and largest value; an element variable is
    what the balanced equation substitutes, else its first element; phases are added up with their
    amounts. What cannot be resolved is a ledger row with its reason.

    Parameters
    ----------
    request
        ``argument`` or ``file`` is the file; `ReactionsQuery` is in ``query``.

    Raises
    ------
    SourceError
        If no file is named.
    """

    name: ClassVar[str] = "reactions"
    Query: ClassVar[type[Settings]] = ReactionsQuery
    takes_file: ClassVar[bool] = True

    def __init__(self, request: Request) -> None:
        named = request.file or (Path(request.argument) if request.argument else None)
        if named is None:
            raise SourceError(
                "the source reactions reads a file, and none is named",
                next_step=f"matdata build reactions:FILE; the data: {URL}",
            )
        self._path = named.expanduser()
        if not self._path.is_file():
            raise SourceError(
                f"there is no file {self._path}", next_step=f"check the path; the data: {URL}"
            )
        self._query = ReactionsQuery.from_mapping(request.query)
        self._limit, self._targets = request.limit, request.options.targets

    @classmethod
    def make(cls, request: Request) -> Reactions:
        """Make the source from a request with a file."""
        return cls(request)

    def origin(self) -> Origin:
        """Look at the first records.

        Raises
        ------
        SourceError
            If the file holds no reactions of the expected layout; says what it holds.
        """
        released = self._release_date()
        self._require_layout(released)
        for name in self._targets:
            require_column(name, list(TARGETS), self.name)
        return Origin(
            source=self.name,
            name=self.name,
            version=released or "local",
            kind="composition",
            request={
                "source": self.name,
                "content": digest_input(self._path),
                "query": self._query.identity(),
                "limit": self._limit,
            },
            licence="CC BY 4.0",
            url=URL,
            citation=CITATION,
            targets={name: TARGETS[name] for name in self._targets or TARGETS},
            units=UNITS,
            dedupe="none",
            count=self._limit,
            note=NOTE,
        )

    def _release_date(self) -> str:
        """The date that the file states before its reactions; empty if it states none."""
        with opened(self._path) as text:
            if text.peek() != "{":
                return ""
            for key in text.members():
                if key == "release_date":
                    date = text.value().value
                    return date if isinstance(date, str) and date[:1].isdecimal() else ""
                if key == LIST:
                    return ""
                text.skip()
        return ""

    def _require_layout(self, released: str) -> None:
        first = list(itertools.islice(self._items(), PEEK))
        seen = [item.value for item in first if isinstance(item.value, dict)]
        if any({*KEYS} <= one.keys() for one in seen):
            return
        release = f", a release of {released}," if released else ""
        if not seen:
            holds = "no reactions"
        else:
            lacking = ", ".join(key for key in KEYS if key not in seen[0])
            holds = f"records without {lacking}: they have {', '.join(list(seen[0])[:12])}"
        raise SourceError(
            f"{self._path}{release} holds {holds}",
            cause="a file of another kind, or a release of another layout than those of 2019",
            next_step=f"take solid-state_dataset_2019-12-03.json or 2019-06-27 from {URL}",
        )

    def _items(self) -> Iterator[Item]:
        with opened(self._path) as text:
            if text.peek() == "[":
                yield from text.values()
                text.end()
                return
        yield from read_list(self._path, LIST)

    def raw_chunks(self, start: int = 0) -> Iterator[list[Record]]:
        """Lists of records in the order of the file."""
        items = itertools.islice(self._items(), self._limit)
        records = (Record(place, item.value, item.weight) for place, item in enumerate(items, 1))
        return chunked(records, start)

    def parse(self, raw: list[Record]) -> Chunk:
        """Rows of reactions; of those that are left out the reasons."""
        gathered = gather(raw, _identity, self._rows)
        table = to_columns(gathered.rows) or {"formula": []}
        return Chunk(None, {**table, "material_id": gathered.ids}, gathered.rejects)

    def _rows(self, record: Record) -> Iterator[Row]:
        values: JsonObject = row_of(require_object(record.value), self._query)
        yield Row(_identity(record), values)


def _identity(record: Record) -> str:
    return f"reaction-{record.place:05d}"
