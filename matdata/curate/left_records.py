"""Symmetry of the records that left a dataset: a part of it, for its later versions.

Of duplicates and filtered records nothing else is kept but their rows in the ledger.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from matdata.core.crystals import Int
from matdata.curate.known_symmetry import AGREES, COLUMNS, KEY_COLUMN, keys_array
from matdata.curate.symmetry import Wyckoff
from matdata.store.arrow import array_of, numbers_array


def symmetry_of_left(wyckoff: Wyckoff, rows: Int) -> pa.Table | None:
    """Keys and symmetry of the crystals that are in no row, ascending by key; None if all are.

    Parameters
    ----------
    wyckoff
        Symmetry of the n records.
    rows : (k,)
        Records that are rows of the dataset.
    """
    left = wyckoff.space_group_number > 0
    left[rows] = False
    left &= ~np.isin(wyckoff.keys, wyckoff.keys[rows])
    records = np.flatnonzero(left)
    keys, first = np.unique(wyckoff.keys[records], return_index=True)
    records = records[first]
    if not len(records):
        return None
    values = (
        wyckoff.protostructure.take(numbers_array(records)),
        numbers_array(wyckoff.space_group_number[records].astype(np.int64)),
        numbers_array(wyckoff.n_wyckoff[records].astype(np.int64)),
        array_of(wyckoff.valid[records].tolist()),
    )
    columns = dict(zip(COLUMNS, values, strict=True))
    if wyckoff.agrees is not None:
        columns[AGREES] = array_of(wyckoff.agrees[records].tolist())
    columns[KEY_COLUMN] = keys_array(keys)
    return pa.table(columns)
