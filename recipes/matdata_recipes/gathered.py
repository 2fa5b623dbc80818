"""A source made of sources: several files as one data set, records chosen, ids given by row.

Papers publish data as train, val and test tables, in batches, or without ids. Here such
pieces become one stream of records; what a paper leaves out becomes a row of the ledger.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Protocol

from matdata.plugin import Chunk, Origin, Reject, Request, Source, SourceError

MISSING = ("na", "NA")  # how JARVIS writes that there is no value


@dataclass(frozen=True)
class Property:
    """A column of the data set under one name, whatever the files call it.

    Attributes
    ----------
    name, unit
        What it is called here, and its unit.
    aliases
        What releases and files call it; the first that is there counts.
    """

    name: str
    unit: str
    aliases: tuple[str, ...] = ()

    def in_place_of(self, names: Mapping[str, Any]) -> str | None:
        """The column that gets this name; None if one has it, or there is none."""
        if self.name in names:
            return None
        return next((alias for alias in self.aliases if alias in names), None)


class Rule(Protocol):
    """Decides which records a paper's data set is made of; a frozen dataclass."""

    def drops(self, table: Mapping[str, list[Any]], rows: int) -> list[str]:
        """For each record why it is left out, or an empty text."""


@dataclass(frozen=True)
class Above:
    """Keep records with a number above a limit in the first of some columns that is there."""

    columns: tuple[str, ...]
    limit: float

    def drops(self, table: Mapping[str, list[Any]], rows: int) -> list[str]:
        """Reasons, one per record."""
        name = next((name for name in self.columns if name in table), None)
        if name is None:
            return [f"no column {' or '.join(self.columns)}"] * rows
        return [
            "" if is_number(value) and value > self.limit else f"{name} is {value}"
            for value in table[name]
        ]


@dataclass(frozen=True)
class Item:
    """One piece of the data set.

    Attributes
    ----------
    source
        Where its records come from.
    columns
        Constant columns that distinguish its records from the others'.
    ids
        Format of an id from the row, counted from 1 (``mb-phonons-{:04d}``); the records' own ids
        if None. For files only.
    """

    source: Source
    columns: Mapping[str, Any] = field(default_factory=dict)
    ids: str | None = None


class Gathered(Source[tuple[int, Any]]):
    """Records of several sources, one after another.

    Parameters
    ----------
    name
        Name of the data set.
    items
        The pieces; they hold structures, or all hold compositions.
    rules
        Which records belong to the data set.
    properties
        Columns that get one name and a unit.
    """

    name: ClassVar[str] = "recipe"

    def __init__(
        self,
        name: str,
        items: Sequence[Item],
        rules: Sequence[Rule] = (),
        properties: Sequence[Property] = (),
    ) -> None:
        self._title, self._items, self._rules = name, items, rules
        self._properties = properties

    @classmethod
    def make(cls, request: Request) -> Gathered:
        """Recipes make this source themselves."""
        raise SourceError("this source is made by recipes only")

    def origin(self) -> Origin:
        """The first piece's origin, with the request of all."""
        origins = [item.source.origin() for item in self._items]
        first = origins[0]
        for other in origins[1:]:
            if other.kind != first.kind or other.energy_column != first.energy_column:
                raise SourceError(
                    f"the pieces differ: {first.url or first.name} holds {first.kind}s with energy "
                    f"{first.energy_column}, {other.url or other.name} {other.kind}s with energy "
                    f"{other.energy_column}",
                    next_step="give files of one form, columns named alike",
                )
        pieces = [
            {"request": origin.request, "columns": dict(item.columns), "ids": item.ids}
            for origin, item in zip(origins, self._items, strict=True)
        ]
        rules = [asdict(rule) for rule in self._rules]  # type: ignore[call-overload]
        request: dict[str, Any] = {"source": self.name, "pieces": pieces, "rules": rules}
        if self._properties:
            request["properties"] = [asdict(one) for one in self._properties]
        return replace(
            first,
            source=self.name,
            name=self._title,
            request=request,
            count=None,
            targets=self._with_units(self._renamed(first.targets)),
            units={**first.units, **{one.name: one.unit for one in self._properties}},
        )

    def _renamed(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Columns by name, those of properties under the property's."""
        renamed = dict(columns)
        for one in self._properties:
            if (own := one.in_place_of(columns)) is not None:
                renamed[one.name] = renamed.pop(own)
        return renamed

    def _with_units(self, targets: dict[str, str]) -> dict[str, str]:
        units = {one.name: one.unit for one in self._properties if one.name in targets}
        return {**targets, **units}

    def raw_chunks(self, start: int = 0) -> Iterator[Any]:
        """Chunks of the pieces, each with the number of its piece."""
        return itertools.islice(self._all_chunks(), start, None)

    def _all_chunks(self) -> Iterator[Any]:
        for number, item in enumerate(self._items):
            rows = itertools.count(1)
            for raw in item.source.raw_chunks():
                if item.ids is not None:
                    for record in raw[1]:  # type: ignore[index]
                        record.values["id"] = item.ids.format(next(rows))
                yield number, raw

    def parse(self, raw: Any) -> Chunk:
        """Parse one chunk and leave out what the rules drop."""
        number, inner = raw
        item = self._items[number]
        chunk = item.source.parse(inner)
        table = {name: _cleaned(column) for name, column in self._renamed(chunk.table).items()}
        table |= {name: [value] * len(chunk) for name, value in item.columns.items()}
        return self._chosen(replace(chunk, table=table))

    def _chosen(self, chunk: Chunk) -> Chunk:
        reasons = [""] * len(chunk)
        for rule in self._rules:
            dropped = rule.drops(chunk.table, len(chunk))
            reasons = [old or new for old, new in zip(reasons, dropped, strict=True)]
        rows = [row for row, reason in enumerate(reasons) if not reason]
        if len(rows) == len(chunk):
            return chunk
        ids = chunk.table["material_id"]
        rejects = [
            Reject(ids[row], "source", "not_selected", reason)
            for row, reason in enumerate(reasons)
            if reason
        ]
        return replace(chunk.take(rows), rejects=[*chunk.rejects, *rejects])


def is_number(value: object) -> bool:
    """Whether a value of a table is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cleaned(column: list[Any]) -> list[Any]:
    return [None if isinstance(value, str) and value in MISSING else value for value in column]
