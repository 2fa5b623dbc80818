"""Composes the stages of a build: source, curate, split, featurize, store.

Each step is skipped when an artefact with the matching digest is there, and each hands the next
one its product; stages know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.building.axes import axes_of
from matdata.building.described import describe, said_by_user
from matdata.building.feature_inputs import feature_input, require_structures
from matdata.building.options import BuildOptions
from matdata.building.report import LOUD_SHARE, nothing_left, print_dataset, unexpected_in
from matdata.core.cache import ensure_writable
from matdata.core.console import SILENT, Console
from matdata.core.errors import (
    ConfigError,
    CurationError,
    SplitError,
)
from matdata.core.executors import Executor, Workers, enough_memory
from matdata.curate.coercion import numeric_columns
from matdata.curate.curate import Curated, Others, curate
from matdata.curate.records import Records
from matdata.curate.rows import kept_name
from matdata.curate.write import dataset_folder, write_dataset
from matdata.features import featurizer
from matdata.features.base import Featurizer
from matdata.features.runner import Job, run
from matdata.sources.base import Source
from matdata.sources.snapshot import Snapshot, take_snapshot
from matdata.splits.ratios import parse_ratios
from matdata.splits.saved import add_splits
from matdata.store.artefact import check_present
from matdata.store.backends import backend
from matdata.store.catalogue import check_name, clean_name, find_dataset, mark_used
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.manifest import is_committed, read_manifest
from matdata.store.said import SAID


@dataclass(frozen=True)
class Built:
    """What a build made, or found."""

    dataset: DatasetFolder
    snapshot: Snapshot
    split: str | None
    features: tuple[Path, ...]

    def summary(self) -> dict[str, Any]:
        """The result for machines."""
        manifests = [read_manifest(folder) for folder in self.features]
        return {
            "dataset": self.dataset.ref,
            "folder": str(self.dataset.folder),
            "rows": self.dataset.manifest["rows"],
            "without_structure": self.dataset.n_without_structure,
            "digest": self.dataset.digest,
            "snapshot": self.snapshot.folder.name,
            "funnel": self.dataset.funnel(),
            "unexpected_errors": unexpected_in(self.dataset.rejects()),
            "split": self.split,
            "features": [
                {
                    "feature": manifest["feature"],
                    "folder": str(folder),
                    "rows": manifest["rows"],
                    "rejected": manifest["rejected"],
                    "arrays_digest": manifest["arrays_digest"],
                }
                for manifest, folder in zip(manifests, self.features, strict=True)
            ],
        }


@enough_memory()
def build(
    source: Source,
    cache: Path,
    options: BuildOptions | None = None,
    console: Console = SILENT,
    executor: Executor | None = None,
) -> Built:
    """Build a dataset with its split and features; its tasks on an executor if one is given.

    Raises
    ------
    MatdataError
        If a name or setting is wrong (before anything is read), the source cannot be read, no
        record is usable, the cache cannot be written, or the executor fails.
    """
    options = options or BuildOptions()
    workers = options.workers_on(executor)
    backend(options.store)
    check_name(options.name)
    _check_split(options.split)
    made = _featurizers(options)
    ensure_writable(cache)
    snapshot = take_snapshot(source, cache, console, workers)
    require_structures(made, snapshot.origin["kind"], snapshot.origin["name"])
    dataset = make_dataset(snapshot, cache, options, console, workers)
    require_structures(made, dataset.kind, dataset.ref)
    split = _split_of(dataset, options, console)
    features = tuple(_add_feature(dataset, one, cache, options, console, workers) for one in made)
    return Built(dataset, snapshot, split, features)


def _check_split(split: str | None) -> None:
    if split not in (None, "auto"):
        parse_ratios(split)


def _split_of(dataset: DatasetFolder, options: BuildOptions, console: Console) -> str | None:
    if options.split is None:
        return None
    asked = {} if options.split == "auto" else {"ratios": options.split}
    groups = {"by": options.group_by} if options.group_by else {}
    settings: dict[str, Any] = {"seed": options.seed, **asked, **groups}
    try:
        return add_splits(dataset, "group" if groups else "random", settings, console)[0]
    except SplitError as error:
        if asked or groups:  # otherwise nobody did, and a handful of crystals needs no split
            raise
        console.warn(f"no split was made: {error.what}")
        return None


def add_features(
    dataset: DatasetFolder,
    cache: Path,
    options: BuildOptions,
    console: Console = SILENT,
    executor: Executor | None = None,
) -> list[Path]:
    """Compute features of a dataset that is there; returns their folders.

    Raises
    ------
    MatdataError
        As `build`.
    """
    workers = options.workers_on(executor)
    made = _featurizers(options)
    require_structures(made, dataset.kind, dataset.ref)
    return [_add_feature(dataset, one, cache, options, console, workers) for one in made]


def _featurizers(options: BuildOptions) -> list[Featurizer]:
    families = {spec.partition(":")[0] for spec in options.features}
    for name in options.feature_settings:
        if name not in families and name not in options.features:
            raise ConfigError(
                f"settings for feature {name!r}, which is not asked for",
                next_step=f"features asked for: {', '.join(options.features) or 'none'}",
            )
    return [featurizer(spec, options.settings_of(spec)) for spec in options.features]


def make_dataset(
    snapshot: Snapshot, cache: Path, options: BuildOptions, console: Console, workers: Workers
) -> DatasetFolder:
    """Curate a snapshot into a dataset, or return the one that is there.

    Raises
    ------
    CurationError
        If not one record is left.
    """
    origin = snapshot.origin
    name = options.name or clean_name(origin["name"])
    others = [find_dataset(cache, ref) for ref in options.drop_in]
    identity = {
        "snapshot": snapshot.digest,
        "curation": options.curation.identity(),
        "drop_in": [other.digest for other in others],
        "name": name,
        "format": 1,
    }
    axes = origin.get("axes", {})
    if axes or options.axis:
        identity |= {"axes": axes, "axis": list(options.axis)}
    said = said_by_user(origin, options)
    identity |= {SAID: said} if said else {}
    folder = dataset_folder(cache / "datasets" / name, origin["version"], identity)
    if not is_committed(folder):
        structures, table, rejects = snapshot.load()
        energy, per = origin["energy_column"], origin["energy_per"]
        table, odd = numeric_columns(table, [*origin["targets"], *([energy] if energy else [])])
        described = describe(origin, table, options)
        records = Records(structures, table, rejects, energy, per, described.units, origin["kind"])
        drop = _others(others, options.curation.drop_by)
        curated = curate(records, options.curation, drop, workers)
        if not curated.table["material_id"]:
            raise nothing_left(curated)
        about = {
            "name": name,
            "kind": curated.kind,
            "dedupe": curated.dedupe,
            "symmetry": curated.symmetry,
            "energy_column": energy,
            "targets": {
                name: described.units.get(name, "")
                for name in map(kept_name, origin["targets"])
                if name in curated.table
            },
            "note": "; ".join(one for one in (origin["note"], *odd, _bare(curated, origin)) if one),
            "licence": described.licence,
            "citation": described.citation,
            "description": described.description,
            "made_from": {
                "snapshot": f"{origin['source']}/{snapshot.folder.name}",
                "records_digest": snapshot.digest,
            },
        }
        axes = axes_of(curated.table, axes, options.axis)
        write_dataset(curated, folder, identity, about, described.units, axes, console)
    dataset = DatasetFolder(folder)
    check_present(folder, dataset.manifest)
    mark_used(folder)
    print_dataset(dataset, console)
    return dataset


def _bare(curated: Curated, origin: Mapping[str, Any]) -> str:
    """The note of a dataset of compositions from a source of structures."""
    bare = curated.kind == "composition" and origin["kind"] == "structure"
    return "no material has a structure: all are known by their formula" if bare else ""


def _others(datasets: Sequence[DatasetFolder], by: str) -> Others:
    keys = {str(key) for dataset in datasets for key in dataset.columns.get(by, []) if key}
    for dataset in datasets:
        if by not in dataset.columns:
            raise CurationError(
                f"{dataset.ref} has no column {by!r} to compare by",
                next_step="build it with symmetry, or compare by formula",
            )
    return Others(tuple(dataset.ref for dataset in datasets), frozenset(keys))


def _add_feature(
    dataset: DatasetFolder,
    made: Featurizer,
    cache: Path,
    options: BuildOptions,
    console: Console,
    workers: Workers,
) -> Path:
    """Compute a feature of a dataset, or find it there."""
    made = made.for_units(dataset.units)
    batch = feature_input(dataset, made)
    ref, digest = dataset.data_ref, dataset.data_digest
    home = cache / "features" / ref
    job = Job(made, batch, ref, digest, home, options.store, options.shard_rows)
    folder = run(job, console, workers)
    mark_used(folder)
    manifest = read_manifest(folder)
    lost = sum(manifest["rejected"].values())
    console.say(f"feature {manifest['feature']}: {manifest['rows']:,} materials ({folder.name})")
    if lost:
        reasons = ", ".join(f"{n:,} {why}" for why, n in manifest["rejected"].items())
        console.say(f"  {lost:,} without it: {reasons}")
    if lost > LOUD_SHARE * dataset.manifest["rows"]:
        console.warn(f"MORE THAN HALF OF THE MATERIALS HAVE NO {manifest['feature']}")
    return folder
