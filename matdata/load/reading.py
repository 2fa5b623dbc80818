"""Reading the columns of features for some materials, piece by piece."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int, Ragged
from matdata.core.errors import FeatureError
from matdata.features.base import CRYSTAL, ROW, BatchColumns
from matdata.features.opened import FeatureLike
from matdata.load.columns import Builder, Columns
from matdata.load.prepare import Preparation

#: Bytes of columns that are read at once: what is in memory beside the columns themselves.
PIECE_BYTES = 1 << 22
#: Most bytes of the store that one piece may span.
SPAN_BYTES = 1 << 23


class FeatureColumns:
    """The columns of one feature for the materials of a loader.

    Parameters
    ----------
    feature
        A feature that was built.
    rows
        Rows of the dataset, ascending, each of which has the feature.
    as_stored
        Whether columns are the stored fields as they are, in place of what the featurizer makes
        of them for its batch form.
    """

    def __init__(self, feature: FeatureLike, rows: Int, as_stored: bool = False) -> None:
        self.feature = feature
        self.featurizer = feature.featurizer
        self.rows = rows
        self.preparation = Preparation(feature.featurizer, as_stored)
        self._positions = np.searchsorted(feature.rows, rows).astype(np.int64)
        self._names = self.preparation.names

    @functools.cached_property
    def lengths(self) -> dict[str, npt.NDArray[np.int64]]:
        """Entries of each material by ragged level of the stored fields."""
        levels = {field.level for field in self.featurizer.fields} - {CRYSTAL}
        return {level: self.feature.arrays.lengths(level)[self._positions] for level in levels}

    @functools.cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Bytes of the columns of each material, estimated where they are derived."""
        return self.preparation.bytes_per_material(self.lengths, len(self.rows))

    def entries(self, level: str) -> npt.NDArray[np.int64] | None:
        """Entries of each material at a ragged level of the columns, (n,); None without it.

        Levels of stored fields are known from the store, counted ones from the field that counts
        them. Those of columns that a featurizer derives are measured by reading all of them once.
        """
        if level in self.featurizer.counted:
            name = self.featurizer.counted[level]
            counts = self.feature.arrays.read((name,), self._positions)[name]
            return np.asarray(counts, dtype=np.int64)
        stored = self.lengths.get(level)
        of_dense_form = self.preparation.expands and level == ROW
        if self.preparation.derives or (of_dense_form and stored is None):
            return self._measured.get(level, stored)
        return stored

    @functools.cached_property
    def _measured(self) -> dict[str, npt.NDArray[np.int64]]:
        parts: dict[str, list[npt.NDArray[np.int64]]] = {}
        for piece in self._pieces(np.arange(len(self.rows))):
            columns = dict(self._columns(piece).values())
            for level, column in columns.items():
                if isinstance(column, Ragged):
                    parts.setdefault(level, []).append(column.lengths)
        return {level: np.concatenate(lengths) for level, lengths in parts.items()}

    def read(self, first: int = 0, last: int | None = None) -> Columns:
        """Columns of a stretch of the materials."""
        return self.read_some(np.arange(first, len(self.rows) if last is None else last))

    def read_some(self, chosen: Int) -> Columns:
        """Columns of some of the materials, positions ascending.

        Raises
        ------
        FeatureError
            If the dense form of a featurizer depends on which materials are read together.
        """
        builder = Builder(len(chosen))
        for piece in self._pieces(chosen):
            try:
                builder.add(self._columns(piece), len(piece))
            except ValueError as error:
                raise FeatureError(
                    f"feature {self.featurizer.spec!r} cannot be loaded: {error}",
                    cause="its dense form depends on which materials are expanded together",
                    next_step="give the featurizer a fixed width",
                ) from error
        return builder.finish()

    def _columns(self, piece: Int) -> BatchColumns:
        stored = self.feature.arrays.read(self._names, self._positions[piece])
        return self.preparation.columns(stored)

    def _pieces(self, chosen: Int) -> Iterator[Int]:
        ends, places = np.cumsum(self.sizes[chosen]), self._positions[chosen]
        # the store reads all that lies between the first and the last, so gaps are limited too
        span = SPAN_BYTES / max(float(self.sizes.mean()), 1.0)
        first, done = 0, 0
        while first < len(chosen):
            last = int(np.searchsorted(ends, done + PIECE_BYTES, side="right"))
            near = int(np.searchsorted(places, places[first] + span, side="right"))
            last = max(min(last, near), first + 1)
            yield chosen[first:last]
            first, done = last, int(ends[last - 1])
