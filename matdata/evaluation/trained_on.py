"""The split that a run was trained on, which must still be that split."""

from __future__ import annotations

from matdata.core.errors import TrainError
from matdata.splits.base import Split
from matdata.splits.saved import load_split
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.run import Run


def split_of(run: Run, dataset: DatasetFolder) -> Split:
    """The split of a run, of its dataset.

    Raises
    ------
    StoreError
        If it is not there, or damaged.
    TrainError
        If it has other members than when the run was trained, or the run was imported without one.
    """
    split = load_split(dataset, run.split["name"])
    if split.digest() != run.split["digest"]:
        raise TrainError(
            f"split {split.name!r} has other members than when run {run.name!r} was trained"
        )
    return split
