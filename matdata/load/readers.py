"""Where a loader takes columns from: memory, or windows read ahead from the store."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from matdata.core.crystals import Int
from matdata.load.columns import Allocate, Columns, join
from matdata.load.reading import FeatureColumns

Inputs = dict[str, Columns]


class Source(Protocol):
    """Gathers materials by their number in the loader."""

    def begin(self, windows: Sequence[Int]) -> None:
        """An epoch with these windows begins."""

    def take(self, rows: Int, allocate: Allocate = np.empty) -> Inputs:
        """Columns of some materials."""
        ...


class MemorySource:
    """All columns in memory."""

    def __init__(self, columns: Inputs) -> None:
        self.columns = columns

    @classmethod
    def read(cls, features: Mapping[str, FeatureColumns]) -> MemorySource:
        """Read all columns."""
        return cls({spec: feature.read() for spec, feature in features.items()})

    @property
    def nbytes(self) -> int:
        """Bytes of the columns."""
        return sum(columns.nbytes for columns in self.columns.values())

    def begin(self, windows: Sequence[Int]) -> None:
        """Nothing to do."""

    def take(self, rows: Int, allocate: Allocate = np.empty) -> Inputs:
        """Columns of some materials."""
        return {spec: columns.take(rows, allocate) for spec, columns in self.columns.items()}


class StreamSource:
    """Two windows in memory: the one that is read from, and the next, which a thread reads."""

    def __init__(self, features: Mapping[str, FeatureColumns], count: int) -> None:
        self._features = features
        self._count = count
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0
        self._windows: Sequence[Int] = []
        self._of = np.empty(0, np.int64)
        self._held: dict[int, Future[tuple[Int, Inputs]]] = {}

    def begin(self, windows: Sequence[Int]) -> None:
        """Forget the windows of the epoch before."""
        for future in self._held.values():
            future.cancel()
        self._held = {}
        self._windows = [np.unique(window) for window in windows]
        self._of = np.full(self._count, -1, np.int64)
        for k, window in enumerate(self._windows):
            self._of[window] = k

    def take(self, rows: Int, allocate: Allocate = np.empty) -> Inputs:
        """Columns of some materials, which lie in few windows."""
        runs = [list(run) for _, run in itertools.groupby(rows, lambda row: self._of[row])]
        parts = [self._take_run(np.array(run, np.int64), allocate) for run in runs]
        if not parts:
            return self._features_of_none()
        return {spec: join([part[spec] for part in parts]) for spec in self._features}

    def _take_run(self, rows: Int, allocate: Allocate) -> Inputs:
        members, columns = self._window(int(self._of[rows[0]]))
        local = np.searchsorted(members, rows)
        return {spec: held.take(local, allocate) for spec, held in columns.items()}

    def _window(self, k: int) -> tuple[Int, Inputs]:
        window = self._future(k).result()
        for passed in [other for other in self._held if other not in (k, k + 1)]:
            self._held.pop(passed).cancel()
        if k + 1 < len(self._windows):
            self._future(k + 1)
        return window

    def _future(self, k: int) -> Future[tuple[Int, Inputs]]:
        if k not in self._held:
            self._held[k] = self._executor().submit(self._read, self._windows[k])
        return self._held[k]

    def _executor(self) -> ThreadPoolExecutor:
        """One thread, of this process: a fork has none of its parent's."""
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(1, "matdata-read"), os.getpid()
        return self._pool

    def _read(self, members: Int) -> tuple[Int, Inputs]:
        return members, {spec: f.read_some(members) for spec, f in self._features.items()}

    def _features_of_none(self) -> Inputs:
        none = np.empty(0, np.int64)
        return {spec: f.read_some(np.arange(1)).take(none) for spec, f in self._features.items()}
