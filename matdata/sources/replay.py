"""Snapshots as a file: what a source gave, to be read again without the source.

One JSON object a line, compressed where the name ends in ``.gz``: a header with the origin and the
digest of the records, then for each chunk its columns, its records and its rejects, then an end.
Floats are written in the shortest form that reads back as the same number, so a snapshot taken
from the file equals the one that it was written from, and so does every dataset made from it.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, ClassVar, TypeAlias, cast

from matdata.adapters.sites import from_fractional
from matdata.core.cache import storage_error
from matdata.core.crystals import Crystals
from matdata.core.digest import canonical_json
from matdata.core.documents import JsonObject
from matdata.core.errors import MatdataError, SourceError
from matdata.core.ledger import Reject, Unusable
from matdata.core.redaction import redacted
from matdata.sources.base import WORDS, Chunk, Origin, Request, Source
from matdata.sources.guard import Gathered, Row
from matdata.sources.kept import origin_of
from matdata.sources.parse import structural_chunk
from matdata.sources.readers.json_text import Damaged, decode
from matdata.sources.readers.opening import open_text
from matdata.sources.snapshot import Snapshot
from matdata.store import files
from matdata.store.formats import FORMATS, upgraded

MARK = {"matdata": "snapshot"}
FORMAT = "saved-snapshot"
_FOLDER = re.compile(r"[A-Za-z0-9][\w.+:-]{0,79}", re.ASCII)


def write_replay(snapshot: Snapshot, path: Path) -> int:
    """Write a snapshot as a file, atomically; returns the number of records.

    Raises
    ------
    StoreError
        If it cannot be written, or the snapshot is damaged.
    """
    packed = path.suffix == ".gz"
    try:
        files.sweep(path.parent, path.name)
        with files.replacing(path) as temporary, _writable(temporary, packed) as file:
            for line in _lines(snapshot):
                file.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        raise storage_error(error, path) from error
    return int(snapshot.manifest["records"])


@contextlib.contextmanager
def _writable(path: Path, packed: bool) -> Iterator[IO[bytes]]:
    with open(path, "wb") as plain:
        if not packed:
            yield plain
            return
        # No time and no name in the header: equal snapshots give equal files.
        with gzip.GzipFile("", "wb", fileobj=plain, mtime=0) as file:
            yield cast(IO[bytes], file)


def _lines(snapshot: Snapshot) -> Iterator[Any]:
    manifest = snapshot.manifest
    yield {
        **MARK,
        "format": FORMATS[FORMAT].version,
        # A secret can be known by now that was not when the snapshot was taken.
        "origin": {k: redacted(v) if k in WORDS else v for k, v in snapshot.origin.items()},
        "records_digest": snapshot.digest,
        "records": manifest["records"],
        "rejected": manifest["rejected"],
    }
    for chunk in snapshot.chunks():
        names = list(chunk.table)
        yield {"columns": names}
        structures = chunk.structures
        for row, values in enumerate(zip(*chunk.table.values(), strict=True)):
            position = structures.position(row)
            crystal = {} if position is None else _crystal(structures.crystals, position)
            yield {"values": values, **crystal}
        for one in chunk.rejects:
            yield {"reject": [one.material_id, one.stage, one.reason, one.message]}
    yield {"end": manifest["records"]}


def _crystal(crystals: Crystals, row: int) -> JsonObject:
    sites = crystals.sites(row)
    return {
        "lattice": crystals.lattice[row].tolist(),
        "frac_coords": crystals.frac_coords[sites].tolist(),
        "numbers": crystals.numbers[sites].tolist(),
    }


def is_replay(path: Path) -> bool:
    """Whether a file is one that `write_replay` wrote."""
    try:
        with open_text(path) as file:
            start = file.read(len('{"matdata": "snapshot"'))
    except SourceError:  # of another kind, or damaged: its reader tells
        return False
    return start == json.dumps(MARK)[:-1]


#: A line of the file, after its number.
Line: TypeAlias = tuple[int, JsonObject]


class Replay(Source[list[Line]]):
    """A file of `write_replay` in place of the source that it came from.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    StoreError
        If it is of a newer format.
    SourceError
        If its header is damaged.
    """

    name: ClassVar[str] = "replay"
    slow_parse: ClassVar[bool] = False

    def __init__(self, path: Path) -> None:
        self._path = path
        header = next(self._read())[1]
        self._header = self._checked(upgraded(FORMAT, header, header.get("format"), path))
        self.expected_digest = str(self._header["records_digest"])

    @classmethod
    def make(cls, request: Request) -> Replay:
        """Make the source from a request with a file.

        Raises
        ------
        SourceError
            If fewer records are asked for: the file holds what was asked for when it was made.
        """
        if request.limit is not None:
            raise SourceError(
                f"{request.file} is a saved snapshot and is read as a whole; no --limit",
                next_step="leave --limit out",
            )
        return cls(cast(Path, request.file))

    def _read(self) -> Iterator[tuple[int, JsonObject]]:
        """Lines with their numbers."""
        with open_text(self._path) as file:
            for number, line in enumerate(file, start=1):
                value = decode(line).value
                if isinstance(value, Damaged):
                    raise self._cut(f"line {number} is {value.message}")
                if not isinstance(value, dict):
                    raise self._cut(f"line {number} is no JSON object")
                yield number, value

    def _checked(self, header: JsonObject) -> JsonObject:
        try:
            origin = origin_of(header["origin"])
            texts = [origin.source, origin.name, origin.version, header["records_digest"]]
            texts += [origin.kind, origin.url, origin.note, *origin.targets, origin.energy_per]
            texts += [*origin.targets.values(), origin.energy_column or "", origin.licence]
            for text in texts:
                _text(text)
            for name in (origin.source, origin.version):  # they become names of folders
                if not _FOLDER.fullmatch(name):
                    raise ValueError(f"{name[:80]!r} cannot be the name of a folder")
            canonical_json(header["origin"]).encode()
            int(header["records"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._cut(f"line 1 is no header of a snapshot: {error!r}") from error
        return header

    def _cut(self, what: str) -> SourceError:
        return SourceError(
            f"{self._path}: {what}",
            cause="the file is truncated or was changed",
            next_step="copy it again, or write it again with `matdata export --snapshot`",
        )

    def origin(self) -> Origin:
        """What the source reported of itself when the snapshot was taken."""
        return origin_of(self._header["origin"])

    def raw_chunks(self, start: int = 0) -> Iterator[list[Line]]:
        """The chunks of the snapshot: lines with their numbers.

        Raises
        ------
        SourceError
            If the file is truncated, or its lines are not in the order in which they were written.
        """
        chunk: list[Line] = []
        number, ended, records = 0, False, 0
        lines = self._read()
        next(lines)
        for place, line in lines:
            ended = "end" in line
            if chunk and (ended or "columns" in line):
                if number >= start:
                    yield chunk
                number, chunk = number + 1, []
            if not chunk and not ended and "columns" not in line:
                raise self._cut(f"line {place} should begin a chunk with its columns")
            if len(chunk) > MAX_CHUNK:
                raise self._cut(f"line {place}: a chunk of more than {MAX_CHUNK:,} lines")
            records += "values" in line
            chunk.append((place, line))
        if not ended or records != self._header["records"]:
            raise self._cut(f"it holds {records} of {self._header['records']} records")

    def parse(self, raw: list[Line]) -> Chunk:
        """One chunk as it was.

        Raises
        ------
        SourceError
            If a line is not as it was written; such a file has not the records it states.
        """
        (place, head), *lines = raw
        gathered = Gathered()
        try:
            names = [str(name) for name in head["columns"]]
            for number, line in lines:
                place = number
                is_reject = "reject" in line
                gathered.add(
                    Reject(*map(_text, line["reject"])) if is_reject else self._row(names, line)
                )
            place = raw[0][0]
            table = {name: [row[name] for row in gathered.rows] for name in names}
            if not self._has_crystals:
                return Chunk(None, table, gathered.rejects)
            return structural_chunk(gathered, table)
        except (Unusable, MatdataError, LookupError, TypeError, ValueError) as error:
            raise self._cut(f"line {place} is damaged: {error}") from error

    @property
    def _has_crystals(self) -> bool:
        return bool(self._header["origin"]["kind"] == "structure")

    def _row(self, names: list[str], line: JsonObject) -> Row:
        values = line["values"]
        if not isinstance(values, list) or len(values) != len(names):
            raise ValueError(f"{len(names)} columns need a list of as many values")
        row = dict(zip(names, values, strict=True))
        has_structure = self._has_crystals and any(key in line for key in CRYSTAL)
        crystal = from_fractional(*(line[key] for key in CRYSTAL)) if has_structure else None
        return Row(_text(row["material_id"]), row, crystal)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.80} where text is expected")
    return value


CRYSTAL = ("lattice", "frac_coords", "numbers")
MAX_CHUNK = 1_000_000  # lines; a chunk that matdata writes has some thousands at most
