"""The two sides of a comparison: datasets, or snapshots."""

from __future__ import annotations

from pathlib import Path

from matdata.core.errors import ConfigError
from matdata.core.given import require_name
from matdata.datasets.diff import Side
from matdata.datasets.snapshot_view import SnapshotView
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import DatasetFolder


def sides_of(
    cache: Path, before: DatasetFolder | str, after: DatasetFolder | str
) -> tuple[Side, Side]:
    """Two datasets by reference, or two snapshots by ``source/version``.

    Raises
    ------
    ConfigError
        If one is a dataset and the other a snapshot, or one is no name.
    StoreError, SourceError
        If one is not there.
    """
    older, newer = _side(cache, before), _side(cache, after)
    if isinstance(older, SnapshotView) is not isinstance(newer, SnapshotView):
        raise ConfigError(
            f"{_name(before)} and {_name(after)}: one is a dataset and one a snapshot",
            next_step="name two of a kind; `matdata list` shows both",
        )
    return older, newer


def _name(side: DatasetFolder | str) -> str:
    return side.ref if isinstance(side, DatasetFolder) else side


def _side(cache: Path, side: DatasetFolder | str) -> Side:
    if isinstance(side, DatasetFolder):
        return side
    name = require_name(side, "a dataset or snapshot")
    return SnapshotView.find(cache, name) if "/" in name else find_dataset(cache, name)
