"""The split that came with the data: files of a folder named train, val and test."""

from __future__ import annotations

from matdata.core.console import Console
from matdata.core.errors import SplitError
from matdata.core.part_names import GIVEN_SPLIT
from matdata.splits.saved import Saved, add_splits
from matdata.store.dataset_folder import DatasetFolder


def given_split(dataset: DatasetFolder, asked: str, console: Console) -> Saved | None:
    """The split that came with the data, saved with the dataset; None if none came.

    Parameters
    ----------
    dataset
        The dataset; the column that its manifest names holds the part of each material.
    asked
        The split that was asked for.
    console
        Receives the sizes of the parts.

    Raises
    ------
    SplitError
        If it was asked for by name, and none came with the data or not two parts are left.
    """
    column = dataset.manifest.get("part_column")
    if column is None and asked == GIVEN_SPLIT:
        raise SplitError(
            f"--split {GIVEN_SPLIT}: no split came with the data",
            cause="the source is no folder of files named train, val and test",
            next_step="state ratios (--split 70/15/15), or a column with the parts: `matdata split "
            f"{dataset.ref} --method fixed --set column=NAME`",
        )
    if column is None:
        return None
    try:
        return add_splits(dataset, "fixed", {"column": column}, console, GIVEN_SPLIT)[0]
    except SplitError as error:
        if asked == GIVEN_SPLIT:
            raise
        console.warn(f"the split `{GIVEN_SPLIT}` was not made: {error.what}")
        return None
