"""Builds that end with less than was asked for: the dataset is kept, and the command fails."""

from __future__ import annotations

from matdata.core.errors import IncompleteError, SplitError
from matdata.curate.funnel import defects
from matdata.store.dataset_folder import DatasetFolder

LOUD_SHARE = 0.5  # of records lost to defects, above which a build fails


def too_few(dataset: DatasetFolder) -> IncompleteError | None:
    """The error of a dataset that lost more than half of its records to reading or validity.

    Records that a filter, a limit or the removal of duplicates takes out do not count.
    """
    steps = dataset.funnel()
    lost = defects(steps)
    count, read = sum(lost.values()), steps[0]["entered"]
    if count <= LOUD_SHARE * read:
        return None
    reasons = ", ".join(f"{n:,} {why}" for why, n in lost.items())
    return IncompleteError(
        f"{count:,} OF {read:,} RECORDS WERE REJECTED ({reasons})",
        details=[f"the reasons, record by record, are in {dataset.folder / 'ledger.parquet'}"],
        next_step=f"mend these records or the columns named; {dataset.ref} is kept, and "
        "--allow-loss accepts it",
    )


def no_split(dataset: DatasetFolder, error: SplitError) -> IncompleteError:
    """The error of a dataset whose split was asked for and could not be made."""
    other = f"{error.next_step}; or: " if error.next_step else ""
    return IncompleteError(
        f"{dataset.ref} has no split as asked for: {error.what}",
        cause=error.cause,
        details=error.details,
        next_step=f"{other}the dataset is kept, and --allow-no-split accepts it without a split",
    )
