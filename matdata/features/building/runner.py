"""Runs featurizers over a dataset into sharded stores: resumable, in order, in bounded memory."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from matdata.core.console import Console
from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.core.executors import Workers
from matdata.core.ledger import count_reasons
from matdata.features.building.jobs import Job, shard_tasks
from matdata.features.building.passes import Step, records_of, steps_of, with_reuse
from matdata.features.building.reuse import made_by, reusing
from matdata.features.building.reused import Counts, Reuse
from matdata.features.building.shards import ShardRecord
from matdata.features.building.shared_shards import SharedShards
from matdata.store.artefact import ArtefactWriter, building
from matdata.store.backends import backend
from matdata.store.damage import State, damage_of
from matdata.store.feature_catalogue import KIND
from matdata.store.manifest import RECEIPT
from matdata.store.older_versions import MADE_BY
from matdata.store.records import read_record
from matdata.store.sharded import ShardedArrays, read_ledger

#: Features of a pass that are not there, each with its writer.
_Pending = Sequence[tuple[Job, ArtefactWriter]]

SHARD_ROWS = "shard_rows"  # key of the receipt
ELSEWHERE = "dataset_elsewhere"  # key of the receipt: the dataset lay in a cache of others


class BuiltFeature(NamedTuple):
    """The folder of a feature, whether it was built, repaired, or there already, and how."""

    folder: Path
    state: State
    counts: Counts = Counts()


def run(job: Job, console: Console, workers: Workers) -> BuiltFeature:
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
    ((_, feature),) = run_passes([[job]], console, workers)
    return feature


def run_passes(
    passes: Sequence[Sequence[Job]], console: Console, workers: Workers
) -> Iterator[tuple[Job, BuiltFeature]]:
    """Compute the features of passes, see `jobs.in_passes`, in their order. Raises as `run`.

    Each is made in the same bytes as alone, and is committed when its pass is done. Tasks of an
    executor are submitted pass after pass without a gap, so that its workers never wait for the
    last shard of a pass.
    """
    streams = [[jobs] for jobs in passes] if workers.executor is None else [passes]
    for stream in streams:
        yield from _run_stream(stream, console, workers)


def _run_stream(
    passes: Sequence[Sequence[Job]], console: Console, workers: Workers
) -> Iterator[tuple[Job, BuiltFeature]]:
    """Compute passes whose tasks are one stream, under the locks of all their features."""
    features: dict[Path, BuiltFeature] = {}
    writers: dict[Path, ArtefactWriter] = {}
    with contextlib.ExitStack() as locks:
        # in the order of their names, so that no two processes wait for each other
        jobs = {_final(job): job for together in passes for job in together}
        for final in sorted(jobs):
            there = find_whole(jobs[final])
            features[final] = BuiltFeature(there or final, "unchanged")
            writer = None if there else _opened(jobs[final], console, locks)
            if writer is not None:
                writers[final] = writer
        pending = [
            [(job, writers.pop(_final(job))) for job in together if _final(job) in writers]
            for together in passes
        ]
        computed = _computed(pending, console, workers)
        for together, done in zip(passes, computed, strict=True):
            for job, writer, counts, lost in done:
                folder = commit(job, writer, lost, counts)
                features[_final(job)] = BuiltFeature(folder, writer.state, counts)
                shared_shards(job).remove()
            yield from ((job, features[_final(job)]) for job in together)


def _final(job: Job) -> Path:
    return job.home / job.name()


def _opened(job: Job, console: Console, locks: contextlib.ExitStack) -> ArtefactWriter | None:
    """The writer of a feature, with what others have finished of it; None if it is there now."""
    backend(job.store)
    key = digest_json(job.identity())
    writer = locks.enter_context(building(job.home, KIND, key, console.warn))
    # another process may just have made it
    if _final(job).is_dir() and not writer.take_over(_final(job), console):
        return None
    shared = shared_shards(job)
    shared.hand_over(shard_tasks(job, shared.folder), writer)
    return writer


def find_whole(job: Job) -> Path | None:
    """The folder of a feature that is there and whole, here or in a cache of others."""
    folders = (home / job.name() for home in (job.home, *job.elsewhere))
    return next((one for one in folders if one.is_dir() and not damage_of(one, KIND)), None)


def shared_shards(job: Job) -> SharedShards:
    """Where several processes write the shards of a feature (`matdata.features.building.work`)."""
    return SharedShards(job.home, KIND, digest_json(job.identity()))


def _computed(
    passes: Sequence[_Pending], console: Console, workers: Workers
) -> Iterator[list[tuple[Job, ArtefactWriter, Counts, JsonObject]]]:
    """Compute the shards that are not finished, and record each in its journal.

    Yields the features of each pass when it is done, how many rows of each were computed, and the
    workers that were lost meanwhile.
    """
    with contextlib.ExitStack() as plans:
        planned: list[list[Step]] = []
        for pending in passes:
            steps = steps_of(pending, console)
            if steps:
                reuse = {
                    job: plans.enter_context(reuse_of(job, writer.staging))
                    for job, writer in pending
                }
                steps = with_reuse(steps, reuse)
            planned.append(steps)
        every = [step for steps in planned for step in steps]
        records = records_of(every, workers) if every else iter(())
        for pending, steps in zip(passes, planned, strict=True):
            lost = len(workers.losses.lines)
            counts = {job: Counts(resumed=len(job.rows)) for job, _ in pending}
            own = itertools.islice(records, len(steps))
            if steps:
                _take_records(steps, _with_bar(own, steps, pending, console), dict(pending), counts)
            since = workers.losses.receipt_since(lost)
            yield [(job, writer, counts[job], since) for job, writer in pending]


def _take_records(
    steps: Sequence[Step],
    records: Iterable[tuple[ShardRecord, ...]],
    writers: Mapping[Job, ArtefactWriter],
    counts: dict[Job, Counts],
) -> None:
    """Write what becomes of each step into the journals of its features, and count it."""
    for step, of_step in zip(steps, records, strict=True):
        for job, record in zip(step.jobs, of_step, strict=True):
            writer = writers[job]
            for entry in record.parts:
                _require_visible(writer.staging / entry["part"])
                writer.record(entry)
            counts[job] = counts[job].after(len(record), record.reused)


def reuse_of(job: Job, staging: Path) -> contextlib.AbstractContextManager[Reuse | None]:
    """What a feature copies from older versions of its dataset, as `reuse.reusing` finds it."""
    if not job.reuse:
        return contextlib.nullcontext()
    itself = job.home / job.name()
    return reusing(job.featurizer, job.rows, job.home.parent, itself, staging)


def _with_bar(
    records: Iterator[tuple[ShardRecord, ...]],
    steps: Sequence[Step],
    pending: _Pending,
    console: Console,
) -> Iterable[tuple[ShardRecord, ...]]:
    """The records of the steps of a pass, with a bar."""
    title = " + ".join(job.featurizer.spec for job, _ in pending)
    left = sum(len(step.tasks[0]) for step in steps)
    ranges = {(step.tasks[0].start, step.tasks[0].stop) for step in steps}
    done = len(pending[0][0].rows) - sum(stop - start for start, stop in ranges)
    return console.bar(records, title, done + left, done, size=lambda of_step: len(of_step[0]))


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


def commit(job: Job, writer: ArtefactWriter, lost: JsonObject, counts: Counts) -> Path:
    """Commit a feature of which all parts are written; `lost` is what the receipt says of workers.

    Raises
    ------
    StoreError
        If the cache cannot be written.
    DamageError
        If what was made again is not what was there.
    """
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
    receipt: JsonObject = {SHARD_ROWS: job.rows_per_shard, MADE_BY: made_by(job.featurizer)}
    receipt |= {**counts._asdict(), **lost}
    own = job.home.parents[1].resolve()
    receipt |= {} if job.dataset.folder.resolve().is_relative_to(own) else {ELSEWHERE: True}
    return writer.commit(job.name(), content, receipt)


def is_of_another_place(folder: Path) -> bool:
    """Whether the dataset of a feature lay in a cache of others when it was computed."""
    with contextlib.suppress(StoreError):
        return read_record(folder / RECEIPT).get(ELSEWHERE) is True
    return False
