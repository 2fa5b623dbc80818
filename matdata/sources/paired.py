"""Pairs of structures from two paths: relaxed ones with values, and those before relaxation."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from matdata.core.errors import SourceError
from matdata.sources.base import Origin
from matdata.sources.chunks import chunked
from matdata.sources.files import Files
from matdata.sources.limits import MAX_HELD, MIB
from matdata.sources.parse import RecordChunk, without_comment
from matdata.sources.read_options import ReadOptions
from matdata.sources.readers.base import Form, Raw
from matdata.sources.readers.raw_records import INITIAL, STRUCTURE_ROLE, pair_of
from matdata.sources.readers.tables import limited


class _Held(NamedTuple):
    """A structure before relaxation, in memory; texts are packed to about a tenth."""

    place: str
    form: Form
    payload: Any
    weight: int

    @classmethod
    def of(cls, raw: Raw) -> _Held:
        payload = json.dumps(raw.payload) if raw.form == "dict" else raw.payload
        packed = zlib.compress(payload.encode(), 1) if isinstance(payload, str) else payload
        return cls(raw.place, raw.form, packed, raw.weight)

    def unpacked(self) -> Any:
        if not isinstance(self.payload, bytes):
            return self.payload
        text = zlib.decompress(self.payload).decode()
        return json.loads(text) if self.form == "dict" else text

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return len(self.payload) if isinstance(self.payload, bytes) else self.weight


class PairedFiles(Files):
    """Relaxed structures of a path, and of another one those before relaxation, matched by id.

    A record becomes the rows of its two structures, as with a column of them: both have the values
    of the relaxed one. A structure without a counterpart is a reject, under the name of the row
    before relaxation.

    Parameters
    ----------
    path, options, limit
        As of `Files`; ``options.initial`` is the other path.
    """

    def __init__(
        self, path: str | Path, options: ReadOptions | None = None, limit: int | None = None
    ) -> None:
        given = (options or ReadOptions()).to_dict()
        if given["initial_col"] is not None:
            raise SourceError(
                "structures before relaxation are in a column, or in another file",
                next_step="leave one of --initial and --initial-col out",
            )
        super().__init__(path, ReadOptions(**{**given, "initial": None}), limit)
        self.initial = Files(given["initial"], ReadOptions(id_col=given["id_col"]))

    def origin(self) -> Origin:
        """What will be read of both paths.

        Raises
        ------
        SourceError
            If one of them cannot be read, holds no structures, or does not name them.
        """
        relaxed, before = super().origin(), self.initial.origin()
        for source, origin in ((self, relaxed), (self.initial, before)):
            if origin.kind != "structure":
                raise SourceError(
                    f"{source.path} holds no structures",
                    next_step="--initial is for relaxed structures and those before relaxation",
                )
            source.require_named()
        request = {**relaxed.request, "initial": before.request["content"]}
        count = None if self.limit is None else 2 * self.limit
        return replace(relaxed, request=request, count=count, role_column=STRUCTURE_ROLE)

    def raw_chunks(self, start: int = 0) -> Iterator[RecordChunk]:
        """Chunks of raw records, from chunk `start` on."""
        for chunk in chunked(self._pairs(), start):
            yield False, chunk

    def _pairs(self) -> Iterator[Raw]:
        """Both rows of each record, then what the other path has beside them."""
        held = self._held()
        used: set[str] = set()
        parts = {*self._layout.parts.values()}
        for raw in limited(self.raw_records(), self.limit, parts):
            relaxed = without_comment(raw)
            identity = str(relaxed.values["id"])
            used.add(identity)
            before = self._before(held.get(identity, []), identity)
            yield from pair_of(relaxed, replace(relaxed, **before, entry=None), identity)
        if self.limit is None:  # else nobody knows
            yield from (self._alone(*one) for one in held.items() if one[0] not in used)

    def _alone(self, identity: str, found: list[_Held]) -> Raw:
        fault = ("no_relaxed_structure", f"{self.path.name} has no structure of this id")
        return Raw(found[0].place, "sites", fault, {"id": f"{identity}-{INITIAL}"})

    def _before(self, found: list[_Held], identity: str) -> dict[str, Any]:
        """What the row before relaxation has in place of the relaxed structure."""
        path = self.initial.path.name
        if len(found) == 1:
            one = found[0]
            return {"place": one.place, "form": one.form, "payload": one.unpacked(),
                    "weight": one.weight}  # fmt: skip
        fault = ("no_initial_structure", f"{path} has no structure of this id")
        if found:
            places = ", ".join(one.place for one in found[:3])
            fault = ("repeated_initial_structure", f"{path} has {len(found)} of this id: {places}")
        return {"form": "sites", "payload": fault, "weight": 0}

    def _held(self) -> dict[str, list[_Held]]:
        """Structures before relaxation by id, in the order of their path."""
        held: dict[str, list[_Held]] = {}
        total = 0
        for raw in self.initial.raw_records():
            read = without_comment(raw)
            one = _Held.of(read)
            total += one.size
            if total > MAX_HELD:
                raise SourceError(
                    f"{self.initial.path} holds more than {MAX_HELD // MIB} MiB of structures, "
                    "packed, which are held in memory",
                    next_step="give both structures of a record in one table (--initial-col)",
                )
            held.setdefault(str(read.values["id"]), []).append(one)
        return held
