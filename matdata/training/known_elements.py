"""Materials with elements that imported weights were not trained on: rejects, not predictions."""

from __future__ import annotations

import numpy as np

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals
from matdata.core.elements import N_ELEMENTS, symbols
from matdata.core.ledger import Reject
from matdata.core.table_rows import TableRows
from matdata.training.run import Run

#: Reason of such a reject.
UNKNOWN_ELEMENT = "unknown_element"


def unknown_elements(run: Run, materials: Crystals | Compositions | TableRows) -> list[Reject]:
    """Rejects of the materials with an element that the weights of a run were not trained on.

    Only imported weights state their elements; a run that was trained here has no such limit.

    Parameters
    ----------
    run
        The run.
    materials
        Crystals or compositions, under the ids that the rejects shall have. Of cells of a table
        nothing is known.
    """
    if run.elements is None or isinstance(materials, TableRows):
        return []
    is_known = np.zeros(N_ELEMENTS + 1, dtype=bool)
    is_known[list(run.elements)] = True
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
            f"the weights were not trained on {', '.join(names)}, but on {len(run.elements)} "
            "other elements",
        )
        for row, names in lacking.items()
    ]
