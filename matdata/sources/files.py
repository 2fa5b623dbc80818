"""The `files` source: one file, a folder or a zip archive of crystals or formulas."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from matdata.core.errors import SourceError, did_you_mean
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.chunks import chunked, first_of
from matdata.sources.parse import parse_formulas, parse_structures
from matdata.sources.readers.base import Raw, Record
from matdata.sources.readers.csv_table import mentions_cif, unnamed_columns
from matdata.sources.readers.folder import Folder, Zip, form_of, read_structures
from matdata.sources.readers.nested_columns import NestedColumns
from matdata.sources.readers.opening import digest_input, encodable, plain_stem, plain_suffix
from matdata.sources.readers.peek import PEEK, column_names, first_raw, first_readable, first_where
from matdata.sources.readers.raw_records import raw_of
from matdata.sources.readers.records import ASE_ROW, READERS, XYZ_TEXT, read_records
from matdata.sources.roles import ReadOptions, Roles, find_roles, holds_structure, structure_column

CSV = ".csv"
DOCUMENTS = (".json", ".jsonl", ".ndjson")  # each record has its own columns
GENERIC = ("train", "val", "test", "data", "summary", "structures", "dataset")
FORMATS = "CIF, POSCAR, CSV, JSON, JSONL, extended XYZ, ASE db, a folder or a zip of structures"


class Files(Source):
    """Records from a path; the format is inferred from the file name, roles from column names.

    Parameters
    ----------
    path
        A file (compressed or not), a folder, or a zip archive.
    options
        The user's options about the columns.
    limit
        Read at most this many records.
    """

    name: ClassVar[str] = "files"

    def __init__(
        self, path: str | Path, options: ReadOptions | None = None, limit: int | None = None
    ) -> None:
        self.path = Path(path).expanduser()
        self.options = options or ReadOptions()
        self.limit = limit
        if not self.path.exists():
            parent = self.path.parent
            names = [p.name for p in parent.iterdir()] if parent.is_dir() else []
            raise SourceError(
                f"there is no file or folder {path}{did_you_mean(self.path.name, names)}",
                next_step="check the path; `matdata build --help` lists the other sources",
            )
        self._folder = self._as_folder()
        self._roles: Roles | None = None

    @classmethod
    def make(cls, request: Request) -> Files:
        """Create the source from a request whose argument is the path."""
        return cls(request.argument, request.options, request.limit)

    def _as_folder(self) -> Folder | Zip | None:
        if self.path.is_dir():
            return Folder(self.path)
        if plain_suffix(self.path) == ".zip":
            return Zip(self.path)
        if form_of(self.path.name) in ("cif", "poscar"):
            return _OneFile(self.path)
        if plain_suffix(self.path) not in READERS:
            raise SourceError(
                f"{self.path}: no reader for files of this name", next_step=f"supported: {FORMATS}"
            )
        return None

    def origin(self) -> Origin:
        """Sample the first records and describe what will be read.

        Raises
        ------
        SourceError
            If there are no readable records, or their roles cannot be inferred.
        """
        roles = self._find_roles()
        stem = encodable(self.path.name if self.path.is_dir() else plain_stem(self.path))
        parent = encodable(self.path.resolve().parent.name)
        content = self._folder.digest_input() if self._folder else [digest_input(self.path)]
        return Origin(
            source=self.name,
            name=f"{parent}-{stem}" if stem.lower() in GENERIC and parent else stem,
            version="local",
            kind="structure" if roles.structure else "composition",
            request={
                "source": self.name,
                "content": content,
                "options": self.options.to_dict(),
                "limit": self.limit,
                "name": stem,
            },
            url=encodable(self.path.name),
            energy_column=roles.energy,
            energy_per=roles.energy_per,
            dedupe="none",
            targets=roles.targets,
            count=self.limit,
            note=self._note(roles),
        )

    def _note(self, roles: Roles) -> str:
        unnamed = unnamed_columns(self.path) if plain_suffix(self.path) == CSV else []
        notes = [f"{name} is left out: the row number that pandas wrote" for name in unnamed]
        hidden = self._folder.note() if self._folder else ""
        return "; ".join(filter(None, [roles.note, hidden, *notes]))

    def raw_chunks(self, start: int = 0) -> Iterator[Any]:
        """Chunks of raw records, from chunk `start` on."""
        records = itertools.islice(self._raw_records(), self.limit)
        composition = self._find_roles().structure is None
        for chunk in chunked(records, start):
            yield composition, chunk

    def parse(self, raw: Any) -> Chunk:
        """Parse a list of raw records."""
        composition, records = raw
        return parse_formulas(records) if composition else parse_structures(records)

    def _find_roles(self) -> Roles:
        if self._roles is None:
            if self._folder is not None:
                self._roles = self._folder_roles()
            else:
                self._roles = self._table_roles(self._records())
        return self._roles

    def _records(self) -> Iterator[Record]:
        text_columns = {self.options.id_col, self.options.formula_col} - {None}
        return read_records(self.path, frozenset(str(name) for name in text_columns))

    def _folder_roles(self) -> Roles:
        first = [record.values for record in first_of(self._raw_records(), PEEK)]
        columns = list(dict.fromkeys(name for values in first for name in values))
        options = {**self.options.to_dict(), "structure_col": "structure file", "id_col": None}
        return find_roles(
            ["structure file", *columns], first, ReadOptions(**options), str(self.path)
        )

    def _table_roles(self, records: Iterator[Record]) -> Roles:
        first, damage = first_readable(records)
        if not first:
            raise SourceError(
                f"{self.path} holds no readable record"
                + "".join(f"; {problem}" for problem in damage[:3]),
                cause="an empty file, or one of another kind than its name indicates",
            )
        first += self._later(first)
        columns = column_names(first)
        payload_column = next((name for name in (XYZ_TEXT, ASE_ROW) if name in columns), None)
        options = self.options
        if payload_column:
            options = ReadOptions(**{**options.to_dict(), "structure_col": payload_column})
        return find_roles(columns, first, options, str(self.path))

    def _later(self, first: list[Record]) -> list[Record]:
        """Later records that show what the first ones do not have.

        Which records have a structure must not depend on the order of the file, so the first with
        one is looked for, as are the first documents with the columns that the user names.
        """
        suffix = plain_suffix(self.path)
        if suffix not in (*DOCUMENTS, CSV):
            return []
        columns, options = column_names(first), self.options
        later = []
        if suffix in DOCUMENTS:
            for named in {options.structure_col, options.formula_col} - {None, *columns}:
                later += first_where(self._all_records(), functools.partial(_is_named, named))
        unknown = (
            not options.structure_col and structure_column(columns, first, str(self.path)) is None
        )
        if unknown and (suffix in DOCUMENTS or mentions_cif(self.path)):
            later += first_where(self._all_records(), holds_structure)
        return later

    def _all_records(self) -> Iterator[Record]:
        return itertools.islice(self._records(), self.limit)

    def _raw_records(self) -> Iterator[Raw]:
        if self._folder is not None:
            yield from read_structures(self._folder)
            return
        roles = self._find_roles()
        stem = encodable(plain_stem(self.path))
        raws = (raw_of(record, n, roles, stem) for n, record in enumerate(self._records()))
        first = first_raw(raws)
        nested = NestedColumns(raw.values for raw in first)
        for raw in itertools.chain(first, raws):
            problem = nested.problem(raw.values)
            yield raw if problem is None else _refused(raw, problem)


def _is_named(column: str | None, name: str, _: object) -> bool:
    return name == column


def _refused(raw: Raw, problem: str) -> Raw:
    return Raw(raw.place, "none", problem, {"id": raw.values["id"]})


class _OneFile(Folder):
    """A single structure file, read like a folder with no other file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.parent)
        self._name = path.name

    def names(self) -> list[str]:
        return [self._name]

    def note(self) -> str:
        return ""
