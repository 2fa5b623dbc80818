"""What is in memory as a source: a table of pandas, or a list of structures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from matdata.adapters.sites import Sites
from matdata.core.digest import digest_arrays, digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.materials.tables import Rows
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.chunks import chunked
from matdata.sources.files import Files
from matdata.sources.parse import RecordChunk, parse_formulas, parse_structures
from matdata.sources.read_options import ReadOptions
from matdata.sources.readers.base import WEIGHT, Raw, Record
from matdata.sources.readers.nested_columns import NestedColumns
from matdata.sources.readers.peek import column_names, first_raw, first_readable
from matdata.sources.readers.raw_records import STRUCTURE_ROLE, Place, raws_of
from matdata.sources.roles import Roles, find_roles, holds_structure

WHAT = "the table"


class Table(Source[RecordChunk]):
    """Records in memory, read as those of a file: the same records make the same snapshot.

    Parameters
    ----------
    rows
        The records.
    name
        Name of the dataset where the user gives none; that of ids of records without one.
    request
        Limit, and what the user says about columns.
    """

    name: ClassVar[str] = Files.name

    def __init__(self, rows: Rows, name: str, request: Request) -> None:
        self._rows, self._stem = rows, name
        own = request.options
        if own.initial is not None:
            raise SourceError(
                f"{WHAT} is in memory, and --initial is for files",
                next_step="give both structures of a record in two columns (initial_col)",
            )
        options = {**own.to_dict(), "structure_col": own.structure_col or rows.structure_col}
        self._options = ReadOptions(**options)
        self._limit = request.limit
        self._roles = self._find_roles()

    def __getstate__(self) -> dict[str, object]:
        """Without the records: workers parse what they are handed."""
        return {**vars(self), "_rows": Rows([])}

    @classmethod
    def make(cls, request: Request) -> Table:
        """Tables are given to `matdata.build`.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError(request)

    def _find_roles(self) -> Roles:
        first, damage = first_readable(iter(self._rows.records))
        if not first:
            raise SourceError(f"{WHAT} holds no readable record; {damage[0] if damage else ''}")
        if not self._options.structure_col:  # whose rows have one must not depend on their order
            later = (
                one for one in self._rows.records if any(holds_structure(*kv) for kv in one.items())
            )
            first += list(itertools.islice(later, 1))
        return find_roles(column_names(first), first, self._options, WHAT)

    def origin(self) -> Origin:
        """What was given, and the digest of its content."""
        roles = self._roles
        return Origin(
            source=self.name,
            name=self._stem,
            version="local",
            kind="structure" if roles.structure else "composition",
            request={
                "source": "table",
                "content": digest_json([_described(one) for one in self._rows.records]),
                "options": self._options.identity(),
                "limit": self._limit,
                "name": self._stem,
            },
            energy_column=roles.energy,
            energy_per=roles.energy_per,
            targets=roles.targets,
            count=(self._limit or len(self._rows.records)) * roles.rows_per_record,
            role_column=STRUCTURE_ROLE if roles.initial else None,
            protostructure_column=roles.protostructure,
            dedupe="none",
            note="; ".join(filter(None, [roles.note, *self._rows.notes])),
        )

    def raw_chunks(self, start: int = 0) -> Iterator[RecordChunk]:
        """Chunks of raw records, from chunk `start` on."""
        limit = None if self._limit is None else self._limit * self._roles.rows_per_record
        records = itertools.islice(self._raw_records(), limit)
        for chunk in chunked(records, start):
            yield self._roles.structure is None, chunk

    def _raw_records(self) -> Iterator[Raw]:
        records = (dict(record) for record in self._rows.records)
        places = (Place(f"record {n + 1}", n, self._stem) for n in itertools.count())
        raws = (
            raw
            for one, place in zip(records, places, strict=False)
            for raw in raws_of(one, place, self._roles)
        )
        first = first_raw(raws)
        nested = NestedColumns(raw.values for raw in first)
        for raw in itertools.chain(first, raws):
            problem = nested.problem(raw.values)
            if problem is not None:
                raw = replace(raw, form="none", payload=problem, values={"id": raw.values["id"]})
            yield raw

    def parse(self, raw: RecordChunk) -> Chunk:
        """Parse a list of raw records."""
        composition, records = raw
        return parse_formulas(records) if composition else parse_structures(records)


def _described(record: Record) -> JsonObject:
    """A record as JSON values; a structure by the digest of its arrays."""
    return {
        name: digest_arrays(value._asdict()) if isinstance(value, Sites) else value
        for name, value in record.items()
        if name != WEIGHT
    }
