"""One shard of a feature as a task: any worker that sees the files computes and writes it.

A task says where its rows lie and where its parts go, and can be pickled; its record says which
files were written, and holds no arrays. Equal tasks write equal bytes.
"""

from __future__ import annotations

import functools
import json
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from matdata.core import ledger
from matdata.core.crystals import Ragged, offsets_of
from matdata.core.documents import JsonObject
from matdata.core.errors import FeatureError, StoreError
from matdata.core.ledger import Reject, count_reasons
from matdata.features import featurizer as make_featurizer
from matdata.features.base import CRYSTAL, Block, Column, FeatureInput, Featurizer
from matdata.features.block_check import check_block
from matdata.features.dataset_inputs import batches_of_rows
from matdata.features.inputs import PartialInput
from matdata.store import tables
from matdata.store.backends import backend
from matdata.store.dataset_rows import DatasetRows
from matdata.store.parts import write_part
from matdata.store.sharded import shard_arrays


@dataclass(frozen=True)
class FeatureSpec:
    """A featurizer by its name and settings.

    Attributes
    ----------
    spec
        ``name`` or ``name:variant``.
    settings
        All settings but the variant, as JSON.
    digest
        Digest of its identity: a worker with another version of it is refused.
    """

    spec: str
    settings: str
    digest: str

    @classmethod
    def of(cls, featurizer: Featurizer) -> FeatureSpec:
        """The name and settings of a featurizer."""
        settings = {k: v for k, v in featurizer.settings.to_dict().items() if k != "variant"}
        return cls(featurizer.spec, json.dumps(settings, sort_keys=True), featurizer.digest())

    def make(self) -> Featurizer:
        """The featurizer.

        Raises
        ------
        FeatureError
            If this process has another version of it.
        """
        made = make_featurizer(self.spec, json.loads(self.settings))
        if made.digest() != self.digest:
            raise FeatureError(
                f"{self.spec} is version {made.version} in a worker, another one where the "
                "command was given",
                cause="its plugin was installed or changed on one of the two machines only",
                next_step="install the same version of it everywhere",
            )
        return made


@dataclass(frozen=True)
class ShardTask:
    """What one shard is computed from, and where it goes.

    Attributes
    ----------
    dataset, dataset_digest
        Folder of the dataset, and the digest of its rows.
    feature
        The featurizer.
    store
        Storage format.
    shard
        Number of the shard.
    start, stop
        Rows of the dataset.
    staging
        Folder of the artefact under construction.
    key
        Digest of the feature's identity and the shard: equal keys give equal bytes.
    """

    dataset: str
    dataset_digest: str
    feature: FeatureSpec
    store: str
    shard: int
    start: int
    stop: int
    staging: str
    key: str

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def part(self) -> str:
        """The part with the arrays."""
        return f"shards/{self.shard:05d}{backend(self.store).SUFFIX}"

    @property
    def ledger_part(self) -> str:
        """The part with the rejects."""
        return f"ledger/{self.shard:05d}.parquet"

    @property
    def parts(self) -> tuple[str, str]:
        """All parts, in the order in which they are written."""
        return self.ledger_part, self.part


@dataclass(frozen=True)
class ShardRecord:
    """What became of a task.

    Attributes
    ----------
    shard, key
        As in the task.
    parts
        For each part its name, its files with size and SHA-256, and its rows: lines of the journal.
    rows
        Materials that have the feature.
    rejected
        How many have not, by reason.
    """

    shard: int
    key: str
    parts: tuple[JsonObject, ...]
    rows: int
    rejected: Mapping[str, int]

    def __len__(self) -> int:
        return self.rows + sum(self.rejected.values())


def compute_shard(task: ShardTask) -> ShardRecord:
    """Read the rows of a shard, featurize them, and write its parts.

    Raises
    ------
    FeatureError
        If the featurizer breaks its contract, or is another version than the task names.
    StoreError
        If the dataset cannot be read, the staging folder cannot be written, or another worker has
        written other bytes there.
    """
    made = _featurizer(task.feature)
    _require_shared(task)
    rows = _rows(task.dataset, task.dataset_digest)
    batches = batches_of_rows(rows, made, task.start, task.stop)
    return write_shard(task, made, [featurize_batch(made, batch) for batch in batches])


def _require_shared(task: ShardTask) -> None:
    for folder in (task.dataset, task.staging):
        if not Path(folder).is_dir():
            raise StoreError(
                f"the worker on {socket.gethostname()} does not see {folder}",
                cause="the folder is on a file system of another machine alone, or was removed",
                next_step="give a --cache on a file system that all workers share",
            )


def compute_batch(task: tuple[FeatureSpec, FeatureInput | PartialInput]) -> Block:
    """The block of one batch that is handed over, for processes that share one shard."""
    feature, batch = task
    return featurize_batch(_featurizer(feature), batch)


@functools.lru_cache(maxsize=4)
def _featurizer(feature: FeatureSpec) -> Featurizer:
    return feature.make()


@functools.lru_cache(maxsize=2)
def _rows(folder: str, digest: str) -> DatasetRows:
    return DatasetRows.at(Path(folder), digest)


def featurize_batch(featurizer: Featurizer, batch: FeatureInput | PartialInput) -> Block:
    """The checked block of a batch; materials without a structure that it needs are rejects."""
    if not isinstance(batch, PartialInput):
        return check_block(featurizer, batch, featurizer.featurize(batch))
    given = batch.given
    block = featurize_batch(featurizer, given) if len(given) else _empty_block(featurizer)
    text = "only its formula is known, and a structure is needed"
    lost = [Reject(name, "featurize", "no_structure", text) for name in batch.missing()]
    return Block(batch.rows[block.rows], block.fields, [*block.rejects, *lost])


def _empty_block(featurizer: Featurizer) -> Block:
    """The block of no materials."""
    fields: dict[str, Column] = {}
    for field in featurizer.fields:
        values = np.empty((0, *field.shape), dtype=field.dtype)
        fields[field.name] = values if field.level == CRYSTAL else Ragged(values, offsets_of([]))
    return Block(np.empty(0, np.int64), fields)


def write_shard(task: ShardTask, featurizer: Featurizer, blocks: Sequence[Block]) -> ShardRecord:
    """Write the parts of a shard from the blocks of its batches, in their order.

    Raises
    ------
    StoreError
        As `compute_shard`.
    """
    firsts = range(task.start, task.stop, featurizer.batch_rows)
    rows = np.concatenate([block.rows + first for block, first in zip(blocks, firsts, strict=True)])
    fields = {
        field.name: _join([block.fields[field.name] for block in blocks], field.dtype)
        for field in featurizer.fields
    }
    levels = {field.name: field.level for field in featurizer.fields}
    arrays = shard_arrays(fields, levels, rows)
    rejects = [reject for block in blocks for reject in block.rejects]
    return _written(task, arrays, rejects, len(rows))


def _written(
    task: ShardTask, arrays: Mapping[str, Any], rejects: Iterable[Reject], rows: int
) -> ShardRecord:
    rejects = list(rejects)
    columns = ledger.to_columns(rejects)
    staging, store = Path(task.staging), backend(task.store)
    parts = (
        write_part(staging, task.ledger_part, lambda path: tables.write_table(path, columns)),
        write_part(staging, task.part, lambda path: store.write(path, arrays), rows=rows),
    )
    rejected = count_reasons(reject.reason for reject in rejects)
    return ShardRecord(task.shard, task.key, parts, rows, rejected)


def _join(columns: list[Any], dtype: str) -> Any:
    if isinstance(columns[0], Ragged):
        joined = Ragged.concat(columns)
        return Ragged(joined.values.astype(dtype, copy=False), joined.offsets)
    return np.concatenate(columns).astype(dtype, copy=False)
