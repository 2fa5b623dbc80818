"""A pass over the rows of a dataset, which computes the shards of several features at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from matdata.core.console import Console
from matdata.core.executors import Workers, ordered_map
from matdata.core.scheduler_names import WorkerKind
from matdata.features.base import Block, Featurizer
from matdata.features.building.blocks import featurize_together
from matdata.features.building.dataset_inputs import batches_of_rows, curated_columns
from matdata.features.building.jobs import Job, shard_tasks
from matdata.features.building.reused import Reuse, is_whole
from matdata.features.building.shards import (
    Pass,
    ShardRecord,
    ShardTask,
    compute_batch,
    compute_pass,
    write_pass,
)
from matdata.features.inputs import FeatureInput, PartialInput
from matdata.store.artefact import ArtefactWriter


class Step(NamedTuple):
    """One shard of each feature that lacks it.

    Attributes
    ----------
    jobs, tasks
        Of each feature, in the same order; the rows of all tasks are the same, and so are those
        that are computed.
    """

    jobs: tuple[Job, ...]
    tasks: Pass

    @property
    def featurizers(self) -> list[Featurizer]:
        """Those of the jobs."""
        return [job.featurizer for job in self.jobs]


def steps_of(pending: Sequence[tuple[Job, ArtefactWriter]], console: Console) -> list[Step]:
    """What is left to do of features of one pass, in the order of the rows."""
    missing: list[tuple[Job, ShardTask]] = []
    for job, writer in pending:
        tasks = shard_tasks(job, writer.staging)
        todo = [task for task in tasks if not all(map(writer.has, task.parts))]
        if 0 < len(todo) < len(tasks):
            done = f"{len(tasks) - len(todo)} of {len(tasks)} shards done"
            console.say(f"resuming {job.featurizer.spec}: {done}")
        missing += [(job, task) for task in todo]
    return by_rows(missing)


def by_rows(tasks: Iterable[tuple[Job, ShardTask]]) -> list[Step]:
    """Steps of the tasks of features of one pass: those of the same rows go together."""
    steps: dict[range, list[tuple[Job, ShardTask]]] = {}
    for job, task in tasks:
        steps.setdefault(range(task.start, task.stop), []).append((job, task))
    in_order = sorted(steps.items(), key=lambda item: item[0].start)
    return [Step(*zip(*members, strict=True)) for _, members in in_order]


def with_reuse(steps: list[Step], reuse: Mapping[Job, Reuse | None]) -> list[Step]:
    """The steps with what is copied from older features: of one step the same rows of each."""
    divided = []
    for step in steps:
        alike: dict[bytes, list[tuple[Job, ShardTask]]] = {}
        for job, task in zip(*step, strict=True):
            planned = replace(task, reuse=_plan_of(job, task, reuse[job]))
            alike.setdefault(planned.to_compute().tobytes(), []).append((job, planned))
        divided += [Step(*zip(*members, strict=True)) for members in alike.values()]
    return divided


def _plan_of(job: Job, task: ShardTask, plan: Reuse | None) -> Reuse | None:
    """What a shard copies; None where single rows are computed, and it is not there as a whole."""
    if plan is None or job.featurizer.copied == "rows":
        return plan
    return plan if is_whole(plan, task.store, task.start, task.stop) else None


def records_of(steps: list[Step], workers: Workers) -> Iterator[tuple[ShardRecord, ...]]:
    """Records of the tasks, in their order.

    Whole shards go to an executor of the caller, to processes where there are enough of them, and
    to threads where they are mostly copied. Else the batches of a shard are shared among the
    workers of this machine, so that a small dataset of one shard keeps all of them busy.
    """
    busy, kind = sum(bool(_n_batches(step)) for step in steps), _kind(steps, workers)
    processes = kind == "process" and busy >= workers.count > 1
    copying = kind == "thread" and len(steps) >= workers.count > 1 and _mostly_copied(steps)
    if workers.executor is not None or processes or copying:
        return ordered_map(compute_pass, (step.tasks for step in steps), workers, kind)
    return _from_batches(steps, workers)


def _mostly_copied(steps: list[Step]) -> bool:
    """Whether the work is to read, compress and write rather than to compute."""
    computed = sum(len(step.tasks[0].to_compute()) for step in steps)
    return 2 * computed < sum(len(step.tasks[0]) for step in steps)


def _kind(steps: list[Step], workers: Workers) -> WorkerKind:
    """What the workers of this machine are; processes would not pay for reading a table."""
    job = steps[0].jobs[0]
    reads = bool(curated_columns(job.rows, job.featurizer))
    return workers.kind or ("thread" if reads else job.featurizer.workers)


def _from_batches(steps: list[Step], workers: Workers) -> Iterator[tuple[ShardRecord, ...]]:
    few = sum(map(_n_batches, steps)) < 2  # starting processes would take longer than one batch
    blocks = _blocks(steps, replace(workers, count=1) if few else workers)
    for step in steps:
        of_step = [next(blocks) for _ in range(_n_batches(step))]
        yield write_pass(step.tasks, step.featurizers, of_step)


def _n_batches(step: Step) -> int:
    return -(-len(step.tasks[0].to_compute()) // step.featurizers[0].batch_rows)


def _blocks(steps: list[Step], workers: Workers) -> Iterator[tuple[Block, ...]]:
    """The blocks of each batch of each step, one per feature that lacks the shard."""
    batches = ((step, batch) for step in steps for batch in _batches(step))
    if _kind(steps, workers) == "thread":
        return ordered_map(_featurize_step, batches, workers, "thread")
    tasks = (([task.feature for task in step.tasks], batch) for step, batch in batches)
    return ordered_map(compute_batch, tasks, workers, "process")


def _batches(step: Step) -> Iterator[FeatureInput | PartialInput]:
    job, task = step.jobs[0], step.tasks[0]
    return batches_of_rows(job.rows, job.featurizer, task.start, task.stop, task.to_compute())


def _featurize_step(task: tuple[Step, FeatureInput | PartialInput]) -> tuple[Block, ...]:
    step, batch = task
    return featurize_together(step.featurizers, batch)
