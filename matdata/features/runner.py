"""Runs featurizers over a dataset into sharded stores: resumable, in order, in bounded memory."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from matdata.core import ledger
from matdata.core.console import Console
from matdata.core.digest import digest_json
from matdata.core.errors import StoreError
from matdata.core.executors import Workers
from matdata.core.ledger import Reject, count_reasons
from matdata.features.jobs import Job
from matdata.features.passes import records_of, steps_of
from matdata.store import tables
from matdata.store.artefact import ArtefactWriter, building, check_files
from matdata.store.backends import backend
from matdata.store.damage import State, damage_of
from matdata.store.sharded import ShardedArrays

KIND = "feature"
SHARD_ROWS = "shard_rows"  # key of the receipt
LOST = "lost_workers"  # key of the receipt: shards that were computed again, and why


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
    """Compute features in one pass: those that `jobs.in_passes` puts together. Raises as `run`.

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
        lost = len(workers.losses.lines)
        _compute(pending, console, workers)
        for job, writer in pending:
            folder = _commit(job, writer, workers.losses.lines[lost:])
            made[job.home / job.name()] = Made(folder, writer.state)
    return [made[final] for final in finals]


def _compute(
    pending: Sequence[tuple[Job, ArtefactWriter]], console: Console, workers: Workers
) -> None:
    """Compute the shards that are not finished, and record each in its journal."""
    steps = steps_of(pending, console)
    if not steps:
        return
    title = " + ".join(job.featurizer.spec for job, _ in pending)
    total, left = len(pending[0][0].rows), sum(len(step.tasks[0]) for step in steps)
    records = console.bar(
        records_of(steps, workers), title, total, total - left, size=lambda made: len(made[0])
    )
    said = len(workers.losses.lines)
    for step, made in zip(steps, records, strict=True):
        for line in workers.losses.lines[said:]:
            console.warn(line)
        said = len(workers.losses.lines)
        for writer, record in zip(step.writers, made, strict=True):
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
