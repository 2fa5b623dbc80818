"""The audit of a dataset's split, with the search for near duplicates where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matdata.adapters.schedulers import workers_on
from matdata.core.errors import ConfigError
from matdata.splits.audit import Report
from matdata.splits.saved import audit_split, load_split
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.dataset_rows import DatasetRows
from matdata.store.stored_crystals import StoredCrystals


def audit_dataset(
    dataset: DatasetFolder,
    split: str | None,
    keys: Sequence[str] | None,
    near_duplicates: bool,
    judge: bool,
    tolerances: Mapping[str, object],
    scheduler: str | None = None,
) -> Report:
    """Audit a saved split: what its parts share; near duplicates are searched on a scheduler.

    Raises
    ------
    ConfigError
        If tolerances or a scheduler are given for near duplicates that are not searched.
    StoreError
        If there is no such split.
    SplitError
        If a key is no column.
    StructureError
        If near duplicates are asked for, and the dataset holds compositions only.
    """
    from matdata.curate.near_duplicates import NearSettings, pairs_between

    near = near_duplicates or judge
    if tolerances and not near:
        raise ConfigError(
            "--set is about near duplicates, which are not asked for",
            next_step="add --near-duplicates",
        )
    if scheduler is not None and not near:
        raise ConfigError(
            "--scheduler is about near duplicates, which are not asked for",
            next_step="add --near-duplicates",
        )
    saved = load_split(dataset, split)
    if not near:
        return audit_split(dataset, saved, keys)
    settings = NearSettings.from_mapping(tolerances)
    dataset.require_structures()
    crystals = StoredCrystals(DatasetRows(dataset))
    rows = crystals.rows
    labels = dataset.columns.get("protostructure")
    labels = labels and [labels[row] for row in rows.tolist()]
    parts = saved.part_of(crystals.ids)
    with workers_on(scheduler) as workers:
        pairs = pairs_between(crystals, labels, parts, settings, judge, workers)
    return audit_split(dataset, saved, keys, [(pair.first, pair.second) for pair in pairs])
