"""Blocks of batches: featurized, checked, in order, and joined to the fields of a shard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Ragged, offsets_of
from matdata.core.ledger import Reject
from matdata.features.base import CRYSTAL, Block, Column, FeatureInput, Featurizer
from matdata.features.building.block_check import check_block
from matdata.features.inputs import PartialInput
from matdata.features.intermediates import shared_values
from matdata.store.sharded import concatenated


def featurize_together(
    featurizers: Sequence[Featurizer], batch: FeatureInput | PartialInput
) -> tuple[Block, ...]:
    """The checked block of each featurizer; each intermediate is computed once."""
    with shared_values():
        return tuple(featurize_batch(featurizer, batch) for featurizer in featurizers)


def featurize_batch(featurizer: Featurizer, batch: FeatureInput | PartialInput) -> Block:
    """The checked block of a batch; materials without a structure that it needs are rejects.

    Rejects come in the order of the batch, so that a shard is the same whatever its batches were.
    """
    if not isinstance(batch, PartialInput):
        block = check_block(featurizer, batch, featurizer.featurize(batch))
        return _in_order(block, batch.ids)
    given = batch.given
    block = featurize_batch(featurizer, given) if len(given) else empty_block(featurizer)
    text = "only its formula is known, and a structure is needed"
    lost = [Reject(name, "featurize", "no_structure", text) for name in batch.missing()]
    rejects = [*block.rejects, *lost]
    return _in_order(Block(batch.rows[block.rows], block.fields, rejects), batch.ids)


def _in_order(block: Block, ids: npt.NDArray[np.str_]) -> Block:
    if len(block.rejects) < 2:
        return block
    place = {name: row for row, name in enumerate(ids.tolist())}
    return replace(block, rejects=sorted(block.rejects, key=lambda one: place[one.material_id]))


def empty_block(featurizer: Featurizer) -> Block:
    """The block of no materials."""
    fields: dict[str, Column] = {}
    for field in featurizer.fields:
        values = np.empty((0, *field.shape), dtype=field.dtype)
        fields[field.name] = values if field.level == CRYSTAL else Ragged(values, offsets_of([]))
    return Block(np.empty(0, np.int64), fields)


def joined_fields(featurizer: Featurizer, blocks: Sequence[Block]) -> dict[str, Column]:
    """The fields of several blocks one after another, in the dtypes that are stored."""
    empty = empty_block(featurizer).fields
    return {
        field.name: _as_dtype(
            concatenated([empty[field.name], *(block.fields[field.name] for block in blocks)]),
            field.dtype,
        )
        for field in featurizer.fields
    }


def _as_dtype(column: Column, dtype: str) -> Column:
    if isinstance(column, Ragged):
        return Ragged(column.values.astype(dtype, copy=False), column.offsets)
    return column.astype(dtype, copy=False)
