"""Several processes compute features: each takes whole shards, and one of them commits each.

They see one file system and need nothing else: no server, and none of them outlives the others.
Each is started alike (``matdata work``, in the array of a batch system), leases shards and writes
their parts. Whoever finds all of them finished commits by way of `runner.run`, in the bytes that
one process would have written. The shards of a process that vanished are computed by others when
its leases have expired. Features that share intermediates are computed in one pass, and rows are
copied from older versions, as `matdata featurize` does.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from matdata.core.console import Console
from matdata.core.errors import StoreError
from matdata.core.executors import Workers
from matdata.core.worker_identity import worker_identity
from matdata.features.building.jobs import Job, in_passes, shard_tasks
from matdata.features.building.passes import Step, by_rows, records_of, with_reuse
from matdata.features.building.reused import Reuse
from matdata.features.building.runner import BuiltFeature, find_whole, reuse_of, run, shared_shards
from matdata.features.building.shards import ShardRecord, ShardTask
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
        The features.
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
    made: dict[Job, BuiltFeature] = {}
    with contextlib.ExitStack() as held:
        joined = {job: held.enter_context(_joined(job, console, term)) for job in jobs}
        passes = [_Pass([joined[job] for job in one], workers) for one in in_passes(jobs)]
        pause, informed = FIRST_PAUSE, False
        while passes:
            outcomes = [one.step() for one in passes]
            for one in passes:
                made |= {shared.job: shared.finish(workers) for shared in one.finished()}
            passes = [one for one in passes if one.left]
            if any(outcome != "waiting" for outcome in outcomes):
                pause = FIRST_PAUSE
                continue
            if not informed:
                console.say("other processes compute the shards that are left; waiting for them")
                informed = True
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, LONGEST_PAUSE)
    return [made[job] for job in jobs]


@contextlib.contextmanager
def _joined(job: Job, console: Console, term: float) -> Iterator[_Shared]:
    """One feature, on which this process is at work while the block runs."""
    shared = _Shared(job, console, term)
    if shared.is_there():
        yield shared
        return
    with (
        shared.shards.joined(worker_identity(), term),
        reuse_of(job, shared.shards.folder) as shared.reuse,
    ):
        yield shared


class _Shared:
    """One feature, as one of its processes sees it.

    Attributes
    ----------
    job
        The feature.
    shards
        What its processes have finished.
    tasks
        All shards, by number.
    reuse
        What is copied from older versions.
    """

    def __init__(self, job: Job, console: Console, term: float) -> None:
        self.job = job
        self.shards = shared_shards(job)
        self.tasks = {task.shard: task for task in shard_tasks(job, self.shards.folder)}
        self.reuse: Reuse | None = None
        self._console = console
        self._was_whole = find_whole(job) is not None
        self._leases = Leases(job.home, self.shards.name, term)

    def is_there(self) -> bool:
        """Whether it is computed, by this process or another one."""
        return self._was_whole or (self.job.home / self.job.name()).is_dir()

    def todo(self) -> set[int]:
        """Numbers of the shards that nobody has finished."""
        return set() if self.is_there() else self.tasks.keys() - self.shards.finished()

    def lease(self, shard: int) -> Lock | None:
        """The lease on a shard; None while another process holds it, or has finished it."""
        lease = self._leases.take(f"{shard:05d}")
        if lease is not None and shard in self.shards.finished():  # since the look before
            lease.release()
            return None
        return lease

    def record(self, record: ShardRecord, lease: Lock) -> None:
        """Write down that a shard is finished, unless others have taken it over."""
        spec = self.job.featurizer.spec
        try:
            lease.require()
        except LostLockError as error:
            self._console.warn(f"{spec}: shard {record.shard} is left to others: {error.cause}")
            return
        self.shards.record(record)
        lease.release()
        self._console.say(f"{spec}: shard {record.shard + 1} of {len(self.tasks)} finished")

    def finish(self, workers: Workers) -> BuiltFeature:
        """The feature, committed by this process or another one."""
        done = run(self.job, self._console, workers)
        self.shards.remove()  # what this process wrote after another one had committed
        return done


#: Leases by feature and number of the shard.
_Taken = Mapping[tuple[Job, int], Lock]


class _Pass:
    """Features that are computed together, of which some are left."""

    def __init__(self, members: list[_Shared], workers: Workers) -> None:
        self.left = members
        self._workers = workers

    def finished(self) -> list[_Shared]:
        """Those of which all shards are finished; they are left out from now on."""
        done = [one for one in self.left if not one.todo()]
        self.left = [one for one in self.left if one not in done]
        return done

    def step(self) -> Outcome:
        """Compute shards that nobody else computes, as many as there are processes for."""
        todo = {one: one.todo() for one in self.left}
        if not all(todo.values()):
            return "done"
        with contextlib.ExitStack() as held:
            # a shard of all features first: two processes that divide one share no intermediates
            taken = self._take(todo, held, whole=True) or self._take(todo, held, whole=False)
            if not taken:
                return "waiting"
            try:
                self._compute(taken)
            except StoreError:
                # a driver that committed has removed the folder under construction
                if not any(one.is_there() for one in self.left):
                    raise
        return "worked"

    def _take(
        self, todo: Mapping[_Shared, set[int]], held: contextlib.ExitStack, *, whole: bool
    ) -> dict[tuple[Job, int], Lock]:
        taken: dict[tuple[Job, int], Lock] = {}
        steps = 0
        for shard in _from_anywhere(set().union(*todo.values())):
            leases = {one.job: one.lease(shard) for one in self.left if shard in todo[one]}
            got = {(job, shard): lease for job, lease in leases.items() if lease is not None}
            if whole and len(got) < len(leases):
                for lease in got.values():
                    lease.release()
                continue
            for lease in got.values():
                held.callback(lease.release)
            taken |= got
            steps += bool(got)
            if steps == self._most:
                break
        return taken

    @property
    def _most(self) -> int:
        """Shards at once: of each worker one, if it computes whole shards."""
        kind = self._workers.kind or self.left[0].job.featurizer.workers
        is_alone = kind == "process" or self._workers.executor is not None
        return self._workers.count if is_alone else 1  # threads share the batches of one shard

    def _compute(self, taken: _Taken) -> None:
        by_job = {one.job: one for one in self.left}
        tasks: list[tuple[Job, ShardTask]] = [(j, by_job[j].tasks[shard]) for j, shard in taken]
        reuse = {one.job: one.reuse for one in self.left}
        steps: list[Step] = with_reuse(by_rows(tasks), reuse)
        for step, records in zip(steps, records_of(steps, self._workers), strict=True):
            for job, record in zip(step.jobs, records, strict=True):
                by_job[job].record(record, taken[job, record.shard])


def _from_anywhere(shards: Iterable[int]) -> list[int]:
    """In order from a random one on, so that processes that start together take different ones."""
    in_order = sorted(shards)
    first = random.randrange(len(in_order))
    return [*in_order[first:], *in_order[:first]]
