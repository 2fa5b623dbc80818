"""Features that curation has computed already: they stand in the dataset's own table.

A featurizer that says so (`FromCuration`) is given cells of the table beside the structures, where
the dataset was curated in the way that it would compute, by the same packages on the same kind of
processor; what is missing there, and what it is given without a dataset, it computes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from matdata.core.crystals import Crystals, Int
from matdata.core.documents import JsonMapping
from matdata.core.ledger import Reject
from matdata.core.table_rows import TableRows
from matdata.features.base import Block, FeatureInput
from matdata.features.inputs import RecordColumns
from matdata.store.sharded import concatenated, taken


class FromCuration(ABC):
    """A featurizer of structures whose values can be read from columns of a curated dataset."""

    @abstractmethod
    def curated_columns(self, curation: JsonMapping) -> tuple[str, ...]:
        """Columns of a dataset, curated with these settings, that hold its values; none if not."""

    @abstractmethod
    def label_columns(self) -> tuple[str, ...]:
        """Columns with its values where materials have a protostructure and no structure; none if
        it cannot be had of these. It is given them as a `TableRows`."""


def curated_cells(batch: FeatureInput, name: str) -> Sequence[Any]:
    """Cells (n,) of a column that curation wrote, None where a value is to be computed."""
    table = batch.table if isinstance(batch, RecordColumns) else batch
    if not isinstance(table, TableRows):
        table = None
    return [None] * len(batch) if table is None else table.columns[name]


def read_or_computed(
    cells: Sequence[Any],
    crystals: Crystals,
    read: Callable[[Int], Block],
    compute: Callable[[Crystals], Block],
) -> Block:
    """The block of a batch: read where its cell (n,) is there, computed elsewhere.

    Parameters
    ----------
    cells, crystals
        Of all n materials.
    read
        From rows (k,) of the batch to their block.
    compute
        From crystals to their block.
    """
    known = np.array([cell is not None for cell in cells], dtype=np.bool_)
    rows, missing = np.flatnonzero(known), np.flatnonzero(~known)
    if not len(rows):
        return compute(crystals)
    if not len(missing):
        return read(rows)
    return _merged(read(rows), rows, compute(crystals.take(missing)), missing)


def read_labelled(batch: TableRows, name: str, read: Callable[[Int], Block]) -> Block:
    """The block of materials that have a protostructure and no structure.

    Parameters
    ----------
    batch
        Their label columns.
    name
        The column that is missing where there is no label.
    read
        From rows (k,) of the batch to their block.
    """
    known = np.array([cell is not None for cell in batch.columns[name]], dtype=np.bool_)
    rows = np.flatnonzero(known)
    block = read(rows)
    text = "it has neither a structure nor a protostructure"
    lost = [Reject(str(one), "featurize", "no_protostructure", text) for one in batch.ids[~known]]
    return Block(rows[block.rows], block.fields, [*block.rejects, *lost])


def _merged(one: Block, one_rows: Int, other: Block, other_rows: Int) -> Block:
    rows = np.concatenate([one_rows[one.rows], other_rows[other.rows]])
    order = np.argsort(rows, kind="stable")
    fields = {name: concatenated([one.fields[name], other.fields[name]]) for name in one.fields}
    return Block(rows[order], taken(fields, order), [*one.rejects, *other.rejects])
