"""The split that came with the data: files of a folder named train, val and test."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.core.console import Console
from matdata.core.errors import SplitError
from matdata.core.part_names import GIVEN_SPLIT
from matdata.splits.saved import Saved, add_splits
from matdata.store.dataset_folder import DatasetFolder


def given_split(
    dataset: DatasetFolder, parts: Sequence[str], asked: str, console: Console
) -> Saved | None:
    """The split that came with the data, saved with the dataset; None if none came.

    Parameters
    ----------
    dataset
        The dataset; the column that its manifest names holds the part of each material.
    parts
        The parts that came with the data.
    asked
        The split that was asked for.
    console
        Receives the sizes of the parts, and a warning for each of which nothing is left.

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
    left = set(dataset.columns[column])
    lost = [part for part in dict.fromkeys(parts) if part not in left]
    try:
        saved = add_splits(dataset, "fixed", {"column": column}, console, GIVEN_SPLIT)[0]
    except SplitError as error:
        if asked == GIVEN_SPLIT and lost:
            raise _without_parts(error, lost, dataset) from error
        if asked == GIVEN_SPLIT:
            raise
        console.warn(f"the split `{GIVEN_SPLIT}` was not made: {error.what}")
        return None
    if lost:
        console.warn(f"the split `{GIVEN_SPLIT}` has no {' and no '.join(lost)}: {_NOTHING_LEFT}")
    return saved


_NOTHING_LEFT = "no record of these files is left"


def _without_parts(error: SplitError, lost: Sequence[str], dataset: DatasetFolder) -> SplitError:
    return SplitError(
        f"--split {GIVEN_SPLIT}: {error.what}",
        cause=f"{_NOTHING_LEFT}: {', '.join(lost)}",
        next_step=f"see the funnel and {dataset.folder / 'ledger.parquet'} for what took them out",
    )
