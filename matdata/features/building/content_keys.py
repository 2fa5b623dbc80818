"""Content keys of all that a featurizer is given of a material (`matdata.core.content_keys`).

A featurizer whose values depend on nothing else (`Featurizer.reusable`) gives equal values for
equal keys.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from matdata.core.composition import Compositions
from matdata.core.content_keys import KEY, Keys, keys_of_columns
from matdata.core.crystals import Crystals
from matdata.core.table_rows import TableRows
from matdata.features.base import Featurizer
from matdata.features.building.dataset_inputs import input_of_rows, label_columns
from matdata.features.inputs import FeatureInput, PartialInput, RecordColumns
from matdata.store.crystal_keys import crystal_keys
from matdata.store.dataset_rows import DatasetRows


@dataclass(frozen=True)
class _Needs:
    """What keys depend on; features that are given the same share them."""

    requires: frozenset[str]
    columns: tuple[str, ...]
    featurizer: Featurizer = field(compare=False)


def content_keys(rows: DatasetRows, featurizer: Featurizer) -> Keys:
    """Keys (n,) of all rows of a dataset, in memory of 16 bytes per row."""
    if featurizer.requires == {"structure"} and not label_columns(rows, featurizer):
        return crystal_keys(rows)
    columns = featurizer.columns() if "columns" in featurizer.requires else ()
    needs = _Needs(frozenset(featurizer.requires), tuple(columns), featurizer)
    return _keys(str(rows.dataset.folder), rows.dataset.data_digest, needs)


@functools.lru_cache(maxsize=4)  # of two versions, for two kinds of features
def _keys(folder: str, digest: str, needs: _Needs) -> Keys:
    rows = DatasetRows.at(Path(folder), digest)
    keys = np.zeros(len(rows), KEY)
    for start, stop in rows.ranges():
        keys[start:stop] = keys_of(input_of_rows(rows, needs.featurizer, start, stop))
    return keys


def keys_of(batch: FeatureInput | PartialInput) -> Keys:
    """Keys (n,) of a batch."""
    if isinstance(batch, PartialInput):
        keys = np.zeros(len(batch), KEY)
        keys[batch.rows] = keys_of(batch.given)
        return keys
    return keys_of_columns(_columns(batch))


def _columns(batch: FeatureInput) -> list[Crystals | Compositions | TableRows]:
    if not isinstance(batch, RecordColumns):
        return [batch]
    parts = (batch.crystals, batch.compositions, batch.table)
    return [one for one in parts if one is not None]
