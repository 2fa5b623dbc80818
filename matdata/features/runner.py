"""Runs a featurizer over a dataset into a sharded store: resumable, in order, in bounded memory."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from matdata.core import ledger
from matdata.core.console import Console
from matdata.core.digest import digest_json
from matdata.core.executors import Workers, ordered_map
from matdata.core.ledger import Reject, count_reasons
from matdata.features.base import CRYSTAL, Block, Featurizer
from matdata.features.dataset_inputs import batches_of_rows, entries_per_row
from matdata.features.inputs import FeatureInput, PartialInput
from matdata.features.shards import (
    FeatureSpec,
    Pass,
    ShardRecord,
    ShardTask,
    compute_batch,
    compute_pass,
    featurize_together,
    write_pass,
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
    return run_together([job], console, workers)[0]


def run_together(jobs: Sequence[Job], console: Console, workers: Workers) -> list[Made]:
    """Compute features in one pass: those that `passes.in_passes` puts together. Raises as `run`.

    Each is made in the same bytes as alone, and is committed by itself.
    """
    finals = [job.home / job.name() for job in jobs]
    made: dict[Path, Made] = {}
    pending: list[tuple[Job, ArtefactWriter]] = []
    with contextlib.ExitStack() as locks:
        # in the order of their names, so that no two processes wait for each other
        for final, job in sorted(zip(finals, jobs, strict=True), key=lambda pair: pair[0]):
            made[final] = Made(final, "unchanged")
            if final.is_dir() and not damage_of(final, KIND):
                continue
            backend(job.store)
            key = digest_json(job.identity())
            writer = locks.enter_context(building(job.home, KIND, key, console.warn))
            # another process may just have made it
            if not final.is_dir() or writer.take_over(final, console):
                pending.append((job, writer))
        _compute(pending, console, workers)
        for job, writer in pending:
            made[job.home / job.name()] = Made(_commit(job, writer), writer.state)
    return [made[final] for final in finals]


class _Step(NamedTuple):
    """One shard of each feature that lacks it: a pass over its rows."""

    jobs: tuple[Job, ...]
    writers: tuple[ArtefactWriter, ...]
    tasks: Pass

    @property
    def featurizers(self) -> list[Featurizer]:
        return [job.featurizer for job in self.jobs]


def _compute(
    pending: Sequence[tuple[Job, ArtefactWriter]], console: Console, workers: Workers
) -> None:
    """Compute the shards that are not finished, and record each in its journal."""
    steps = _steps(pending, console)
    if not steps:
        return
    title = " + ".join(job.featurizer.spec for job, _ in pending)
    total, left = len(pending[0][0].rows), sum(len(step.tasks[0]) for step in steps)
    records = console.bar(
        _records(steps, workers), title, total, total - left, size=lambda made: len(made[0])
    )
    for step, made in zip(steps, records, strict=True):
        for writer, record in zip(step.writers, made, strict=True):
            for entry in record.parts:
                writer.record(entry)


def _steps(pending: Sequence[tuple[Job, ArtefactWriter]], console: Console) -> list[_Step]:
    missing: dict[range, list[tuple[Job, ArtefactWriter, ShardTask]]] = {}
    for job, writer in pending:
        tasks = shard_tasks(job, writer.staging)
        todo = [task for task in tasks if not all(map(writer.has, task.parts))]
        if len(todo) < len(tasks):
            console.say(f"resuming {job.featurizer.spec}: {len(tasks) - len(todo)} shards done")
        for task in todo:
            missing.setdefault(range(task.start, task.stop), []).append((job, writer, task))
    by_start = sorted(missing.items(), key=lambda item: item[0].start)
    return [_Step(*zip(*members, strict=True)) for _, members in by_start]


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


def _records(steps: list[_Step], workers: Workers) -> Iterator[tuple[ShardRecord, ...]]:
    """Records of the tasks, in their order.

    Whole shards go to an executor of the caller, and to processes where there are enough of them.
    Else the batches of a shard are shared among the workers of this machine, so that a small
    dataset of one shard keeps all of them busy.
    """
    own = steps[0].jobs[0].featurizer.workers
    processes = own == "process" and len(steps) >= workers.count > 1
    if workers.executor is not None or processes:
        return ordered_map(compute_pass, (step.tasks for step in steps), workers, "process")
    return _from_batches(steps, workers)


def _from_batches(steps: list[_Step], workers: Workers) -> Iterator[tuple[ShardRecord, ...]]:
    blocks = _blocks(steps, workers)
    for step in steps:
        made = step.featurizers
        n_batches = -(-len(step.tasks[0]) // made[0].batch_rows)
        yield write_pass(step.tasks, made, [next(blocks) for _ in range(n_batches)])


def _blocks(steps: list[_Step], workers: Workers) -> Iterator[tuple[Block, ...]]:
    """The blocks of each batch of each step, one per feature that lacks the shard."""
    batches = ((step, batch) for step in steps for batch in _batches(step))
    if steps[0].jobs[0].featurizer.workers == "thread":
        return ordered_map(_featurize_step, batches, workers, "thread")
    tasks = (([task.feature for task in step.tasks], batch) for step, batch in batches)
    return ordered_map(compute_batch, tasks, workers, "process")


def _batches(step: _Step) -> Iterator[FeatureInput | PartialInput]:
    job, task = step.jobs[0], step.tasks[0]
    return batches_of_rows(job.rows, job.featurizer, task.start, task.stop)


def _featurize_step(task: tuple[_Step, FeatureInput | PartialInput]) -> tuple[Block, ...]:
    step, batch = task
    return featurize_together(step.featurizers, batch)


def _commit(job: Job, writer: ArtefactWriter) -> Path:
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
    return writer.commit(job.name(), content, {SHARD_ROWS: job.rows_per_shard})


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
