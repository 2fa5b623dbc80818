"""Openings of test parts by what keeps no run: a command of a plugin that learns and scores."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from matdata.core.digest import digest_json
from matdata.evaluation.openings import Opening, record_opening
from matdata.splits.saved import load_split
from matdata.store.dataset_folder import DatasetFolder


def open_test_part(
    dataset: DatasetFolder, split: str, cache: Path, name: str, request: Mapping[str, object]
) -> tuple[str, bool]:
    """Record that true values of a test part are read, before they are.

    Parameters
    ----------
    dataset, split
        The dataset, and the name of a saved split of it.
    cache
        One's own cache, which the record is kept in, whatever place the dataset is read from.
    name
        What opens it, in place of a run's name.
    request
        All that was learnt with, as plain JSON values. It stands for the weights too, which are
        made anew and not kept: the same request is one opening, however often it is scored.

    Returns
    -------
    opened, first
        The time of the first opening by this request, and whether it is this one.

    Raises
    ------
    StoreError
        If there is no such split, or the record of openings is damaged or cannot be written.
    """
    saved = load_split(dataset, split)
    digest = digest_json({"name": name, "split": saved.digest(), "request": dict(request)})
    beside = cache / "datasets" / dataset.folder.parent.name / dataset.base_folder.name
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    opening = Opening(saved.name, saved.digest(), name, digest, digest, now)
    beside.parent.mkdir(parents=True, exist_ok=True)
    made, first = record_opening(beside, opening)
    return made.opened, first
