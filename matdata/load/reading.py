"""Reading the columns of features for some materials, piece by piece."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int
from matdata.core.errors import FeatureError
from matdata.features.opened import FeatureLike
from matdata.load.columns import CRYSTAL, Builder, Columns
from matdata.load.prepare import Preparation, bytes_a_material

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
    prepared
        What becomes of the stored fields.
    """

    def __init__(self, feature: FeatureLike, rows: Int, prepared: Preparation) -> None:
        self.feature = feature
        self.featurizer = feature.featurizer
        self.rows = rows
        self._prepared = prepared
        self._positions = np.searchsorted(feature.rows, rows).astype(np.int64)
        self._names = prepared.names(self.featurizer)

    @functools.cached_property
    def lengths(self) -> dict[str, npt.NDArray[np.int64]]:
        """Entries of each material by ragged level of the stored fields."""
        levels = {field.level for field in self.featurizer.fields} - {CRYSTAL}
        return {level: self.feature.arrays.lengths(level)[self._positions] for level in levels}

    @functools.cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Bytes of the columns of each material, estimated where they are derived."""
        count = len(self.rows)
        return bytes_a_material(self._prepared, self.featurizer, self.lengths, count)

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
            stored: dict[str, Any] = self.feature.arrays.read(self._names, self._positions[piece])
            try:
                builder.add(self._prepared.make(self.featurizer, stored), len(piece))
            except ValueError as error:
                raise FeatureError(
                    f"feature {self.featurizer.spec!r} cannot be loaded: {error}",
                    cause="its dense form depends on which materials are expanded together",
                    next_step="give the featurizer a fixed width",
                ) from error
        return builder.finish()

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
