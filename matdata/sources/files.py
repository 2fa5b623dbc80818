"""The `files` source: one file, a folder or a zip archive of crystals or formulas."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from matdata.core.errors import SourceError, did_you_mean
from matdata.core.part_names import PART_COLUMN
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.chunks import chunked, first_of
from matdata.sources.parse import RecordChunk, parse_formulas, parse_structures
from matdata.sources.read_options import ReadOptions
from matdata.sources.readers.base import ENTRY, GIVEN, Raw, Record
from matdata.sources.readers.file_metadata import FileMetadata
from matdata.sources.readers.folder import Folder, Zip, form_of, read_structures
from matdata.sources.readers.layout import Layout, holds_tables_only, layout_of
from matdata.sources.readers.nested_columns import NestedColumns
from matdata.sources.readers.opening import encodable, plain_stem, plain_suffix
from matdata.sources.readers.peek import PEEK, column_names, first_raw, first_readable, first_where
from matdata.sources.readers.raw_records import STRUCTURE_ROLE, raws_of
from matdata.sources.readers.records import ASE_ROW, READERS, XYZ_TEXT, read_records
from matdata.sources.readers.shared_ids import SharedIds, identity_of
from matdata.sources.readers.tables import TableFile, Tables, limited
from matdata.sources.roles import Roles, find_roles, holds_structure, structure_column

CSV = ".csv"
DOCUMENTS = (".json", ".jsonl", ".ndjson")  # each record has its own columns
GENERIC = ("train", "val", "test", "data", "summary", "structures", "dataset")
FORMATS = (
    "CIF, POSCAR, CSV, JSON, JSONL, Parquet, extended XYZ, ASE db, aselmdb, a folder or a zip of "
    "structures, a folder of train, val and test files"
)


class Files(Source[RecordChunk]):
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
        self._layout = Layout()
        self._input = self._find_input()
        self._roles: Roles | None = None
        self._shared: SharedIds | None = None

    @classmethod
    def make(cls, request: Request) -> Files:
        """Create the source from a request whose argument is the path."""
        if request.options.initial is not None and cls is Files:
            from matdata.sources.paired import PairedFiles

            return PairedFiles(request.argument, request.options, request.limit)
        return cls(request.argument, request.options, request.limit)

    def _find_input(self) -> Folder | Zip | Tables:
        if self.path.is_dir() or plain_suffix(self.path) == ".zip":
            many = Folder(self.path) if self.path.is_dir() else Zip(self.path)
            names = many.names()
            if isinstance(many, Zip) and holds_tables_only(names):
                raise SourceError(
                    f"{self.path} is an archive of tables",
                    next_step="unpack it, and build the file or the folder",
                )
            self._layout = layout_of(names, self.path, self.options.parts)
            if not self._layout.tables:
                return many
            return Tables.of_folder(self.path, self._layout)
        if form_of(self.path.name) in ("cif", "poscar"):
            return _OneFile(self.path)
        if plain_suffix(self.path) not in READERS:
            raise SourceError(
                f"{self.path}: no reader for files of this name", next_step=f"supported: {FORMATS}"
            )
        return Tables.of_file(self.path)

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
        parts = {"parts": [*self._layout.parts.values()]} if self._layout.parts else {}
        metadata = self._input.metadata() if isinstance(self._input, Tables) else FileMetadata()
        return Origin(
            source=self.name,
            name=f"{parent}-{stem}" if stem.lower() in GENERIC and parent else stem,
            version="local",
            kind="structure" if roles.structure else "composition",
            request={
                "source": self.name,
                "content": self._input.digest_input(),
                "options": self.options.identity(),
                "limit": self.limit,
                "name": stem,
                **parts,
            },
            url=encodable(self.path.name),
            energy_column=roles.energy,
            energy_per=roles.energy_per,
            dedupe="none",
            targets=roles.targets,
            units={k: unit for k, unit in metadata.units.items() if k not in roles.targets},
            axes={**metadata.axes},
            **metadata.words,
            count=None if self.limit is None else self.limit * roles.rows_per_record,
            note=self._note(roles),
            part_column=PART_COLUMN if self._layout.parts else None,
            role_column=STRUCTURE_ROLE if roles.initial else None,
            protostructure_column=roles.protostructure,
        )

    def _note(self, roles: Roles) -> str:
        notes = [self._layout.note(), roles.note]
        if isinstance(self._input, Tables):
            notes += [*self._input.notes(), self._shared_ids().note()]
        else:
            notes.append(self._input.note())
        return "; ".join(filter(None, notes))

    def raw_chunks(self, start: int = 0) -> Iterator[RecordChunk]:
        """Chunks of raw records, from chunk `start` on."""
        roles = self._find_roles()
        parts = {*self._layout.parts.values()}
        records = limited(self.raw_records(), self.limit, parts, roles.rows_per_record)
        composition = roles.structure is None
        for chunk in chunked(records, start):
            yield composition, chunk

    def parse(self, raw: RecordChunk) -> Chunk:
        """Parse a list of raw records."""
        composition, records = raw
        return parse_formulas(records) if composition else parse_structures(records)

    def _find_roles(self) -> Roles:
        if self._roles is None:
            if isinstance(self._input, Tables):
                self._roles = self._table_roles(self._input)
            else:
                self._roles = self._folder_roles()
        return self._roles

    def _refuse_pairs(self) -> None:
        """Refuse structures before relaxation in files that hold one structure per record."""
        if self.options.initial_col is not None:
            raise SourceError(
                f"{self.path} holds one structure per record, and no column of others",
                next_step="leave --initial-col out, or give a table with both structures",
            )

    def _folder_roles(self) -> Roles:
        self._refuse_pairs()
        first = [record.values for record in first_of(self.raw_records(), PEEK)]
        columns = list(dict.fromkeys(name for values in first for name in values))
        options = {**self.options.to_dict(), "structure_col": "structure file", "id_col": None}
        return find_roles(
            ["structure file", *columns], first, ReadOptions(**options), str(self.path)
        )

    def _table_roles(self, tables: Tables) -> Roles:
        first: list[Record] = []
        damage: list[str] = []
        for file in tables.first_files():
            readable, problems = first_readable(self._records_of(file))
            first, damage = first + readable, damage + problems
        if not first:
            raise SourceError(
                f"{self.path} holds no readable record"
                + "".join(f"; {problem}" for problem in damage[:3]),
                cause="an empty file, or one of another kind than its name indicates",
            )
        if self.options.corrections != GIVEN and not any(ENTRY in record for record in first):
            raise SourceError(
                f"{self.path} holds no computed entries whose energies could be corrected",
                next_step="leave --corrections out",
            )
        first += self._later(first, tables)
        columns = column_names(first)
        payload_column = next((name for name in (XYZ_TEXT, ASE_ROW) if name in columns), None)
        options = self.options
        if payload_column:
            self._refuse_pairs()
            options = ReadOptions(**{**options.to_dict(), "structure_col": payload_column})
        roles = find_roles(columns, first, options, str(self.path))
        of_files = tables.metadata().units
        units = {name: of_files.get(name, unit) for name, unit in roles.targets.items()}
        return replace(roles, targets=units)

    def _later(self, first: list[Record], tables: Tables) -> list[Record]:
        """Later records that show what the first ones do not have.

        Which records have a structure must not depend on the order of the file, so the first with
        one is looked for, as are the first documents with the columns that the user names.
        """
        if tables.suffix not in (*DOCUMENTS, CSV):
            return []
        columns, options = column_names(first), self.options
        later = []
        if tables.suffix in DOCUMENTS:
            for named in {options.structure_col, options.formula_col} - {None, *columns}:
                later += first_where(self._all_records(), functools.partial(_is_named, named))
        unknown = (
            not options.structure_col and structure_column(columns, first, str(self.path)) is None
        )
        if unknown and (tables.suffix in DOCUMENTS or tables.mentions_cif()):
            later += first_where(self._all_records(), holds_structure)
        return later

    def _text_columns(self) -> frozenset[str]:
        return frozenset({str(self.options.id_col), str(self.options.formula_col)} - {"None"})

    def _records_of(self, file: TableFile) -> Iterator[Record]:
        return read_records(file.path, self._text_columns())

    def _all_records(self) -> Iterator[Record]:
        assert isinstance(self._input, Tables)
        rows = (record for _, _, record in self._input.records(self._text_columns()))
        return itertools.islice(rows, self.limit)

    def _shared_ids(self) -> SharedIds:
        """Which ids several files have; all files are read for it, and only where there are any."""
        if self._shared is None:
            assert isinstance(self._input, Tables)
            column = self._find_roles().id
            self._shared = SharedIds(self._input.ids(column, self._text_columns()))
        return self._shared

    def require_named(self) -> None:
        """Refuse records that only their place in the file tells apart.

        Raises
        ------
        SourceError
            If there is no column of ids.
        """
        named = self._find_roles()
        if isinstance(self._input, Tables) and named.id is None and named.structure != XYZ_TEXT:
            raise SourceError(
                f"{self.path} has no column of ids, by which structures are matched",
                next_step="name one with --id-col",
            )

    def raw_records(self) -> Iterator[Raw]:
        """All raw records, in order."""
        if not isinstance(self._input, Tables):
            yield from read_structures(self._input, self._layout.parts or None)
            return
        raws = self._table_raws(self._input)
        first = first_raw(raws)
        nested = NestedColumns(raw.values for raw in first)
        for raw in itertools.chain(first, raws):
            problem = nested.problem(raw.values)
            yield raw if problem is None else _refused(raw, problem)

    def _table_raws(self, tables: Tables) -> Iterator[Raw]:
        roles, shared = self._find_roles(), self._shared_ids()
        for file, place, record in tables.records(self._text_columns()):
            entry = record.pop(ENTRY, None)
            identity = identity_of(record, roles.id) if roles.id and shared.count else None
            qualifier = "" if identity is None else shared.qualifier(file.stem, identity)
            for raw in raws_of(record, place, roles):
                if entry is not None and self.options.corrections != GIVEN:
                    raw = replace(raw, corrections=self.options.corrections, entry=entry)
                yield replace(raw, part=file.part, qualifier=qualifier)


def _is_named(column: str | None, name: str, _: object) -> bool:
    return name == column


def _refused(raw: Raw, problem: str) -> Raw:
    return replace(raw, form="none", payload=problem, values={"id": raw.values["id"]}, weight=0)


class _OneFile(Folder):
    """A single structure file, read like a folder with no other file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.parent)
        self._name = path.name

    def names(self) -> list[str]:
        return [self._name]

    def note(self) -> str:
        return ""
