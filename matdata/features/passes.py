"""Which features are computed together: of one intermediate and of equal shards."""

from __future__ import annotations

from collections.abc import Iterable

from matdata.features.runner import Job


def in_passes(jobs: Iterable[Job]) -> list[list[Job]]:
    """Divide features of one dataset into passes over its rows, in the order of their firsts.

    Features share a pass if one of their intermediates is equal, and if they are given the same
    batches of the same shards by the same kind of workers. A feature that is there twice is
    computed once: the second one finds it.
    """
    passes: list[list[Job]] = []
    for job in jobs:
        home = next((one for one in passes if _belongs(job, one)), None)
        if home is None:
            passes.append([job])
        else:
            home.append(job)
    return passes


def _belongs(job: Job, others: list[Job]) -> bool:
    shared = set(job.featurizer.intermediates)
    return (
        any(not shared.isdisjoint(other.featurizer.intermediates) for other in others)
        and _batches(job) == _batches(others[0])
        and all(job.name() != other.name() for other in others)
    )


def _batches(job: Job) -> tuple[object, ...]:
    """What decides which rows a featurizer is given, and where."""
    made = job.featurizer
    inputs = made.requires, made.columns(), made.workers, made.batch_rows
    shard = min(job.rows_per_shard, len(job.rows))
    return (*inputs, shard, job.dataset.data_digest, job.home)
