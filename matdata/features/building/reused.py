"""Rows of a shard that are copied from older features, in the worker that writes the shard."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core.errors import StoreError
from matdata.core.ledger import Reject
from matdata.features.base import Column
from matdata.store.feature_catalogue import KIND
from matdata.store.manifest import read_manifest
from matdata.store.sharded import ShardedArrays, concatenated, read_ledger, taken

#: In a plan: this row is computed.
COMPUTE = -1
Int = npt.NDArray[np.int64]


class Counts(NamedTuple):
    """Materials by where their values come from, those without values included.

    Attributes
    ----------
    computed, reused
        Computed now, and copied from older versions of the dataset.
    resumed
        Computed or copied by an earlier command that was stopped.
    """

    computed: int = 0
    reused: int = 0
    resumed: int = 0

    def after(self, materials: int, reused: int) -> Counts:
        """With a shard that was done now, which counted as resumed before."""
        computed = self.computed + materials - reused
        return Counts(computed, self.reused + reused, self.resumed - materials)


@dataclass(frozen=True)
class Reuse:
    """A plan of what is taken from where, which can be pickled.

    Attributes
    ----------
    path
        A file with two numbers per row of the dataset, (n, 2) int32: the feature in `folders`, and
        the place in it, of its arrays or (below -1) of its ledger; -1 for a row that is computed.
    folders
        Older features.
    """

    path: str
    folders: tuple[str, ...]

    def of_rows(self, start: int, stop: int) -> npt.NDArray[np.int32]:
        """The plan for some rows."""
        return np.array(np.load(self.path, mmap_mode="r", allow_pickle=False)[start:stop])

    def to_compute(self, start: int, stop: int) -> Int:
        """Rows to compute, counted from `start`, ascending."""
        return np.flatnonzero(self.of_rows(start, stop)[:, 0] == COMPUTE)


def as_reject(place: int) -> int:
    """The place in a ledger as a plan holds it."""
    return -2 - place


@dataclass(frozen=True)
class ReusedRows:
    """Rows of one shard from older features.

    Attributes
    ----------
    rows : (k,) int64
        Rows with values, counted from the first of the shard.
    fields
        Their values, by field.
    rejects
        Rejects of other rows, by row.
    whole
        The part of an older feature that holds exactly these rows and no other, if there is one.
    """

    rows: Int
    fields: Mapping[str, Column]
    rejects: Mapping[int, Reject]
    whole: Path | None = None

    def __len__(self) -> int:
        return len(self.rows) + len(self.rejects)


def reused_rows(reuse: Reuse, names: list[str], store: str, start: int, stop: int) -> ReusedRows:
    """Read what a shard takes from older features; each of their shards is checked first.

    Raises
    ------
    StoreError
        If one is damaged or gone.
    """
    plan = reuse.of_rows(start, stop)
    rows, pieces, rejects = [np.empty(0, np.int64)], [], {}
    for number, folder in enumerate(reuse.folders):
        mine = np.flatnonzero(plan[:, 0] == number)
        places = plan[mine, 1].astype(np.int64)
        for row, place in zip(mine[places < 0].tolist(), places[places < 0].tolist(), strict=True):
            rejects[row] = _ledger(folder)[as_reject(place)]
        if (places >= 0).any():
            rows.append(mine[places >= 0])
            pieces.append((folder, places[places >= 0]))
    joined = np.concatenate(rows)
    complete = bool((plan[:, 0] != COMPUTE).all())
    whole = _whole(pieces, store, start + joined) if complete else None
    if whole is not None:
        return ReusedRows(joined, {}, rejects, whole)
    columns = [_arrays(folder).read(names, places) for folder, places in pieces]
    fields = (
        {name: concatenated([one[name] for one in columns]) for name in names} if columns else {}
    )
    return ReusedRows(joined, fields, rejects)


def is_whole(reuse: Reuse, store: str, start: int, stop: int) -> bool:
    """Whether an older shard in this format holds the values of all rows of a shard, and no others.

    If its rows have the same numbers, too, it is linked (`ReusedRows.whole`).
    """
    plan = reuse.of_rows(start, stop)
    place = plan[plan[:, 1] >= 0]
    numbers = np.unique(place[:, 0]).tolist()
    if (plan[:, 0] == COMPUTE).any() or len(numbers) != 1 or (np.diff(place[:, 1]) != 1).any():
        return False
    with contextlib.suppress(StoreError):  # it was removed meanwhile
        arrays = _arrays(reuse.folders[numbers[0]])
        first, last = int(place[0, 1]), int(place[-1, 1])
        return bool(arrays.manifest["store"] == store and arrays.has_part(first, last + 1))
    return False


def _whole(pieces: list[tuple[str, Int]], store: str, rows: Int) -> Path | None:
    """The older shard with exactly these rows in this format: it can be linked."""
    if len(pieces) != 1:
        return None
    (folder, places), arrays = pieces[0], _arrays(pieces[0][0])
    if arrays.manifest["store"] != store or len(places) != places[-1] - places[0] + 1:
        return None
    part = arrays.part_with(int(places[0]), int(places[-1]) + 1)
    if part is None or not np.array_equal(part.rows, rows):
        return None
    return Path(folder) / part.name


def merged(
    reused: ReusedRows, rows: Int, fields: Mapping[str, Column], rejects: Mapping[int, Reject]
) -> tuple[Int, dict[str, Column], list[Reject]]:
    """Rows, fields and rejects of a shard in the order of the rows.

    Parameters
    ----------
    reused
        What was copied.
    rows, fields, rejects
        What was computed: rows (m,) with values, these, and rejects by row.
    """
    all_rows = np.concatenate([reused.rows, rows])
    in_order = np.argsort(all_rows, kind="stable")
    joined = {
        name: concatenated([reused.fields[name], column] if name in reused.fields else [column])
        for name, column in fields.items()
    }
    by_row = {**reused.rejects, **rejects}
    return all_rows[in_order], taken(joined, in_order), [by_row[row] for row in sorted(by_row)]


@functools.lru_cache(maxsize=4)
def _arrays(folder: str) -> ShardedArrays:
    return ShardedArrays(Path(folder), read_manifest(Path(folder), KIND))


@functools.lru_cache(maxsize=4)
def _ledger(folder: str) -> list[Reject]:
    return read_ledger(Path(folder), read_manifest(Path(folder), KIND))
