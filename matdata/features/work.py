"""Several processes compute one feature: each takes whole shards, and one of them commits.

They see one file system and need nothing else: no server, and none of them outlives the others.
Each is started alike (``matdata work``, in the array of a batch system), leases shards and writes
their parts. Whoever finds all of them finished commits by way of `runner.run`, in the bytes that
one process would have written. The shards of a process that vanished are computed by others when
its leases have expired.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Literal

from matdata.core.console import Console
from matdata.core.errors import StoreError
from matdata.core.executors import Workers
from matdata.core.worker_identity import worker_identity
from matdata.features.jobs import Job, shard_tasks
from matdata.features.passes import Step, records_of
from matdata.features.runner import BuiltFeature, find_whole, run, shared_shards
from matdata.features.shards import ShardTask
from matdata.store.leases import Leases
from matdata.store.locks import Lock, LostLockError

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between two looks for shards that are free

Outcome = Literal["worked", "waiting", "done"]


def work(
    jobs: Sequence[Job], console: Console, workers: Workers, term: float
) -> list[BuiltFeature]:
    """Compute features together with other processes; returns when all of them are there.

    Parameters
    ----------
    jobs
        The features, in the order in which they are begun.
    console
        Informed of what happens.
    workers
        Threads or processes of this process.
    term
        Seconds after which the shards of a process that shows no sign of life are free.

    Raises
    ------
    FeatureError
        If a featurizer breaks its contract.
    ConfigError
        If other processes at work have other versions, or another processor.
    StoreError
        If the cache cannot be written, or another process wrote other bytes.
    """
    left = {k: _Shared(job, console, workers, term) for k, job in enumerate(jobs)}
    features: dict[int, BuiltFeature] = {}
    pause, informed = FIRST_PAUSE, False
    while left:
        steps = {k: shared.step() for k, shared in left.items()}
        for k, step in steps.items():
            if step == "done":
                features[k] = left.pop(k).finish()
        if any(step != "waiting" for step in steps.values()):
            pause = FIRST_PAUSE
            continue
        if not informed:
            console.say("other processes compute the shards that are left; waiting for them")
            informed = True
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(2 * pause, LONGEST_PAUSE)
    return [features[k] for k in sorted(features)]


class _Shared:
    """One feature, as one of its processes sees it."""

    def __init__(self, job: Job, console: Console, workers: Workers, term: float) -> None:
        self._job = job
        self._console = console
        self._workers = workers
        self._final = job.home / job.name()
        self._shards = shared_shards(job)
        self._is_there = find_whole(job) is not None
        if not self._is_there:
            self._shards.agree(worker_identity())
        self._tasks = shard_tasks(job, self._shards.folder)
        self._leases = Leases(job.home, self._shards.name, term)

    def step(self) -> Outcome:
        """Compute shards that nobody else computes, as many as there are processes for."""
        if self._is_there or self._final.is_dir():
            return "done"
        finished = self._shards.finished()
        todo = [task for task in self._tasks if task.shard not in finished]
        if not todo:
            return "done"
        with ExitStack() as held:
            leases = self._take(todo, held)
            if not leases:
                return "waiting"
            try:
                self._compute([task for task in todo if task.shard in leases], leases)
            except StoreError:
                # a driver that committed has removed the folder under construction
                if not self._final.is_dir():
                    raise
        return "worked"

    def _take(self, todo: Sequence[ShardTask], held: ExitStack) -> dict[int, Lock]:
        kind = self._workers.kind or self._job.featurizer.workers
        whole = kind == "process" or self._workers.executor is not None
        most = self._workers.count if whole else 1  # threads share the batches of one shard
        leases: dict[int, Lock] = {}
        # from anywhere: processes that start together do not all ask for the same ones
        first = random.randrange(len(todo))
        for task in (*todo[first:], *todo[:first]):
            lease = self._leases.take(f"{task.shard:05d}")
            if lease is None:
                continue
            held.callback(lease.release)
            if task.shard not in self._shards.finished():  # since the look before
                leases[task.shard] = lease
            if len(leases) == most:
                break
        return leases

    def _compute(self, tasks: list[ShardTask], leases: dict[int, Lock]) -> None:
        spec, total = self._job.featurizer.spec, len(self._tasks)
        steps = [Step((self._job,), (), (task,)) for task in tasks]
        for (record,) in records_of(steps, self._workers):
            lease = leases[record.shard]
            try:
                lease.require()
            except LostLockError as error:
                self._console.warn(f"{spec}: shard {record.shard} is left to others: {error.cause}")
                continue
            self._shards.record(record)
            lease.release()
            self._console.say(f"{spec}: shard {record.shard} of {total} finished")

    def finish(self) -> BuiltFeature:
        """The feature, committed by this process or another one."""
        done = run(self._job, self._console, self._workers)
        self._shards.remove()  # what this process wrote after another one had committed
        return done
