"""Materials with elements that the weights of a run do not know: rejects, not predictions.

Imported weights state the elements that they were trained on. A run that was trained here knows
its limits where it predicts elements themselves, from an input that names those of each material:
of an element that no training reaction holds, nothing can be learnt of where it goes, and the
probability of its label stays what chance made it. Models of other quantities have no such limit:
tables of element vectors are there to carry over to elements that training lacks, and splits by
element measure how well they do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals, Ragged
from matdata.core.elements import N_ELEMENTS, symbols
from matdata.core.ledger import Reject
from matdata.core.table_rows import TableRows
from matdata.features.opened import FeatureLike
from matdata.training.run import Run
from matdata.training.target import Target

Ids = npt.NDArray[np.str_]
#: Reason of such a reject.
UNKNOWN_ELEMENT = "unknown_element"
#: Field and level of features that name the elements that a material is made from.
FIELD, LEVEL = "elements", "element"


@dataclass(frozen=True, eq=False)
class _Held:
    """Atomic numbers of the elements of some materials, as `Compositions` hold them."""

    ids: Ids
    numbers: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]


def learnt_elements(
    targets: Sequence[Target], features: Mapping[str, FeatureLike], ids: Ids
) -> list[int] | None:
    """Atomic numbers, ascending, of the elements that training inputs name.

    None where no target is one of elements, or no input names those of a material.
    """
    held = list(_held(features, ids)) if any(one.is_of_elements for one in targets) else []
    if not held:
        return None
    numbers: list[int] = np.unique(np.concatenate([one.numbers for one in held])).tolist()
    return numbers


def _held(features: Mapping[str, FeatureLike], ids: Ids) -> Iterator[_Held]:
    for feature in features.values():
        if any((one.name, one.level) == (FIELD, LEVEL) for one in feature.featurizer.fields):
            there = np.flatnonzero(np.isin(feature.ids, ids))
            column = feature.arrays.read([FIELD], there)[FIELD]
            assert isinstance(column, Ragged)
            yield _Held(feature.ids[there], column.values, column.offsets)


def unknown_elements(
    run: Run,
    materials: Crystals | Compositions | TableRows,
    features: Mapping[str, FeatureLike],
) -> list[Reject]:
    """Rejects of the materials with an element that the weights of a run were not trained on.

    Parameters
    ----------
    run
        The run.
    materials
        Crystals or compositions, under the ids that the rejects shall have, of which imported
        weights know the elements. Of cells of a table nothing is known.
    features
        The inputs of these materials, of which weights trained here do.
    """
    if run.elements is None:
        return []
    if run.imported is None:
        held: Iterable[_Held | Crystals | Compositions] = _held(features, materials.ids)
    else:
        held = [] if isinstance(materials, TableRows) else [materials]
    return [reject for one in held for reject in _rejects(one, run.elements)]


def _rejects(materials: _Held | Crystals | Compositions, known: Sequence[int]) -> list[Reject]:
    is_known = np.zeros(N_ELEMENTS + 1, dtype=bool)
    is_known[list(known)] = True
    entries = np.flatnonzero(~is_known[materials.numbers])
    rows = np.searchsorted(materials.offsets, entries, side="right") - 1
    pairs = np.unique(np.stack([rows, materials.numbers[entries].astype(np.int64)], 1), axis=0)
    lacking: dict[int, list[str]] = {}
    for row, number in pairs.tolist():
        lacking.setdefault(row, []).append(symbols()[number])
    return [
        Reject(
            str(materials.ids[row]),
            "predict",
            UNKNOWN_ELEMENT,
            f"the weights were not trained on {', '.join(names)}, but on {len(known)} "
            "other elements",
        )
        for row, names in lacking.items()
    ]
