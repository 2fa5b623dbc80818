"""Snapshots taken: the records of a source read into resumable chunks, or found there."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from matdata.core import ledger
from matdata.core.cache import ensure_writable, other_places
from matdata.core.console import Console
from matdata.core.digest import SHORT, digest_json
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import DamageError, SourceError
from matdata.core.executors import SEQUENTIAL, Workers, ordered_map
from matdata.core.ledger import DEBUG, UNEXPECTED
from matdata.sources.base import Chunk, Origin, Source
from matdata.sources.chunk_files import ChunkWriter, chunk_digests, read_chunk
from matdata.sources.limits import MAX_COLUMNS
from matdata.sources.snapshot import Snapshot, find_snapshot
from matdata.sources.snapshot_requests import KIND, add_request, manifest_for
from matdata.store import files, tables
from matdata.store.artefact import ArtefactWriter, building
from matdata.store.damage import damage_of
from matdata.store.manifest import is_committed, read_manifest
from matdata.store.wholeness import gone_error

#: By part of a snapshot: digests of its crystals, its table and its rejects.
Digests: TypeAlias = "dict[str, list[str]]"
#: Raised when the same input is read differently, so that earlier snapshots are not reused.
READING = 6


def take_snapshot(source: Source, cache: Path, console: Console, workers: Workers) -> Snapshot:
    """Read a source into a snapshot, or return the existing one of the same request.

    Of a damaged one the damaged chunks are read again.

    Raises
    ------
    SourceError
        If the source yields no record at all.
    StoreError
        If the cache cannot be written; finished chunks are kept and reused.
    DamageError
        If what was read again is not what was there.
    """
    origin = source.origin()
    request_digest = digest_json({"request": origin.request, "reading": READING})
    home = cache / "snapshots" / origin.source
    existing = find_snapshot(home, request_digest)
    if existing is not None and not damage_of(existing.folder, KIND):
        _show_unexpected(source, existing)
        return existing
    for place in other_places(cache):
        shared = find_snapshot(place / "snapshots" / origin.source, request_digest)
        if existing is None and shared is not None and not damage_of(shared.folder, KIND):
            return shared
    ensure_writable(cache)
    with building(home, KIND, request_digest, console.warn) as writer:
        existing = find_snapshot(home, request_digest)  # another process may have just made it
        if existing is not None and not writer.take_over(existing.folder, console):
            return existing
        before = len(workers.losses.lines)
        digests = _read_all(source, origin, writer, console, workers)
        lost = workers.losses.receipt_since(before)
        return _commit(writer, origin, request_digest, digests, source.expected_digest, lost)


def _show_unexpected(source: Source, snapshot: Snapshot) -> None:
    """With ``--debug``, read the source again if records failed unexpectedly, so that it raises."""
    if not os.environ.get(DEBUG):
        return
    if any(reject.reason == UNEXPECTED for chunk in snapshot.chunks() for reject in chunk.rejects):
        for _ in source.chunks():
            pass


def _read_all(
    source: Source, origin: Origin, writer: ArtefactWriter, console: Console, workers: Workers
) -> list[list[str]]:
    """Read the chunks that are missing; returns the digests of all, in order."""
    done = next(number for number in itertools.count() if not writer.has(_part(number)))
    if writer.resumed:
        console.say(f"resuming: {writer.resumed} chunks of records were already read")
    numbers: deque[int] = deque()

    def missing() -> Iterator[Any]:
        for number, raw in enumerate(source.raw_chunks(done), start=done):
            if not writer.has(_part(number)):  # of a damaged snapshot a later one can be whole
                numbers.append(number)
                yield raw

    digests: Digests = {}
    workers = workers if source.slow_parse else SEQUENTIAL
    parsed = ordered_map(source.read, missing(), workers, "process")
    n_done = sum(map(_n_records, writer.parts.values()))
    columns: set[str] = set()
    for chunk in console.bar(parsed, "reading", origin.count, n_done, size=_n_read):
        _require_few(columns, chunk, origin)
        counts = {"records": len(chunk), "rejected": len(chunk.rejects)}
        part, write = _part(numbers.popleft()), ChunkWriter(chunk)
        writer.write(part, write, **counts)
        digests[part] = write.digests
    if not writer.parts:
        raise SourceError(
            f"{origin.name}: the source holds no records",
            cause="an empty file, a filter that no record passes, or a limit of zero",
        )
    return _with_earlier(digests, writer, origin, columns)


def _with_earlier(
    digests: Digests, writer: ArtefactWriter, origin: Origin, columns: set[str]
) -> list[list[str]]:
    """Digests of all chunks in order; those of an earlier, killed reading are read again."""
    for part in sorted(writer.parts.keys() - digests.keys()):
        chunk = read_chunk(writer.staging / part)
        _require_few(columns, chunk, origin)
        digests[part] = _digests_of(writer, part, chunk)
    return [digests[part] for part in sorted(digests)]


def _digests_of(
    writer: ArtefactWriter, part: str, chunk: Chunk, as_text: bool = False
) -> list[str]:
    """Digests of a chunk that is written."""
    table = tables.read_arrow(writer.staging / part / "table.parquet")
    structures = None if chunk.crystals is None else chunk.structures
    return chunk_digests(structures, table, ledger.to_columns(chunk.rejects), as_text)


def _part(number: int) -> str:
    return f"chunks/{number:05d}"


def _n_records(entry: JsonMapping) -> int:
    """Records of a finished chunk, those that could not be read included."""
    return int(entry["meta"]["records"]) + int(entry["meta"]["rejected"])


def _n_read(chunk: Chunk) -> int:
    return len(chunk) + len(chunk.rejects)


def _require_few(columns: set[str], chunk: Chunk, origin: Origin) -> None:
    """Add a chunk's columns to those read so far, and check their number."""
    columns |= chunk.table.keys()
    if len(columns) > MAX_COLUMNS:
        raise SourceError(
            f"{origin.name}: the records have more than {MAX_COLUMNS:,} different columns",
            cause="ids or labels used as keys",
        )


def _commit(
    writer: ArtefactWriter,
    origin: Origin,
    request_digest: str,
    digests: list[list[str]],
    expected: str | None,
    receipt: JsonObject,
) -> Snapshot:
    records_digest = _records_digest(digests, origin)
    if expected is not None and records_digest != expected:
        # of a file whose long lists went into the digest as text
        parts = [(part, read_chunk(writer.staging / part)) for part in sorted(writer.parts)]
        digests = [_digests_of(writer, part, chunk, as_text=True) for part, chunk in parts]
        records_digest = _records_digest(digests, origin)
    if expected is not None and records_digest != expected:
        files.remove(writer.staging)
        raise SourceError(
            f"the records have digest {records_digest[:SHORT]}, the file states {expected[:SHORT]}",
            cause="the file was changed after it was written",
            next_step="write it again with `matdata export --snapshot`",
        )
    content = {
        "origin": json.loads(json.dumps(asdict(origin))),
        "request_digest": request_digest,
        "records_digest": records_digest,
        "records": sum(entry["meta"]["records"] for entry in writer.parts.values()),
        "rejected": sum(entry["meta"]["rejected"] for entry in writer.parts.values()),
    }
    name = f"{origin.version}-{records_digest[:SHORT]}"
    first = _first_request(writer.home / name, content)
    folder = writer.commit(name, {**content, **first}, receipt)
    if first["request_digest"] != request_digest:
        add_request(folder, request_digest, content["origin"])
    manifest = manifest_for(folder, request_digest)
    if manifest is None:
        raise gone_error(folder)
    return Snapshot(folder, manifest, writer.state)


def _records_digest(digests: list[list[str]], origin: Origin) -> str:
    return digest_json({"chunks": digests, "origin": _identity(origin)})


def _first_request(folder: Path, content: JsonObject) -> JsonObject:
    """Origin and digest of the request that gave these records first: those of the manifest."""
    manifest = content
    if is_committed(folder):
        with contextlib.suppress(DamageError):
            manifest = read_manifest(folder, KIND)
    return {key: manifest[key] for key in ("origin", "request_digest")}


def _identity(origin: Origin) -> JsonObject:
    return {
        "source": origin.source,
        "version": origin.version,
        "energy": [origin.energy_column, origin.energy_per],
        "targets": origin.targets,
        **({"units": origin.units} if origin.units else {}),
    }
