"""What a feature can take from the same feature of older versions of its dataset.

A plan says for each row where its values lie already. It is made once per feature, in memory of
some tens of bytes per material, and handed to workers as a file: they copy the rows
(`matdata.features.building.reused`) and compute the others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.cache import storage_error
from matdata.core.content_keys import Keys
from matdata.core.digest import digest_json
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import StoreError
from matdata.core.ledger import UNEXPECTED, Reject
from matdata.core.worker_identity import package_version, worker_identity
from matdata.features.base import Featurizer
from matdata.features.building.content_keys import content_keys
from matdata.features.building.dataset_inputs import curated_columns
from matdata.features.building.reused import COMPUTE, Reuse, as_reject
from matdata.store import files
from matdata.store.catalogue import committed
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.dataset_rows import DatasetRows
from matdata.store.feature_catalogue import KIND, of_feature
from matdata.store.manifest import read_manifest
from matdata.store.older_versions import is_made_by, versions_used_last
from matdata.store.sharded import ShardedArrays, read_ledger

#: Most versions of the dataset that values are taken from, those used last first.
VERSIONS = 4
#: A further version is read if it holds at most so many times the rows that are still to be found:
#: of a database that grows the last one holds nearly all, and reading another one costs more.
WORTH = 10
PLAN = "reuse.npy"  # ending of the name of a plan

Int: TypeAlias = "npt.NDArray[np.int64]"
Int32: TypeAlias = "npt.NDArray[np.int32]"


def made_by(featurizer: Featurizer) -> JsonObject:
    """What the bits of values depend on beside the featurizer and the material.

    Versions of packages and features of the processor; in the receipt of a feature. Values are
    taken from one alone that was made by the same.
    """
    return {**worker_identity(), **{name: package_version(name) for name in featurizer.packages}}


@contextlib.contextmanager
def reusing(
    featurizer: Featurizer, rows: DatasetRows, features: Path, itself: Path, staging: Path
) -> Iterator[Reuse | None]:
    """The plan for a feature while it is computed; None if nothing can be taken.

    Parameters
    ----------
    featurizer, rows
        What is computed, and of what.
    features
        The folder ``features`` of the cache.
    itself
        The folder that the feature will have, from which nothing is taken.
    staging
        Where it is built; the plan lies beside it while the block runs.

    Raises
    ------
    StoreError
        If the plan cannot be written.
    """
    cheap = featurizer.copied == "nothing" or bool(curated_columns(rows, featurizer))
    reuses = featurizer.reusable and not cheap
    older = list(_older(featurizer, rows.dataset, features, itself)) if reuses else []
    plan = _plan(featurizer, rows, older) if older else None
    if plan is None or not (plan[:, 0] != COMPUTE).any():
        yield None
        return
    path = files.temporary_beside(staging.with_name(PLAN))
    try:
        try:
            files.sweep(path.parent, PLAN)  # of commands that were killed
            with open(path, "wb") as file:
                np.save(file, plan)
        except OSError as error:
            raise storage_error(error, path) from error
        yield Reuse(str(path.resolve()), tuple(str(one.folder.resolve()) for one in older))
    finally:
        files.remove(path)


@dataclass(frozen=True)
class _Older:
    """The same feature of another version, or in another format.

    Attributes
    ----------
    folder, manifest
        The feature.
    rows
        The rows that it was computed from.
    """

    folder: Path
    manifest: JsonMapping
    rows: DatasetRows

    def places(self) -> tuple[Int32, list[Reject]]:
        """Where the values of each row lie, as a plan says it, and the ledger."""
        ledger = read_ledger(self.folder, self.manifest)
        places = np.full(len(self.rows), COMPUTE, np.int32)
        rows = ShardedArrays(self.folder, dict(self.manifest)).rows()
        places[rows] = np.arange(len(rows), dtype=np.int32)
        return places, ledger


def _older(
    featurizer: Featurizer, dataset: DatasetFolder, features: Path, itself: Path
) -> Iterator[_Older]:
    """Features with the same values for the same material, those of versions used last first.

    Those of this version are among them, as they may have another format.
    """
    seen: set[str] = set()
    for folder in versions_used_last(dataset.folder.parent):
        with contextlib.suppress(StoreError):  # what is damaged is not reused
            version = DatasetFolder(folder)
            if version.data_ref in seen:
                continue
            for candidate in committed(features / version.data_ref):
                if candidate == itself or not of_feature(candidate, featurizer.spec):
                    continue
                manifest = read_manifest(candidate, KIND)
                if _is_same(featurizer, candidate, manifest, version):
                    seen.add(version.data_ref)
                    yield _Older(candidate, manifest, DatasetRows(version))
                    break
        if len(seen) == VERSIONS:
            return


def _is_same(
    featurizer: Featurizer, folder: Path, manifest: JsonMapping, version: DatasetFolder
) -> bool:
    """Whether a feature holds what this featurizer would compute here, bit by bit."""
    own = {**featurizer.identity(), "fields": [asdict(one) for one in featurizer.fields]}
    stored = {name: manifest.get(name) for name in own}
    return (
        digest_json(stored) == digest_json(own)
        and manifest["made_from"]["dataset_digest"] == version.data_digest
        and is_made_by(folder, made_by(featurizer))
    )


def _plan(featurizer: Featurizer, rows: DatasetRows, older: list[_Older]) -> Int32 | None:
    """For each row (n, 2) the number of the older feature and the place in it."""
    keys = content_keys(rows, featurizer)
    plan = np.full((len(rows), 2), COMPUTE, np.int32)
    for number, one in enumerate(older):
        todo = np.flatnonzero((plan[:, 0] == COMPUTE) & (keys != b""))
        found = (plan[:, 0] != COMPUTE).any()
        if not len(todo) or (found and len(todo) * WORTH < len(one.rows)):
            continue
        with contextlib.suppress(StoreError):  # damaged: its rows are computed
            places, ledger = one.places()
            matching, older_rows = _matches(keys, todo, content_keys(one.rows, featurizer))
            matched = todo[matching]
            place = places[older_rows]
            plan[matched, 1] = place
            plan[matched, 0] = np.where(place == COMPUTE, COMPUTE, number)
            lost = place == COMPUTE
            _add_rejects(plan, rows, one, number, ledger, matched[lost], older_rows[lost])
    return plan


def _matches(keys: Keys, todo: Int, older: Keys) -> tuple[Int, Int]:
    """Which (m,) of the rows `todo` have an older key, and the older rows (m,) of these keys.

    Of equal older keys the one of the same row is taken, so that whole shards can be linked, else
    the first.
    """
    if not len(older):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    by_key = np.argsort(older, kind="stable")
    place = np.minimum(np.searchsorted(older[by_key], keys[todo]), len(older) - 1)
    rows = by_key[place]
    inside = np.minimum(todo, len(older) - 1)
    rows = np.where(older[inside] == keys[todo], inside, rows)
    matching = np.flatnonzero(older[rows] == keys[todo])
    return matching, rows[matching]


def _add_rejects(
    plan: Int32,
    rows: DatasetRows,
    older: _Older,
    number: int,
    ledger: list[Reject],
    new_rows: Int,
    older_rows: Int,
) -> None:
    """Take over rejects of materials with the same id, which the message may name."""
    if not len(new_rows):
        return
    places = {
        reject.material_id: place
        for place, reject in enumerate(ledger)
        if reject.reason != UNEXPECTED  # a defect, which may be gone
    }
    names, older_names = _ids_at(rows, new_rows), _ids_at(older.rows, older_rows)
    for row, name, older_name in zip(new_rows.tolist(), names, older_names, strict=True):
        if name == older_name and name in places:
            plan[row] = number, as_reject(places[name])


def _ids_at(rows: DatasetRows, wanted: Int) -> list[str]:
    """Ids of some rows, read in pieces."""
    names: dict[int, str] = {}
    for start, stop in rows.ranges():
        inside = wanted[(wanted >= start) & (wanted < stop)]
        if not len(inside):
            continue
        ids = rows.ids(start, stop)
        names |= {row: str(ids[row - start]) for row in inside.tolist()}
    return [names[row] for row in wanted.tolist()]
