"""Runs a featurizer over a dataset into a sharded store: resumable, in order, in bounded memory."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from matdata.core import ledger
from matdata.core.console import Console
from matdata.core.crystals import Ragged, offsets_of
from matdata.core.digest import digest_json
from matdata.core.executors import Workers, ordered_map
from matdata.core.ledger import Reject, count_reasons
from matdata.features import featurizer as make_featurizer
from matdata.features.base import CRYSTAL, Block, Column, FeatureInput, Featurizer
from matdata.features.block_check import check_block
from matdata.features.inputs import PartialInput, n_entries
from matdata.store import tables
from matdata.store.artefact import ArtefactWriter, building, check_files
from matdata.store.backends import backend
from matdata.store.catalogue import feature_folder
from matdata.store.damage import State, damage_of
from matdata.store.sharded import ShardedArrays, shard_arrays

KIND = "feature"
SHARD_ROWS = "shard_rows"  # key of the receipt
SHARD_BYTES = 64 << 20
GUESSED_ENTRIES = 16  # entries a site of a ragged level whose size is only known afterwards
Task = tuple[str, dict[str, Any], Any]


@dataclass(frozen=True)
class Job:
    """What is to be computed, and where it goes.

    Attributes
    ----------
    featurizer
        Made with its settings.
    batch
        What the featurizer requires of all materials, in the order of the dataset; of those
        that have a structure, if it requires one and some have none.
    dataset_ref, dataset_digest
        What the feature is made from.
    home
        ``features/<dataset>`` in the cache.
    store
        Storage format.
    shard_rows
        Most crystals in a shard; None for the featurizer's own choice.
    """

    featurizer: Featurizer
    batch: FeatureInput | PartialInput
    dataset_ref: str
    dataset_digest: str
    home: Path
    store: str
    shard_rows: int | None = None

    def rows_per_shard(self) -> int:
        """Crystals in a shard: near 64 MB, and no more than the featurizer allows."""
        limit = self.shard_rows or self.featurizer.shard_rows
        sites = n_entries(self.batch) / max(len(self.batch), 1)
        per_row = 8.0
        for field in self.featurizer.fields:
            entries = {"crystal": 1.0, "site": sites}.get(field.level, GUESSED_ENTRIES * sites)
            per_row += field.entry_bytes * entries
        return int(max(1, min(limit, SHARD_BYTES // per_row)))

    def identity(self) -> dict[str, Any]:
        """What the store depends on."""
        return {
            "dataset": self.dataset_digest,
            "feature": self.featurizer.identity(),
            "store": self.store,
            "shard_rows": self.rows_per_shard(),
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
        _compute(job, writer, console, workers)
        return Made(_commit(job, writer), writer.state)


def _compute(job: Job, writer: ArtefactWriter, console: Console, workers: Workers) -> None:
    """Compute the shards that are not finished."""
    starts = range(0, len(job.batch), job.rows_per_shard())
    todo = [k for k in range(len(starts)) if not _is_finished(job, writer, k)]
    if len(todo) < len(starts):
        console.say(f"resuming {job.featurizer.spec}: {len(starts) - len(todo)} shards done")
    blocks = _blocks(job, todo, workers)
    left = sum(stop - start for start, stop in (_bounds(job, k) for k in todo))
    total = len(job.batch)
    bar = console.bar(blocks, job.featurizer.spec, total, total - left, size=_n_materials)
    for k in todo:
        parts = [next(bar) for _ in range(_batches_in(job, k))]
        _write_shard(job, writer, k, parts)
    for _ in bar:  # lets the bar close itself
        pass


def _n_materials(block: Block) -> int:
    return len(block.rows) + len(block.rejects)


def _is_finished(job: Job, writer: ArtefactWriter, shard: int) -> bool:
    return writer.has(_shard_part(job, shard)) and writer.has(_ledger_part(shard))


def _ledger_part(shard: int) -> str:
    return f"ledger/{shard:05d}.parquet"


def _bounds(job: Job, shard: int) -> tuple[int, int]:
    rows = job.rows_per_shard()
    return shard * rows, min((shard + 1) * rows, len(job.batch))


def _batches_in(job: Job, shard: int) -> int:
    start, stop = _bounds(job, shard)
    return -(-(stop - start) // job.featurizer.batch_rows)


def _shard_part(job: Job, shard: int) -> str:
    return f"shards/{shard:05d}{backend(job.store).SUFFIX}"


def _batches(job: Job, shards: list[int]) -> Iterator[FeatureInput | PartialInput]:
    step = job.featurizer.batch_rows
    for shard in shards:
        start, stop = _bounds(job, shard)
        for first in range(start, stop, step):
            yield job.batch.take(slice(first, min(first + step, stop)))


def _blocks(job: Job, shards: list[int], workers: Workers) -> Iterator[Block]:
    batches = _batches(job, shards)
    if job.featurizer.workers == "thread" and workers.executor is None:
        check = functools.partial(_checked, job.featurizer)
        return ordered_map(check, batches, workers, "thread")
    settings = job.featurizer.settings.to_dict()
    settings.pop("variant", None)
    tasks = ((job.featurizer.spec, settings, batch) for batch in batches)
    return ordered_map(_run_task, tasks, workers, "process")


@functools.lru_cache(maxsize=4)
def _made(spec: str, settings: tuple[tuple[str, object], ...]) -> Featurizer:
    return make_featurizer(spec, dict(settings))


def _run_task(task: Task) -> Block:
    spec, settings, batch = task
    return _checked(_made(spec, tuple(settings.items())), batch)


def _checked(featurizer: Featurizer, batch: FeatureInput | PartialInput) -> Block:
    if not isinstance(batch, PartialInput):
        return check_block(featurizer, batch, featurizer.featurize(batch))
    given = batch.given
    block = _checked(featurizer, given) if len(given) else _empty_block(featurizer)
    text = "only its formula is known, and a structure is needed"
    lost = [Reject(name, "featurize", "no_structure", text) for name in batch.missing()]
    return Block(batch.rows[block.rows], block.fields, [*block.rejects, *lost])


def _empty_block(featurizer: Featurizer) -> Block:
    """The block of no materials."""
    fields: dict[str, Column] = {}
    for field in featurizer.fields:
        values = np.empty((0, *field.shape), dtype=field.dtype)
        fields[field.name] = values if field.level == CRYSTAL else Ragged(values, offsets_of([]))
    return Block(np.empty(0, np.int64), fields)


def _write_shard(job: Job, writer: ArtefactWriter, shard: int, blocks: list[Block]) -> None:
    start, stop = _bounds(job, shard)
    firsts = range(start, stop, job.featurizer.batch_rows)
    rows = np.concatenate([block.rows + first for block, first in zip(blocks, firsts, strict=True)])
    fields = {
        field.name: _join([block.fields[field.name] for block in blocks], field.dtype)
        for field in job.featurizer.fields
    }
    levels = {field.name: field.level for field in job.featurizer.fields}
    arrays = shard_arrays(fields, levels, rows)
    rejects = ledger.to_columns(reject for block in blocks for reject in block.rejects)
    writer.write(_ledger_part(shard), lambda path: tables.write_table(path, rejects))
    store = backend(job.store)
    writer.write(_shard_part(job, shard), lambda path: store.write(path, arrays), rows=len(rows))


def _join(columns: list[Any], dtype: str) -> Any:
    if isinstance(columns[0], Ragged):
        joined = Ragged.concat(columns)
        return Ragged(joined.values.astype(dtype, copy=False), joined.offsets)
    return np.concatenate(columns).astype(dtype, copy=False)


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
        "made_from": {"dataset": job.dataset_ref, "dataset_digest": job.dataset_digest},
        "identity_digest": digest_json(job.identity()),
        "arrays_digest": ShardedArrays(writer.staging, preview).digest(),
        "rows": sum(entry["meta"].get("rows", 0) for entry in parts),
        "rejected": count_reasons(reject.reason for reject in rejects),
    }
    # for `matdata.building.repair`: of the identity the manifest holds the digest alone
    return writer.commit(job.name(), content, {SHARD_ROWS: job.rows_per_shard()})


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
