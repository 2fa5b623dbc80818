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
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import IO, Any, ClassVar, cast

from matdata.cache import storage_error
from matdata.crystals import Crystals
from matdata.errors import SourceError
from matdata.ledger import Reject
from matdata.redaction import redacted
from matdata.sources.base import WORDS, Chunk, Origin, Request, Source
from matdata.sources.readers.base import open_text, readable
from matdata.sources.snapshot import Snapshot
from matdata.store import files

MARK = {"matdata": "snapshot"}
FORMAT = 1


def write_replay(snapshot: Snapshot, path: Path) -> int:
    """Write a snapshot as a file, atomically; returns the number of records.

    Raises
    ------
    StoreError
        If it cannot be written, or the snapshot is damaged.
    """
    temporary = path.with_name(f".tmp-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _writable(temporary, path.suffix == ".gz") as file:
                for line in _lines(snapshot):
                    file.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
            files.publish(temporary, path)
        finally:
            files.remove(temporary)
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
        "format": FORMAT,
        # A snapshot that an older version took can hold an address with its login.
        "origin": {k: redacted(v) if k in WORDS else v for k, v in snapshot.origin.items()},
        "records_digest": snapshot.digest,
        "records": manifest["records"],
        "rejected": manifest["rejected"],
    }
    for chunk in snapshot.chunks():
        names = list(chunk.table)
        yield {"columns": names}
        for row, values in enumerate(zip(*chunk.table.values(), strict=True)):
            crystal = {} if chunk.crystals is None else _crystal(chunk.crystals, row)
            yield {"values": values, **crystal}
        for one in chunk.rejects:
            yield {"reject": [one.material_id, one.stage, one.reason, one.message]}
    yield {"end": manifest["records"]}


def _crystal(crystals: Crystals, row: int) -> dict[str, Any]:
    sites = crystals.sites(row)
    return {
        "lattice": crystals.lattice[row].tolist(),
        "frac_coords": crystals.frac_coords[sites].tolist(),
        "numbers": crystals.numbers[sites].tolist(),
    }


def is_replay(path: Path) -> bool:
    """Whether a file is one that `write_replay` wrote."""
    if not path.is_file():
        return False
    try:
        with open_text(path) as file:
            start = file.read(len('{"matdata": "snapshot"'))
    except (OSError, EOFError, ValueError):
        return False
    return start == json.dumps(MARK)[:-1]


class Replay(Source):
    """A file of `write_replay` in place of the source that it came from.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    SourceError
        If it is of a newer format.
    """

    name: ClassVar[str] = "replay"
    slow_parse: ClassVar[bool] = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._header = next(self._read())
        if self._header.get("format") != FORMAT:
            raise SourceError(
                f"{path} has format {self._header.get('format')}; this matdata reads {FORMAT}",
                next_step="upgrade matdata",
            )
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

    def _read(self) -> Iterator[dict[str, Any]]:
        number = 0
        with readable(self._path), open_text(self._path) as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise self._cut(f"line {number} is not JSON: {error}") from error

    def _cut(self, what: str) -> SourceError:
        return SourceError(
            f"{self._path}: {what}",
            cause="the file is truncated or was changed",
            next_step="copy it again, or write it again with `matdata export --snapshot`",
        )

    def origin(self) -> Origin:
        """What the source said of itself when the snapshot was taken."""
        return origin_of(self._header["origin"])

    def raw_chunks(self, start: int = 0) -> Iterator[Any]:
        """The chunks of the snapshot."""
        chunk: list[dict[str, Any]] = []
        number, ended, records = 0, False, 0
        lines = self._read()
        next(lines)
        for line in lines:
            ended = "end" in line
            if chunk and (ended or "columns" in line):
                if number >= start:
                    yield chunk
                number, chunk = number + 1, []
            records += "values" in line
            chunk.append(line)
        if not ended or records != self._header["records"]:
            raise self._cut(f"it holds {records} of {self._header['records']} records")

    def parse(self, raw: Any) -> Chunk:
        """One chunk as it was."""
        names = raw[0]["columns"]
        records = [line for line in raw if "values" in line]
        table = {name: [line["values"][k] for line in records] for k, name in enumerate(names)}
        rejects = [Reject(*line["reject"]) for line in raw if "reject" in line]
        crystals = None
        if self._header["origin"]["kind"] == "structure":
            columns = [[line[key] for line in records] for key in CRYSTAL]
            crystals = Crystals.from_lists(table["material_id"], *columns)
        return Chunk(crystals, table, rejects)


CRYSTAL = ("lattice", "frac_coords", "numbers")


class Kept(Source):
    """A snapshot of the cache in place of its source: nothing is read again.

    Parameters
    ----------
    snapshot
        The snapshot.
    """

    name: ClassVar[str] = "kept"

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @classmethod
    def make(cls, request: Request) -> Kept:
        """Kept snapshots are found by `find_source`."""
        raise NotImplementedError(request)

    def origin(self) -> Origin:
        """What the source said of itself; the snapshot is found by its request."""
        return origin_of(self._snapshot.origin)

    def raw_chunks(self, start: int = 0) -> Iterator[Any]:
        """The chunks of the snapshot."""
        yield from list(self._snapshot.chunks())[start:]

    def parse(self, raw: Any) -> Chunk:
        """A chunk as it is."""
        chunk: Chunk = raw
        return chunk


def origin_of(content: dict[str, Any]) -> Origin:
    """An origin from a manifest; keys that a newer version wrote are left out."""
    known = {field.name for field in fields(Origin)}
    return Origin(**{key: value for key, value in content.items() if key in known})
