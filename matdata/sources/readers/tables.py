"""The records of one table file, or of all that make a data set, in the order of the parts."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.core.errors import SourceError
from matdata.core.part_names import PARTS
from matdata.core.units import without_unit
from matdata.sources.readers.base import LABEL, Raw, Record
from matdata.sources.readers.csv_table import header_of, mentions_cif, unnamed_columns
from matdata.sources.readers.file_metadata import FileMetadata
from matdata.sources.readers.layout import Layout, shard_stem
from matdata.sources.readers.lmdb_rows import metadata_of as metadata_of_lmdb
from matdata.sources.readers.opening import digest_input, encodable, plain_stem, plain_suffix
from matdata.sources.readers.optimade_json import metadata_of as metadata_of_answer
from matdata.sources.readers.parquet_table import column_names_of, left_out, metadata_of
from matdata.sources.readers.raw_records import Place
from matdata.sources.readers.records import read_records
from matdata.sources.readers.shared_ids import identity_of

#: Columns of a file whose records all have the same ones.
HEADERS = {".csv": header_of, ".parquet": column_names_of}
#: Formats that have a place for units and more.
METADATA_READERS = {
    ".parquet": metadata_of,
    ".json": metadata_of_answer,
    ".aselmdb": metadata_of_lmdb,
}


@dataclass(frozen=True)
class TableFile:
    """One file of records.

    Attributes
    ----------
    path, name
        Where it is, and what messages call it.
    stem
        What ids of records without one begin with; shards of one table share it.
    part
        The part that it makes, if it makes one.
    """

    path: Path
    name: str
    stem: str
    part: str | None = None


class Tables:
    """Files of records that make one data set.

    Parameters
    ----------
    files
        In the order in which they are read.

    Raises
    ------
    SourceError
        If files of one format have different columns.
    """

    def __init__(self, files: Sequence[TableFile]) -> None:
        self.files = tuple(files)
        self.suffix = plain_suffix(self.files[0].path)
        self._check_columns()

    @classmethod
    def of_file(cls, path: Path) -> Tables:
        """A single file."""
        return cls([TableFile(path, path.name, encodable(plain_stem(path)))])

    @classmethod
    def of_folder(cls, folder: Path, layout: Layout) -> Tables:
        """The tables of a folder."""
        return cls(
            [
                TableFile(folder / name, name, _stem(name, layout), layout.parts.get(name))
                for name in layout.tables
            ]
        )

    def _check_columns(self) -> None:
        if len(self.files) == 1 or self.suffix not in HEADERS:
            return
        self._check_units()
        headers = {file.name: set(HEADERS[self.suffix](file.path)) for file in self.files}
        first, *others = headers
        for name in others:
            here, there = headers[first] - headers[name], headers[name] - headers[first]
            if here or there:
                only = [(first, here), (name, there)]
                raise SourceError(
                    f"{first} and {name} have different columns: "
                    + "; ".join(f"only {a} has {', '.join(sorted(b))}" for a, b in only if b),
                    **_advice(here, there),
                )

    def metadata(self) -> FileMetadata:
        """Metadata of the files beside their headers."""
        reader = METADATA_READERS.get(self.suffix)
        return reader(self.files[0].path) if reader else FileMetadata()

    def _check_units(self) -> None:
        if self.suffix != ".parquet":
            return
        units = {**self.metadata().units}
        for file in self.files[1:]:
            for name, unit in metadata_of(file.path).units.items():
                if units.setdefault(name, unit) != unit:
                    raise SourceError(
                        f"{file.name} states the unit {unit} of {name}, another file {units[name]}",
                        next_step="convert the numbers of one file to the unit of the other",
                    )

    def digest_input(self) -> list[Any]:
        """JSON values that identify the content."""
        if len(self.files) == 1 and self.files[0].part is None:
            return [digest_input(self.files[0].path)]
        return [[encodable(f.name), digest_input(f.path), f.part or ""] for f in self.files]

    def notes(self) -> list[str]:
        """Notes for the user on columns that are left out."""
        notes = []
        if self.suffix == ".csv":
            names = dict.fromkeys(name for one in self.files for name in unnamed_columns(one.path))
            notes = [f"{name} is left out: the row number that pandas wrote" for name in names]
        if self.suffix == ".parquet":
            names = dict.fromkeys(name for one in self.files for name in left_out(one.path))
            notes = [f"{name} is left out: no values of a table" for name in names]
        return notes

    def mentions_cif(self) -> bool:
        """Whether a line of a file may be of a CIF."""
        return any(mentions_cif(file.path) for file in self.files)

    def first_files(self) -> list[TableFile]:
        """The first file of each part, whose first records show what columns mean."""
        return list({file.part: file for file in reversed(self.files)}.values())[::-1]

    def ids(self, column: str | None, text_columns: frozenset[str]) -> dict[str, set[str]]:
        """Ids that the records of several files state, by stem; empty for a single file."""
        if column is None or len(self.files) == 1:
            return {}
        ids: dict[str, set[str]] = {file.stem: set() for file in self.files}
        for file, _, record in self.records(text_columns):
            identity = identity_of(record, column)
            if identity is not None:
                ids[file.stem].add(identity)
        return ids

    def records(self, text_columns: frozenset[str]) -> Iterator[tuple[TableFile, Place, Record]]:
        """All records, with their places; rows of shards are counted together."""
        numbers: dict[str, int] = {}
        for file in self.files:
            several = sum(other.stem == file.stem for other in self.files) > 1
            for row, record in enumerate(read_records(file.path, text_columns), start=1):
                if several:
                    record.pop(LABEL, None)  # each file may count its rows from 0
                number = numbers.get(file.stem, 0)
                numbers[file.stem] = number + 1
                yield file, Place(self._location(file, row), number, file.stem), record

    def _location(self, file: TableFile, row: int) -> str:
        return f"record {row}" if len(self.files) == 1 else f"{encodable(file.name)}: record {row}"


def _advice(here: Collection[str], there: Collection[str]) -> dict[str, str]:
    """Likely cause and next step of two headers that differ."""
    names = {without_unit(one) for one in here}
    same = sorted({without_unit(one) for one in there} & names)
    if same:
        return {
            "cause": f"{', '.join(same)} in different units",
            "next_step": "convert the numbers of one file to the unit of the other, and its header "
            "with them",
        }
    return {
        "cause": "another spelling, or a part whose targets were left out",
        "next_step": "give both the same header; cells without a value stay empty",
    }


def _stem(name: str, layout: Layout) -> str:
    part = layout.parts.get(name)
    stem = shard_stem(name)
    return encodable(part if part is not None and "/" in name else stem)


def limited(
    raws: Iterable[Raw], limit: int | None, parts: Collection[str], rows: int = 1
) -> Iterator[Raw]:
    """The first records; of each part an equal share, so that a small trial has all parts.

    A record has `rows` rows.
    """
    if limit is None or not parts:
        yield from itertools.islice(raws, None if limit is None else limit * rows)
        return
    share, rest = divmod(limit, len(parts))
    shares = {part: share + (rest if part == PARTS[0] else 0) for part in parts}
    for part, own in itertools.groupby(raws, lambda raw: raw.part):
        yield from itertools.islice(own, shares.get(str(part), 0) * rows)
