"""What a build says of a dataset that it curated."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.core.console import Console
from matdata.core.errors import CurationError
from matdata.core.ledger import UNEXPECTED, Reject, count_reasons
from matdata.curate.curate import DUPLICATE_REASONS
from matdata.curate.curated import Curated, SymmetryCounts
from matdata.curate.funnel import render
from matdata.features.building.reused import Counts
from matdata.features.building.runner import BuiltFeature
from matdata.store.damage import State
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.manifest import read_manifest

LOUD_SHARE = 0.5  # of the materials without a feature, above which a build warns


def _reasons(rejects: Sequence[Reject]) -> dict[str, int]:
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
    lost = _reasons(curated.rejects)
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


def print_dataset(
    dataset: DatasetFolder, console: Console, state: State, symmetry: SymmetryCounts
) -> None:
    """Print how many materials are left, and where the others went."""
    manifest = dataset.manifest
    console.say(f"{dataset.ref}: {materials_in(dataset)}{after(state)}")
    if manifest["note"]:
        console.say(f"  note: {manifest['note']}")
    for line in render(dataset.funnel()):
        console.say(line)
    if symmetry.reused:
        console.say(f"  symmetry: {_computed_and_copied(symmetry)}")
    if manifest["dedupe"] == "none":
        known = "--dedupe polymorph keeps the lowest energy of each formula"
        unknown = "no energy column is known (name one with --energy COLUMN)"
        console.say(f"  duplicates kept: {unknown if manifest['energy_column'] is None else known}")
    count = unexpected_in(dataset.rejects())
    if count:
        console.warn(report_line(count))


def print_feature(feature: BuiltFeature, materials: int, console: Console) -> None:
    """Print how many of the materials have a feature, and why the others have none."""
    manifest = read_manifest(feature.folder)
    name, lost = manifest["feature"], sum(manifest["rejected"].values())
    count = f"{manifest['rows']:,} materials ({feature.folder.name})"
    console.say(f"feature {name}: {count}{after(feature.state)}")
    if feature.counts.reused:
        console.say(f"  {_computed_and_copied(feature.counts)}")
    if lost:
        reasons = ", ".join(f"{n:,} {why}" for why, n in manifest["rejected"].items())
        console.say(f"  {lost:,} without it: {reasons}")
    if lost > LOUD_SHARE * materials:
        console.warn(f"MORE THAN HALF OF THE MATERIALS HAVE NO {name}")


def _computed_and_copied(counts: Counts | SymmetryCounts) -> str:
    return f"{counts.computed:,} computed, {counts.reused:,} copied from older versions"


def after(state: State) -> str:
    """What is added to the line of an artefact that was not built now."""
    return "" if state == "built" else f", {state}"
