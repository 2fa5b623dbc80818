"""Runs a featurizer over a dataset into a sharded store: resumable, in order, in bounded memory."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from matdata.core import ledger
from matdata.core.console import Console
from matdata.core.digest import digest_json
from matdata.core.errors import StoreError
from matdata.core.executors import Kind, Workers, ordered_map
from matdata.core.ledger import Reject, count_reasons
from matdata.features.base import CRYSTAL, Block, Featurizer
from matdata.features.dataset_inputs import batches_of_rows, entries_per_row
from matdata.features.shards import (
    FeatureSpec,
    ShardRecord,
    ShardTask,
    compute_batch,
    compute_shard,
    featurize_batch,
    write_shard,
)
from matdata.store import tables
from matdata.store.artefact import ArtefactWriter, building, check_files
from matdata.store.backends import backend
from matdata.store.catalogue import feature_folder
from matdata.store.damage import State, damage_of
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.dataset_rows import DatasetRows
from matdata.store.sharded import ShardedArrays

KIND = "feature"
SHARD_ROWS = "shard_rows"  # key of the receipt
LOST = "lost_workers"  # key of the receipt: shards that were computed again, and why
SHARD_BYTES = 64 << 20
GUESSED_ENTRIES = 16  # entries a site of a ragged level whose size is only known afterwards


@dataclass(frozen=True)
class Job:
    """What is to be computed, and where it goes.

    Attributes
    ----------
    featurizer
        Made with its settings.
    dataset
        What the feature is made from.
    home
        ``features/<dataset>`` in the cache.
    store
        Storage format.
    shard_rows
        Most crystals in a shard; None for the featurizer's own choice.
    """

    featurizer: Featurizer
    dataset: DatasetFolder
    home: Path
    store: str
    shard_rows: int | None = None

    @functools.cached_property
    def rows(self) -> DatasetRows:
        """The rows of the dataset, read by range."""
        return DatasetRows(self.dataset)

    @functools.cached_property
    def rows_per_shard(self) -> int:
        """Crystals in a shard: near 64 MB, and no more than the featurizer allows."""
        limit = self.shard_rows or self.featurizer.shard_rows
        per_row = 8.0
        for field in self.featurizer.fields:
            per_row += field.entry_bytes * self._entries(field.level)
        return int(max(1, min(limit, SHARD_BYTES // per_row)))

    def _entries(self, level: str) -> float:
        """Entries that a material has at a level, about."""
        if level == CRYSTAL:
            return 1.0
        sites = entries_per_row(self.rows, self.featurizer)
        return sites if level == "site" else GUESSED_ENTRIES * sites

    def identity(self) -> dict[str, Any]:
        """What the store depends on."""
        return {
            "dataset": self.dataset.data_digest,
            "feature": self.featurizer.identity(),
            "store": self.store,
            "shard_rows": self.rows_per_shard,
        }

    def name(self) -> str:
        """Folder name of the finished feature."""
        return feature_folder(self.featurizer.spec, digest_json(self.identity()))


class Made(NamedTuple):
    """The folder of a feature, and whether it was built, repaired, or there already."""

    folder: Path
    state: State


def run(job: Job, console: Console, workers: Workers) -> Made:
    """Compute a feature, or return the one that is there, of which what is damaged is made again.

    Every byte of it is compared with its digest: a second or two per gigabyte.

    Raises
    ------
    FeatureError
        If the featurizer breaks its contract.
    StoreError
        If the cache cannot be written; finished shards stay and are used next time.
    DamageError
        If what was made again is not what was there.
    """
    final = job.home / job.name()
    if final.is_dir() and not damage_of(final, KIND):
        return Made(final, "unchanged")
    backend(job.store)
    with building(job.home, KIND, digest_json(job.identity()), console.warn) as writer:
        # another process may just have made it
        if final.is_dir() and not writer.take_over(final, console):
            return Made(final, "unchanged")
        lost = len(workers.losses.lines)
        _compute(job, writer, console, workers)
        return Made(_commit(job, writer, workers.losses.lines[lost:]), writer.state)


def _compute(job: Job, writer: ArtefactWriter, console: Console, workers: Workers) -> None:
    """Compute the shards that are not finished, and record each in the journal."""
    tasks = shard_tasks(job, writer.staging)
    todo = [task for task in tasks if not all(map(writer.has, task.parts))]
    if len(todo) < len(tasks):
        console.say(f"resuming {job.featurizer.spec}: {len(tasks) - len(todo)} shards done")
    total, left = len(job.rows), sum(map(len, todo))
    records = console.bar(
        _records(job, todo, workers), job.featurizer.spec, total, total - left, size=len
    )
    said = len(workers.losses.lines)
    for record in records:
        for line in workers.losses.lines[said:]:
            console.warn(line)
        said = len(workers.losses.lines)
        for entry in record.parts:
            _require_visible(writer.staging / entry["part"])
            writer.record(entry)


def _require_visible(path: Path) -> None:
    """Refuse a part that its worker has written, and that is not here.

    Raises
    ------
    StoreError
        If it is not there.
    """
    if not path.exists():
        raise StoreError(
            f"a worker has written {path}, which is not there",
            cause="the worker sees another file system under this name",
            next_step="give a --cache on a file system that all workers share",
        )


def shard_tasks(job: Job, staging: Path) -> list[ShardTask]:
    """The shards of a feature, which is under construction in a staging folder."""
    step, n_rows = job.rows_per_shard, len(job.rows)
    spec, identity = FeatureSpec.of(job.featurizer), digest_json(job.identity())
    folder, digest = str(job.dataset.folder.resolve()), job.dataset.data_digest
    return [
        ShardTask(
            folder,
            digest,
            spec,
            job.store,
            shard,
            start,
            min(start + step, n_rows),
            str(staging.resolve()),
            digest_json([identity, shard]),
        )
        for shard, start in enumerate(range(0, n_rows, step))
    ]


def _records(job: Job, tasks: list[ShardTask], workers: Workers) -> Iterator[ShardRecord]:
    """Records of the tasks, in their order.

    Whole shards go to an executor of the caller, and to processes where there are enough of them.
    Else the batches of a shard are shared among the workers of this machine, so that a small
    dataset of one shard keeps all of them busy.
    """
    processes = _kind(job, workers) == "process" and len(tasks) >= workers.count > 1
    if workers.executor is not None or processes:
        return ordered_map(compute_shard, tasks, workers, "process")
    return _from_batches(job, tasks, workers)


def _kind(job: Job, workers: Workers) -> Kind:
    """What the workers of this machine are."""
    return workers.kind or job.featurizer.workers


def _from_batches(job: Job, tasks: list[ShardTask], workers: Workers) -> Iterator[ShardRecord]:
    made = job.featurizer
    blocks = _blocks(job, tasks, workers)
    for task in tasks:
        n_batches = -(-len(task) // made.batch_rows)
        yield write_shard(task, made, [next(blocks) for _ in range(n_batches)])


def _blocks(job: Job, tasks: list[ShardTask], workers: Workers) -> Iterator[Block]:
    made = job.featurizer
    ranges = ((task.start, task.stop) for task in tasks)
    batches = (
        batch for start, stop in ranges for batch in batches_of_rows(job.rows, made, start, stop)
    )
    if _kind(job, workers) == "thread":
        return ordered_map(functools.partial(featurize_batch, made), batches, workers, "thread")
    spec = FeatureSpec.of(made)
    return ordered_map(compute_batch, ((spec, batch) for batch in batches), workers, "process")


def _commit(job: Job, writer: ArtefactWriter, lost: list[str]) -> Path:
    parts = [writer.parts[part] for part in sorted(writer.parts)]
    described = {**job.featurizer.describe(), "store": job.store}
    preview = {
        **described,
        "parts": [{"part": entry["part"], **entry["meta"]} for entry in parts],
        "files": {path: record for entry in parts for path, record in entry["files"].items()},
    }
    rejects = read_ledger(writer.staging, preview)
    content = {
        **described,
        "feature": job.featurizer.spec,
        "made_from": {
            "dataset": job.dataset.data_ref,
            "dataset_digest": job.dataset.data_digest,
        },
        "identity_digest": digest_json(job.identity()),
        "arrays_digest": ShardedArrays(writer.staging, preview).digest(),
        "rows": sum(entry["meta"].get("rows", 0) for entry in parts),
        "rejected": count_reasons(reject.reason for reject in rejects),
    }
    # for `matdata.building.repair`: of the identity the manifest holds the digest alone
    receipt = {SHARD_ROWS: job.rows_per_shard, **({LOST: lost} if lost else {})}
    return writer.commit(job.name(), content, receipt)


def read_ledger(folder: Path, manifest: dict[str, Any]) -> list[Reject]:
    """The rejects of all shards, each file checked before it is read.

    Raises
    ------
    StoreError
        If one is missing or damaged, naming it.
    """
    names = [p["part"] for p in manifest["parts"] if p["part"].startswith("ledger/")]
    rejects: list[Reject] = []
    for name in names:
        check_files(folder, manifest, name)
        rejects += ledger.from_columns(tables.read_table(folder / name))
    return rejects
