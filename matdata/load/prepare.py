"""What is kept of a stored feature for loading: most as stored, some derived of it once.

No torch here. `matdata.load.inputs` holds the class of each feature that reads these columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Ragged
from matdata.features.base import Column, Featurizer
from matdata.features.wyckoff import Wyckoff
from matdata.load.columns import CRYSTAL, Prepared

Stored = Mapping[str, Column]


@dataclass(frozen=True)
class Preparation:
    """How a feature becomes columns.

    Attributes
    ----------
    reads
        Stored fields that are needed; None for all.
    make
        ``make(featurizer, stored)``, called with any number of materials at once.
    expands
        Whether columns are the dense form, which may be much larger than what is stored.
    """

    reads: tuple[str, ...] | None
    make: Callable[[Featurizer, Stored], Prepared]
    expands: bool = False

    def names(self, featurizer: Featurizer) -> tuple[str, ...]:
        """Names of the stored fields that are needed."""
        return self.reads or tuple(field.name for field in featurizer.fields)


def as_stored(featurizer: Featurizer, stored: Stored) -> Prepared:
    """Stored fields as they are."""
    levels = {field.name: field.level for field in featurizer.fields}
    return {name: (levels[name], column) for name, column in stored.items()}


def dense_values(featurizer: Featurizer, stored: Stored) -> Prepared:
    """``values``, the dense form as float32, of level ``row`` where materials have several."""
    dense = featurizer.dense(stored)
    if isinstance(dense, Ragged):
        return {"values": ("row", Ragged(dense.values.astype(np.float32), dense.offsets))}
    return {"values": (CRYSTAL, np.asarray(dense, dtype=np.float32))}


def _bare(lengths: npt.NDArray[np.int64]) -> Ragged:
    """Lengths of a level that has no field."""
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(np.empty((int(ends[-1]), 0), np.uint8), ends)


def formula_nodes(featurizer: Featurizer, stored: Stored) -> Prepared:
    """Elements and amounts, and how many nodes each material has."""
    counts = cast(Ragged, stored["counts"])
    ends = np.concatenate([[0], np.cumsum(counts.values, dtype=np.int64)])[counts.offsets]
    return {**as_stored(featurizer, stored), "nodes": ("node", _bare(np.diff(ends)))}


def wyckoff_labellings(featurizer: Featurizer, stored: Stored) -> Prepared:
    """All equivalent labellings of each crystal, one after another."""
    numbers = cast(Ragged, stored["elements"])
    made = cast(Wyckoff, featurizer)
    tables = [
        made.equivalents(kinds, rows)
        for kinds, rows in zip(numbers, cast(Ragged, stored["positions"]), strict=True)
    ]
    none = np.empty(0, np.int64)
    counts = np.array([len(table) for table in tables], dtype=np.int64)
    positions = np.concatenate([none, *(table.ravel() for table in tables)])
    elements = [np.tile(kinds, len(t)) for kinds, t in zip(numbers, tables, strict=True)]
    rows = np.concatenate([[0], np.cumsum(counts * numbers.lengths)]).astype(np.int64)
    labellings = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    orbits = np.repeat(numbers.lengths, counts).astype(np.uint16)
    return {
        "elements": ("orbit", Ragged(np.concatenate([numbers.values[:0], *elements]), rows)),
        "positions": ("orbit", Ragged(positions.astype(np.uint16), rows)),
        "orbits": ("labelling", Ragged(orbits, labellings)),
    }


#: All stored fields as they are, for batches of NumPy arrays.
STORED = Preparation(None, as_stored)
DENSE = Preparation(None, dense_values, expands=True)
_ELEMENTS = Preparation(("elements", "fractions"), as_stored)
_GRAPH = ("sender", "receiver", "image", "distance", "numbers", "place", "metric")
PREPARATIONS: dict[str, Preparation] = {
    "composition-set": _ELEMENTS,
    "edm": _ELEMENTS,
    "element": Preparation(("numbers",), as_stored),
    "formula-graph": Preparation(("elements", "counts"), formula_nodes),
    "fractions": _ELEMENTS,
    "graph": Preparation(_GRAPH, as_stored),
    "ofm": Preparation(("numbers", "ligand"), as_stored),
    "wyckoff": Preparation(("elements", "positions"), wyckoff_labellings),
}


def preparation(featurizer: Featurizer) -> Preparation:
    """How a feature is prepared; its dense form if nothing else is known of it."""
    return PREPARATIONS.get(featurizer.name, DENSE)


def bytes_a_material(
    known: Preparation,
    featurizer: Featurizer,
    lengths: Mapping[str, npt.NDArray[np.int64]],
    count: int,
) -> npt.NDArray[np.int64]:
    """Bytes of the columns of each material, an estimate where they are derived, (count,).

    Parameters
    ----------
    lengths
        Entries of each material by ragged level of the stored fields.
    count
        Number of materials.
    """
    names = known.names(featurizer)
    total = np.zeros(count, dtype=np.int64)
    for field in featurizer.fields:
        if field.name in names:
            total += field.entry_bytes * (1 if field.level == CRYSTAL else lengths[field.level])
    if known.expands:
        longest: Any = max(lengths.values(), key=np.sum, default=1)
        total = np.maximum(total, 4 * len(featurizer.labels()) * longest)
    return total
