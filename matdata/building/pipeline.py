"""Composes the stages of a build: source, curate, split, featurize, store.

Each step is skipped when an artefact with the matching digest is there, and each hands the next
one its product; stages know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from matdata.building.dataset import make_dataset
from matdata.building.feature_inputs import require_structures
from matdata.building.feature_packages import require_packages_unless_built
from matdata.building.feature_stage import compute_features, requested_featurizers
from matdata.building.given_split import given_split
from matdata.building.options import BuildOptions
from matdata.building.report import unexpected_in
from matdata.building.shortfall import no_split, too_few
from matdata.core.console import SILENT, Console
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, SplitError
from matdata.core.executors import Executor, Workers, enough_memory
from matdata.core.part_names import GIVEN_SPLIT
from matdata.core.scheduler_names import check_scheduler
from matdata.curate.curated import SymmetryCounts
from matdata.features.base import Featurizer
from matdata.features.building.runner import BuiltFeature
from matdata.sources.base import Source
from matdata.sources.snapshot import Snapshot
from matdata.sources.taking import take_snapshot
from matdata.splits import METHODS
from matdata.splits.saved import Saved, add_splits, settings_of_method
from matdata.store.backends import backend
from matdata.store.catalogue import check_name, mark_used
from matdata.store.damage import State
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.manifest import read_manifest

PAIRS = "pairs"  # the method of datasets with both structures of each record


@dataclass(frozen=True)
class Built:
    """What a build made, or found.

    Attributes
    ----------
    dataset, snapshot, split, features
        The artefacts; no split where none was asked for.
    states
        Whether dataset and split were built, repaired, or there already.
    symmetry
        Of how many structures it was computed, and copied from older versions.
    """

    dataset: DatasetFolder
    snapshot: Snapshot
    split: str | None
    features: tuple[BuiltFeature, ...]
    states: Mapping[str, State]
    symmetry: SymmetryCounts

    @property
    def unchanged(self) -> bool:
        """Whether all of it was there already, and whole."""
        states = [*self.states.values(), self.snapshot.state, *(one.state for one in self.features)]
        return all(state == "unchanged" for state in states)

    def summary(self) -> JsonObject:
        """The result for machines."""
        manifests = [read_manifest(one.folder) for one in self.features]
        return {
            "unchanged": self.unchanged,
            "states": {**self.states, "snapshot": self.snapshot.state},
            "dataset": self.dataset.ref,
            "folder": str(self.dataset.folder),
            "rows": self.dataset.manifest["rows"],
            "without_structure": self.dataset.n_without_structure,
            "digest": self.dataset.digest,
            "snapshot": self.snapshot.folder.name,
            "funnel": self.dataset.funnel(),
            "unexpected_errors": unexpected_in(self.dataset.rejects()),
            "symmetry": self.symmetry._asdict(),
            "split": self.split,
            "features": [
                {
                    "feature": manifest["feature"],
                    "folder": str(one.folder),
                    "state": one.state,
                    "rows": manifest["rows"],
                    "rejected": manifest["rejected"],
                    "arrays_digest": manifest["arrays_digest"],
                    **one.counts._asdict(),
                }
                for manifest, one in zip(manifests, self.features, strict=True)
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
    IncompleteError
        If more than half of the records were lost to reading or validity, or the split that was
        asked for could not be made, and the options do not accept it. The dataset is kept.
    """
    options = options or BuildOptions()
    backend(options.store)
    check_name(options.name)
    request = _split_request(options)
    featurizers = requested_featurizers(options)
    check_scheduler(options.scheduler)
    require_packages_unless_built(featurizers, cache)
    with options.workers_on(console, executor) as workers:
        built = _run_stages(source, cache, options, featurizers, request, console, workers)
    loss = too_few(built.dataset)
    if loss is not None and not options.allow_loss:
        raise loss.of(built.summary())
    if loss is not None:
        console.warn(f"{loss.what}: accepted by --allow-loss")
    return built


def _run_stages(
    source: Source,
    cache: Path,
    options: BuildOptions,
    featurizers: Sequence[Featurizer],
    request: _SplitRequest | None,
    console: Console,
    workers: Workers,
) -> Built:
    snapshot = take_snapshot(source, cache, console, workers)
    origin = snapshot.origin
    labelled = origin.get("protostructure_column") is not None
    require_structures(featurizers, origin["kind"], origin["name"], labelled=labelled)
    dataset, state, symmetry = make_dataset(snapshot, cache, options, console, workers)
    mark_used(dataset.folder)
    require_structures(featurizers, dataset.kind, dataset.ref, labelled=dataset.has_protostructures)
    built = Built(dataset, snapshot, None, (), {"dataset": state}, symmetry)
    split = _split_of(built, request, options, console)
    states = built.states if split is None else {**built.states, "split": split.state}
    features = tuple(compute_features(dataset, featurizers, cache, options, console, workers))
    return replace(built, split=split and split.name, features=features, states=states)


class _SplitRequest(NamedTuple):
    """A split to be made, and whether somebody asked for it."""

    method: str
    settings: Mapping[str, object]
    by_name: bool


def _split_request(options: BuildOptions) -> _SplitRequest | None:
    """The split of a build; its settings are checked before anything is read."""
    if options.split is None:
        return None
    if options.split == GIVEN_SPLIT and options.group_by:
        raise ConfigError(
            f"--split {GIVEN_SPLIT} takes the split as it came; --group-by makes another one",
            next_step="leave out one of the two; `--split auto --group-by` keeps both splits",
        )
    if options.split == GIVEN_SPLIT:
        return _SplitRequest("fixed", {}, by_name=True)
    if options.split in METHODS:
        pairs = "; pairs of structures (--initial-col) are split as pairs without it"
        raise ConfigError(
            f"--split {options.split!r} is a method, and ratios are expected",
            next_step=f"build, then `matdata split DATASET --method {options.split}`"
            + (pairs if options.split == PAIRS else ""),
        )
    asked = {} if options.split == "auto" else {"ratios": options.split}
    groups = {"by": options.group_by} if options.group_by else {}
    settings: dict[str, object] = {"seed": options.seed, **asked, **groups}
    method = "group" if groups else "random"
    settings_of_method(method, settings)
    return _SplitRequest(method, settings, bool(asked or groups))


def _split_of(
    built: Built, request: _SplitRequest | None, options: BuildOptions, console: Console
) -> Saved | None:
    if request is None:
        return None
    try:
        parts = built.snapshot.origin["request"].get("parts", ())
        given = given_split(built.dataset, parts, options.split or "auto", console)
        if options.split == GIVEN_SPLIT or (given and not request.by_name):
            return given
        # of a pair one structure would be the answer of the other
        method = PAIRS if built.snapshot.origin.get("role_column") else request.method
        return add_splits(built.dataset, method, request.settings, console)[0]
    except SplitError as error:
        # not asked for: a handful of crystals needs no split
        if request.by_name and not options.allow_no_split:
            raise no_split(built.dataset, error).of(built.summary()) from error
        console.warn(f"no split was made: {error.what}")
        return None
