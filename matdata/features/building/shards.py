"""One shard of a feature as a task: any worker that sees the files computes and writes it.

A task says where its rows lie and where its parts go, and can be pickled; its record says which
files were written, and holds no arrays. Equal tasks write equal bytes.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.core import ledger
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.core.ledger import Reject, count_reasons
from matdata.features.base import Block, Column, FeatureInput, Featurizer
from matdata.features.building.blocks import featurize_together, joined_fields
from matdata.features.building.dataset_inputs import batches_of_rows
from matdata.features.building.feature_spec import FeatureSpec
from matdata.features.building.reused import Reuse, ReusedRows, merged, reused_rows
from matdata.features.inputs import PartialInput
from matdata.store import files, tables
from matdata.store.backends import backend
from matdata.store.dataset_rows import DatasetRows
from matdata.store.parts import write_part
from matdata.store.sharded import shard_arrays


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
    reuse
        What is copied from older features instead of computed; None if nothing is.
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
    reuse: Reuse | None = None

    def __len__(self) -> int:
        return self.stop - self.start

    def to_compute(self) -> npt.NDArray[np.int64]:
        """Rows that are computed, counted from `start`, ascending."""
        if self.reuse is None:
            return np.arange(len(self))
        return self.reuse.to_compute(self.start, self.stop)

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
    reused
        How many materials of both were copied from older features.
    """

    shard: int
    key: str
    parts: tuple[JsonObject, ...]
    rows: int
    rejected: Mapping[str, int]
    reused: int = 0

    def __len__(self) -> int:
        return self.rows + sum(self.rejected.values())


#: One shard of each of several features that are computed in one pass, over the same rows: those
#: that each copies from older features are the same, too.
Pass = tuple[ShardTask, ...]


def compute_pass(tasks: Pass) -> tuple[ShardRecord, ...]:
    """Read the rows of a shard, compute the features of a pass, and write the parts of each.

    The records are those of the tasks computed one by one.

    Raises
    ------
    FeatureError
        If a featurizer breaks its contract, or is another version than its task names.
    StoreError
        If the dataset cannot be read, the staging folder cannot be written, or another worker has
        written other bytes there.
    """
    for task in tasks:
        _require_shared(task)
    first, featurizers = tasks[0], [_featurizer(task.feature) for task in tasks]
    rows = _rows(first.dataset, first.dataset_digest)
    batches = batches_of_rows(rows, featurizers[0], first.start, first.stop, first.to_compute())
    return write_pass(
        tasks, featurizers, [featurize_together(featurizers, batch) for batch in batches]
    )


def _require_shared(task: ShardTask) -> None:
    for folder in (task.dataset, task.staging):
        if not Path(folder).is_dir():
            raise StoreError(
                f"the worker on {socket.gethostname()} does not see {folder}",
                cause="the folder is on a file system of another machine alone, or was removed",
                next_step="give a --cache on a file system that all workers share",
            )


def write_pass(
    tasks: Pass, featurizers: Sequence[Featurizer], blocks: Sequence[Sequence[Block]]
) -> tuple[ShardRecord, ...]:
    """Write the shards of a pass from the blocks of each batch, one per featurizer.

    Where they cannot be written with what is copied from older features, all is computed here.
    Raises as `compute_pass`.
    """
    try:
        return tuple(
            write_shard(task, featurizer, [of_batch[k] for of_batch in blocks])
            for k, (task, featurizer) in enumerate(zip(tasks, featurizers, strict=True))
        )
    except StoreError:
        if all(task.reuse is None for task in tasks):
            raise
        # an older feature is damaged, or was removed meanwhile
        return compute_pass(tuple(replace(task, reuse=None) for task in tasks))


def compute_batch(
    task: tuple[Sequence[FeatureSpec], FeatureInput | PartialInput],
) -> tuple[Block, ...]:
    """The blocks of one batch that is handed over, for processes that share one shard."""
    features, batch = task
    return featurize_together([_featurizer(feature) for feature in features], batch)


@functools.lru_cache(maxsize=16)
def _featurizer(feature: FeatureSpec) -> Featurizer:
    return feature.make()


@functools.lru_cache(maxsize=2)
def _rows(folder: str, digest: str) -> DatasetRows:
    return DatasetRows.at(Path(folder), digest)


def write_shard(task: ShardTask, featurizer: Featurizer, blocks: Sequence[Block]) -> ShardRecord:
    """Write the parts of a shard from the blocks of its batches, in their order.

    Parameters
    ----------
    task, featurizer
        The task and its featurizer.
    blocks
        Those of the rows `ShardTask.to_compute`; the others are copied here.

    Raises
    ------
    StoreError
        As `compute_pass`; if an older feature is damaged or gone.
    """
    wanted, step = task.to_compute(), featurizer.batch_rows
    local = [block.rows + k * step for k, block in enumerate(blocks)]
    succeeded = np.concatenate([np.empty(0, np.int64), *local])
    rejects = [reject for block in blocks for reject in block.rejects]
    rows, fields = wanted[succeeded], joined_fields(featurizer, blocks)
    if task.reuse is None:
        return _written(task, featurizer, rows, fields, rejects)
    older = reused_rows(task.reuse, list(fields), task.store, task.start, task.stop)
    if older.whole is not None:
        return _linked(task, older, older.whole)
    lost = dict(zip(np.delete(wanted, succeeded).tolist(), rejects, strict=True))
    rows, fields, rejects = merged(older, rows, fields, lost)
    return replace(_written(task, featurizer, rows, fields, rejects), reused=len(older))


def _written(
    task: ShardTask,
    featurizer: Featurizer,
    rows: npt.NDArray[np.int64],
    fields: Mapping[str, Column],
    rejects: Sequence[Reject],
) -> ShardRecord:
    levels = {field.name: field.level for field in featurizer.fields}
    arrays = shard_arrays(fields, levels, task.start + rows)
    store = backend(task.store)
    return _recorded(task, rejects, lambda path: store.write(path, arrays), len(rows))


def _linked(task: ShardTask, older: ReusedRows, whole: Path) -> ShardRecord:
    """A shard whose rows are exactly those of an older one: a second name for its files."""
    rejects = [older.rejects[row] for row in sorted(older.rejects)]
    record = _recorded(task, rejects, lambda path: files.link(whole, path), len(older.rows))
    return replace(record, reused=len(older))


def _recorded(
    task: ShardTask, rejects: Sequence[Reject], write: Callable[[Path], None], rows: int
) -> ShardRecord:
    columns, staging = ledger.to_columns(rejects), Path(task.staging)
    parts = (
        write_part(staging, task.ledger_part, lambda path: tables.write_table(path, columns)),
        write_part(staging, task.part, write, rows=rows),
    )
    rejected = count_reasons(reject.reason for reject in rejects)
    return ShardRecord(task.shard, task.key, parts, rows, rejected)
