"""What is to be computed of a dataset: a feature, its shards, and which features go together."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.core.digest import digest_json
from matdata.features.base import CRYSTAL, Featurizer
from matdata.features.building.dataset_inputs import curated_columns, entries_per_row
from matdata.features.building.feature_spec import FeatureSpec
from matdata.features.building.shards import ShardTask
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.dataset_rows import DatasetRows
from matdata.store.feature_catalogue import feature_folder

SHARD_BYTES = 64 << 20
GUESSED_ENTRIES = 16  # entries a site of a ragged level whose size is only known afterwards


@dataclass(frozen=True)
class Job:
    """What is to be computed, and where it goes.

    Attributes
    ----------
    featurizer
        The featurizer with its settings.
    dataset
        What the feature is made from.
    home
        ``features/<dataset>`` in the cache.
    store
        Storage format.
    shard_rows
        Most crystals in a shard; None for the featurizer's own choice.
    reuse
        Whether values of the same materials are copied from older versions of the dataset.
    elsewhere
        Homes in caches of others, where it may be already.
    """

    featurizer: Featurizer
    dataset: DatasetFolder
    home: Path
    store: str
    shard_rows: int | None = None
    reuse: bool = True
    elsewhere: tuple[Path, ...] = ()

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
    featurizer = job.featurizer
    inputs = featurizer.requires, featurizer.columns(), featurizer.workers, featurizer.batch_rows
    curated = curated_columns(job.rows, featurizer)
    shard = min(job.rows_per_shard, len(job.rows))
    return (*inputs, curated, shard, job.dataset.data_digest, job.home)
