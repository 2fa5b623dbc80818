"""Content keys of the structures of a dataset: what curation and features find again by."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from matdata.core.content_keys import KEY, Keys, keys_of_columns
from matdata.store.dataset_rows import DatasetRows


def crystal_keys(rows: DatasetRows) -> Keys:
    """Keys (n,) of the structures of all rows, zeros where there is none; not to be changed.

    They take 16 bytes per row, and those of four datasets are kept in memory.

    Raises
    ------
    StoreError
        If a file of the dataset is missing or damaged.
    """
    return _keys(str(rows.dataset.folder), rows.dataset.data_digest)


@functools.lru_cache(maxsize=4)
def _keys(folder: str, digest: str) -> Keys:
    rows = DatasetRows.at(Path(folder), digest)
    keys = np.zeros(len(rows), KEY)
    for start, stop in rows.ranges():
        nameless = np.zeros(stop - start, "<U1")  # ids are in no key
        structures = rows.structures(start, stop, nameless)
        keys[start + structures.rows] = keys_of_columns([structures.crystals])
    keys.flags.writeable = False
    return keys
