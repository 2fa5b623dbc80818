"""What a build says of a dataset that it curated."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.console import Console
from matdata.curate.curate import DUPLICATE_REASONS
from matdata.curate.funnel import render
from matdata.dataset import DatasetFolder
from matdata.ledger import Reject, count_reasons

LOUD_SHARE = 0.5  # of records lost to defects, above which a build warns


def defects(rejects: Sequence[Reject]) -> dict[str, int]:
    """Rejects by reason, without those that another record stands for."""
    return count_reasons(r.reason for r in rejects if r.reason not in DUPLICATE_REASONS)


def tell(dataset: DatasetFolder, console: Console) -> None:
    """Say how many materials are left, where the others went, and warn when most were lost."""
    manifest = dataset.manifest
    console.say(f"{dataset.ref}: {manifest['rows']:,} materials")
    if manifest["note"]:
        console.say(f"  note: {manifest['note']}")
    for line in render(dataset.funnel()):
        console.say(line)
    if manifest["dedupe"] == "none" and manifest["energy_column"] is None:
        console.say("  duplicates kept: no energy column is known (name one with --energy COLUMN)")
    lost = sum(defects(dataset.rejects()).values())
    read = dataset.funnel()[0]["entered"]
    if lost > LOUD_SHARE * read:
        reasons = ", ".join(f"{n:,} {why}" for why, n in defects(dataset.rejects()).items())
        console.warn(
            f"{lost:,} OF {read:,} RECORDS WERE REJECTED ({reasons}); the reasons, record by "
            f"record, are in {dataset.folder / 'ledger.parquet'}"
        )
