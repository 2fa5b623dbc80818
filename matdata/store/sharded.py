"""Sharded arrays of a feature: from blocks to shards, and back by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from matdata.core import ledger
from matdata.core.crystals import Ragged, gather_index, offsets_of
from matdata.core.digest import ArrayHasher
from matdata.core.documents import JsonMapping
from matdata.core.errors import StoreError
from matdata.core.ledger import Reject
from matdata.store import tables
from matdata.store.backends import backend
from matdata.store.parts import check_once

Column = npt.NDArray[Any] | Ragged


def concatenated(columns: Sequence[Any]) -> Column:
    """Columns of one field, one after another; at least one."""
    return Ragged.concat(columns) if isinstance(columns[0], Ragged) else np.concatenate(columns)


def taken(fields: Mapping[str, Column], key: Any) -> dict[str, Column]:
    """Rows of each field, given by a mask (n,) or integers (k,), in that order."""
    return {
        name: column.take(key) if isinstance(column, Ragged) else column[key]
        for name, column in fields.items()
    }


class Part(NamedTuple):
    """One shard: the name of its part, and the rows (n,) of the dataset that it holds."""

    name: str
    rows: npt.NDArray[np.int64]


def shard_arrays(
    fields: Mapping[str, Column], levels: Mapping[str, str], rows: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[Any]]:
    """Arrays of one shard: rows (n,) of the dataset, fields, and offsets per ragged level.

    Raises
    ------
    StoreError
        If two fields of a level differ in their offsets, or a field is missing.
    """
    arrays: dict[str, npt.NDArray[Any]] = {"row": np.asarray(rows, dtype=np.int64)}
    for name, level in levels.items():
        column = fields.get(name)
        if column is None or isinstance(column, Ragged) == (level == "crystal"):
            raise StoreError(f"field {name!r} of level {level!r} is missing or has another level")
        if isinstance(column, Ragged):
            first_offsets = arrays.setdefault(f"offsets_{level}", column.offsets)
            if not np.array_equal(first_offsets, column.offsets):
                raise StoreError(f"fields of level {level!r} differ in their offsets")
            arrays[name] = column.values
        else:
            arrays[name] = column
        if len(column) != len(rows):
            raise StoreError(f"field {name!r} has {len(column)} rows, expected {len(rows)}")
    return arrays


class Parts(Protocol):
    """Where the parts of an artefact are read from, if not from its folder."""

    def opened(self, part: str) -> Any:
        """What the storage format opens a part from; what is read of it is checked."""


class ShardedArrays:
    """Reads a feature's arrays by position; a shard is checked at its first use.

    Parameters
    ----------
    folder
        Folder of the artefact.
    manifest
        Its manifest, already checked.
    parts
        Where shards are read from; its folder if not given.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], parts: Parts | None = None) -> None:
        self.folder = folder
        self._source = parts
        self.manifest = manifest
        self.levels: dict[str, str] = {f["name"]: f["level"] for f in manifest["fields"]}
        self._fields = {f["name"]: f for f in manifest["fields"]}
        self._backend = backend(manifest["store"])
        self._parts = [part for part in manifest["parts"] if part["part"].startswith("shards/")]
        self._bounds = offsets_of([part["rows"] for part in self._parts])
        self._open: dict[int, Any] = {}
        self._offsets: dict[tuple[int, str], npt.NDArray[np.int64]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copies: shards are opened anew, and checked anew."""
        return {**self.__dict__, "_backend": None, "_open": {}, "_offsets": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _backend=backend(state["manifest"]["store"]))

    def __len__(self) -> int:
        return int(self._bounds[-1])

    def rows(self) -> npt.NDArray[np.int64]:
        """Rows of the dataset that the feature holds, ascending, (n,)."""
        parts = [self._shard(k).read("row") for k in range(len(self._parts))]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def lengths(self, level: str) -> npt.NDArray[np.int64]:
        """Number of entries of a ragged level per row, (n,)."""
        parts = [np.diff(self._level_offsets(k, level)) for k in range(len(self._parts))]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def read(self, names: Sequence[str], positions: npt.ArrayLike | None = None) -> dict[str, Any]:
        """Fields at `positions` (k,), in the order given; by default all rows.

        Returns
        -------
        dict
            Field name to an array (k, ...) or to a `Ragged` of k rows.

        Raises
        ------
        IndexError
            If a position is out of range.
        StoreError
            If a shard is missing or damaged.
        """
        if positions is None:
            return self._gather(names, [(k, None) for k in range(len(self._parts))])
        requested = np.asarray(positions, dtype=np.int64)
        if requested.size and (requested.min() < 0 or requested.max() >= len(self)):
            raise IndexError(f"positions must lie in 0..{len(self) - 1}")
        order = np.argsort(requested, kind="stable")
        shard_of = np.searchsorted(self._bounds, requested[order], side="right") - 1
        pieces = [
            (int(k), requested[order][shard_of == k] - self._bounds[k]) for k in np.unique(shard_of)
        ]
        columns = self._gather(names, pieces)
        if np.array_equal(order, np.arange(len(order))):
            return columns
        inverse = np.argsort(order, kind="stable")
        return taken(columns, inverse)

    def has_part(self, first: int, stop: int) -> bool:
        """Whether a shard holds exactly the positions ``first:stop``; nothing is read."""
        k = int(np.searchsorted(self._bounds, first, side="right")) - 1
        return bool(self._bounds[k] == first and self._bounds[k + 1] == stop)

    def part_with(self, first: int, stop: int) -> Part | None:
        """The shard that holds exactly the positions ``first:stop``, if there is one."""
        if not self.has_part(first, stop):
            return None
        k = int(np.searchsorted(self._bounds, first, side="right")) - 1
        return Part(str(self._parts[k]["part"]), self._shard(k).read("row"))

    def digest(self) -> str:
        """SHA-256 of all arrays, independent of the store's format and shard size."""
        hasher = ArrayHasher()
        for k in range(len(self._parts)):
            hasher.update("row", self._shard(k).read("row"))
            for level in sorted(set(self.levels.values()) - {"crystal"}):
                hasher.update(f"lengths_{level}", np.diff(self._level_offsets(k, level)))
            for name in sorted(self.levels):
                hasher.update(name, self._shard(k).read(name))
        return hasher.hexdigest()

    def _shard(self, k: int) -> Any:
        if k not in self._open:
            part = self._parts[k]["part"]
            if self._source is None:
                path = check_once(self.folder, self.manifest, part)
                self._open[k] = self._backend.Shard(path)
            else:
                self._open[k] = self._backend.Shard(self._source.opened(part))
        return self._open[k]

    def _level_offsets(self, k: int, level: str) -> npt.NDArray[np.int64]:
        key = (k, level)
        if key not in self._offsets:
            self._offsets[key] = self._shard(k).read(f"offsets_{level}")
        return self._offsets[key]

    def _gather(self, names: Sequence[str], pieces: Iterable[tuple[int, Any]]) -> dict[str, Any]:
        pieces_of: dict[str, list[Any]] = {name: [self._nothing(name)] for name in names}
        for k, local in pieces:
            for name in names:
                pieces_of[name].append(self._read_piece(k, name, local))
        return {name: concatenated(parts) for name, parts in pieces_of.items()}

    def _nothing(self, name: str) -> Column:
        spec = self._fields[name]
        empty = np.empty((0, *spec["shape"]), dtype=spec["dtype"])
        return empty if spec["level"] == "crystal" else Ragged(empty, np.zeros(1, np.int64))

    def _read_piece(self, k: int, name: str, local: npt.NDArray[np.int64] | None) -> Column:
        shard, level = self._shard(k), self.levels[name]
        if level == "crystal":
            if local is None:
                return shard.read(name)  # type: ignore[no-any-return]
            first, last = int(local.min()), int(local.max())
            entries: npt.NDArray[Any] = shard.read(name, first, last + 1)
            return entries[local - first]
        offsets = self._level_offsets(k, level)
        if local is None:
            return Ragged(shard.read(name), offsets)
        # One contiguous read that covers the requested rows, then a gather in memory.
        first, last = int(local.min()), int(local.max())
        base = int(offsets[first])
        values = shard.read(name, base, int(offsets[last + 1]))
        if len(local) == last + 1 - first and np.array_equal(local, np.arange(first, last + 1)):
            return Ragged(values, offsets[first : last + 2] - base)
        index, local_offsets = gather_index(offsets, local)
        return Ragged(values[index - base], local_offsets)


def read_ledger(folder: Path, manifest: JsonMapping) -> list[Reject]:
    """The rejects of all shards, each file checked before it is read.

    Raises
    ------
    StoreError
        If one is missing or damaged, naming it.
    """
    names = [p["part"] for p in manifest["parts"] if p["part"].startswith("ledger/")]
    rejects: list[Reject] = []
    for name in names:
        path = check_once(folder, manifest, name)
        rejects += ledger.from_columns(tables.read_table(path))
    return rejects
