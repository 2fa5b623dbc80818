"""Keys of records, by which duplicates are the same: numbers, and their texts for messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matdata.core.crystals import Int
from matdata.store.arrow import numpy_of


@dataclass(frozen=True, eq=False)
class Keys:
    """One key per record, as a number.

    Attributes
    ----------
    codes : (n,) int64
        Equal numbers are equal keys.
    names : (m,) str
        Texts of keys, in Arrow.
    index : (n,) int64
        Place of each record's text in `names`.
    endings
        By record what follows that text, as sequences of texts with the record's place in each.
    """

    codes: Int
    names: pa.Array
    index: Int
    endings: tuple[tuple[Int, Sequence[str]], ...] = ()

    @classmethod
    def of(cls, texts: pa.Array) -> Keys:
        """Keys that are equal where texts (n,) are; of missing ones the key is ``None``."""
        encoded = pc.dictionary_encode(texts, null_encoding="encode")
        index = np.asarray(numpy_of(encoded.indices), dtype=np.int64)
        return cls(index, encoded.dictionary, index)

    def divided(self, groups: npt.ArrayLike, endings: Sequence[str]) -> Keys:
        """Keys that are equal within a group alone; `groups` (n,) are places in `endings`."""
        places = np.asarray(groups, dtype=np.int64)
        codes = self.codes * max(len(endings), 1) + places
        return Keys(codes, self.names, self.index, (*self.endings, (places, endings)))

    def text(self, row: int) -> str:
        """The key of a record as text."""
        ending = "".join(texts[places[row]] for places, texts in self.endings)
        return f"{self.names[int(self.index[row])].as_py()}{ending}"
