"""What a featurizer returned, held to its contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Ragged
from matdata.core.errors import FeatureError
from matdata.core.ledger import Reject
from matdata.features.base import Block, Featurizer
from matdata.store.sharded import taken


def check_block(featurizer: Featurizer, batch: Any, block: Block) -> Block:
    """Hold a featurizer to its contract, and turn values that are not finite into ledger rows.

    Raises
    ------
    FeatureError
        If rows and rejects do not add up to the batch.
    """
    if len(block.rows) + len(block.rejects) != len(batch):
        raise FeatureError(
            f"{featurizer.spec} returned {len(block.rows)} rows and {len(block.rejects)} rejects "
            f"for {len(batch)} crystals",
            cause="a defect of that featurizer",
        )
    bad = np.zeros(len(block.rows), dtype=bool)
    for column in block.fields.values():
        bad |= _not_finite(column)
    if not bad.any():
        return block
    message = f"{featurizer.spec} gave a value that is not finite"
    lost = [
        Reject(str(batch.ids[row]), "featurize", "not_finite", message) for row in block.rows[bad]
    ]
    return Block(block.rows[~bad], taken(block.fields, ~bad), [*block.rejects, *lost])


def _not_finite(column: npt.NDArray[np.generic] | Ragged) -> npt.NDArray[np.bool_]:
    values = column.values if isinstance(column, Ragged) else column
    wrong = np.zeros(len(column), dtype=bool)
    if values.dtype.kind != "f":
        return wrong
    entries: npt.NDArray[np.bool_] = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    if isinstance(column, Ragged):
        rows = np.repeat(np.arange(len(column)), column.lengths)
        wrong[rows[entries]] = True
        return wrong
    return entries
