"""Features whose values are given instead of computed by their featurizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from matdata.core.console import SILENT, Console
from matdata.core.digest import digest_json
from matdata.core.ledger import Reject
from matdata.features.base import Block
from matdata.features.building.jobs import Job, shard_tasks
from matdata.features.building.reused import Counts
from matdata.features.building.runner import BuiltFeature, commit, find_whole
from matdata.features.building.shards import write_shard
from matdata.store.artefact import building
from matdata.store.feature_catalogue import KIND


def store_given(
    job: Job,
    rows: npt.NDArray[np.int64],
    fields: Mapping[str, npt.NDArray[np.generic]],
    rejects: Sequence[Reject],
    console: Console = SILENT,
) -> BuiltFeature:
    """Write a feature from its values, shard by shard, or find it there.

    Parameters
    ----------
    job
        The feature and where it goes; its featurizer is not called.
    rows : (k,)
        Rows of the dataset that have values, ascending.
    fields
        Stored fields of level ``crystal``, each of length k.
    rejects
        All other rows, in their order, each with its reason.

    Raises
    ------
    StoreError
        If the cache cannot be written.
    """
    final = job.home / job.name()
    there = find_whole(job)
    if there is not None:
        return BuiltFeature(there, "unchanged")
    with building(job.home, KIND, digest_json(job.identity()), console.warn) as writer:
        if final.is_dir() and not writer.take_over(final, console):
            return BuiltFeature(final, "unchanged")
        lacking = np.setdiff1d(np.arange(len(job.rows)), rows)
        for task in shard_tasks(job, writer.staging):
            first, last = np.searchsorted(rows, (task.start, task.stop))
            block = Block(
                rows[first:last] - task.start,
                {name: values[first:last] for name, values in fields.items()},
                [*rejects[slice(*np.searchsorted(lacking, (task.start, task.stop)))]],
            )
            for entry in write_shard(task, job.featurizer, [block]).parts:
                writer.record(entry)
        counts = Counts(computed=len(job.rows))
        return BuiltFeature(commit(job, writer, {}, counts), writer.state, counts)
