"""What a build says of a dataset that it curated."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.core.console import Console
from matdata.core.errors import CurationError
from matdata.core.ledger import UNEXPECTED, Reject, count_reasons
from matdata.curate.curate import DUPLICATE_REASONS, Curated
from matdata.curate.funnel import render
from matdata.store.dataset_folder import DatasetFolder

LOUD_SHARE = 0.5  # of records lost to defects, above which a build warns


def defects(rejects: Sequence[Reject]) -> dict[str, int]:
    """Rejects by reason, without those that another record stands for."""
    return count_reasons(r.reason for r in rejects if r.reason not in DUPLICATE_REASONS)


def unexpected_in(rejects: Sequence[Reject]) -> int:
    """Number of records that failed in a way that matdata does not know."""
    return sum(reject.reason == UNEXPECTED for reject in rejects)


def report_line(count: int) -> str:
    """What a user is asked to do about such records."""
    records = "1 record" if count == 1 else f"{count:,} records"
    return (
        f"{records} failed in a way matdata does not know: please report (--debug shows the "
        "traceback of the first)"
    )


def nothing_left(curated: Curated) -> CurationError:
    """The error of a build without a usable record, with the first three reasons."""
    lost = defects(curated.rejects)
    if curated.rejects and not lost:
        return _all_elsewhere(curated)
    reasons = ", ".join(f"{n:,} {why}" for why, n in lost.items())
    first = [reject for reject in curated.rejects if reject.reason in lost][:3]
    lines = [f"{reject.material_id}: {reject.message}" for reject in first]
    count = unexpected_in(curated.rejects)
    lines += [report_line(count)] if count else []
    return CurationError(
        f"not one of {curated.funnel.entered:,} records can be used: {reasons}",
        details=lines,
        next_step="look at these records in the source",
    )


def _all_elsewhere(curated: Curated) -> CurationError:
    """The error of a build whose records are all in datasets that are left out."""
    return CurationError(
        f"not one of {curated.funnel.entered:,} records is left: the datasets of --drop-in hold "
        "all of them already",
        next_step="leave out fewer datasets, or compare by another key (--drop-by)",
    )


def materials_in(dataset: DatasetFolder) -> str:
    """Number of materials, and of those without a structure where only some have one."""
    count, bare = f"{dataset.manifest['rows']:,} materials", dataset.n_without_structure
    return f"{count}, {bare:,} of them without a structure" if dataset.kind == "mixed" else count


def print_dataset(dataset: DatasetFolder, console: Console) -> None:
    """Print how many materials are left, where the others went, and warn when most were lost."""
    manifest = dataset.manifest
    console.say(f"{dataset.ref}: {materials_in(dataset)}")
    if manifest["note"]:
        console.say(f"  note: {manifest['note']}")
    for line in render(dataset.funnel()):
        console.say(line)
    if manifest["dedupe"] == "none" and manifest["energy_column"] is None:
        console.say("  duplicates kept: no energy column is known (name one with --energy COLUMN)")
    count = unexpected_in(dataset.rejects())
    if count:
        console.warn(report_line(count))
    lost = sum(defects(dataset.rejects()).values())
    read = dataset.funnel()[0]["entered"]
    if lost > LOUD_SHARE * read:
        reasons = ", ".join(f"{n:,} {why}" for why, n in defects(dataset.rejects()).items())
        console.warn(
            f"{lost:,} OF {read:,} RECORDS WERE REJECTED ({reasons}); the reasons, record by "
            f"record, are in {dataset.folder / 'ledger.parquet'}"
        )
