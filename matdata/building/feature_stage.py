"""The last stage of a build: features of a dataset that is there, alone or with other processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matdata.building.feature_inputs import require_structures
from matdata.building.feature_packages import require_packages_of
from matdata.building.options import BuildOptions
from matdata.building.report import print_feature
from matdata.core.cache import places
from matdata.core.console import SILENT, Console
from matdata.core.errors import ConfigError, FeatureError
from matdata.core.executors import Executor, Workers
from matdata.core.scheduler_names import check_scheduler
from matdata.features import featurizer as make_featurizer
from matdata.features.base import Featurizer
from matdata.features.building.dataset_inputs import require_inputs
from matdata.features.building.jobs import Job, in_passes
from matdata.features.building.runner import BuiltFeature, run_passes
from matdata.features.building.work import work
from matdata.store.catalogue import mark_used
from matdata.store.damage import require_whole
from matdata.store.dataset_folder import KIND as DATASET
from matdata.store.dataset_folder import DatasetFolder


def add_features(
    dataset: DatasetFolder,
    cache: Path,
    options: BuildOptions,
    console: Console = SILENT,
    executor: Executor | None = None,
) -> list[BuiltFeature]:
    """Compute features of a dataset that is there, or make again what is damaged of them.

    Raises
    ------
    MatdataError
        As `build`.
    """
    featurizers = requested_featurizers(options)
    check_scheduler(options.scheduler)
    require_whole(dataset.folder, DATASET)
    require_structures(featurizers, dataset.kind, dataset.ref, labelled=dataset.has_protostructures)
    with options.workers_on(console, executor) as workers:
        return compute_features(dataset, featurizers, cache, options, console, workers)


def share_features(
    dataset: DatasetFolder, cache: Path, options: BuildOptions, console: Console = SILENT
) -> list[BuiltFeature]:
    """Compute features of a dataset together with other processes that do the same.

    Raises
    ------
    MatdataError
        As `build`.
    """
    check_scheduler(options.scheduler)
    featurizers = requested_featurizers(options)
    require_whole(dataset.folder, DATASET)
    require_structures(featurizers, dataset.kind, dataset.ref, labelled=dataset.has_protostructures)
    jobs = [feature_job(dataset, one, cache, options) for one in featurizers]
    require_packages_of(jobs)
    with options.workers_on(console) as workers:
        shared = work(jobs, console, workers, options.lease_timeout)
    for done in shared:
        mark_used(done.folder)
        print_feature(done, dataset.manifest["rows"], console)
    return shared


def requested_featurizers(options: BuildOptions) -> list[Featurizer]:
    """The featurizers of a request, with their settings.

    Raises
    ------
    ConfigError
        If there are settings for a feature that is not asked for, or one is unknown.
    """
    families = {spec.partition(":")[0] for spec in options.features}
    for name in options.feature_settings:
        if name not in families and name not in options.features:
            raise ConfigError(
                f"settings for feature {name!r}, which is not asked for",
                next_step=f"features asked for: {', '.join(options.features) or 'none'}",
            )
    return [make_featurizer(spec, options.settings_of(spec)) for spec in options.features]


def feature_job(
    dataset: DatasetFolder, featurizer: Featurizer, cache: Path, options: BuildOptions
) -> Job:
    """What a feature of a dataset is computed from, and where it goes.

    Raises
    ------
    MatdataError
        If the dataset lacks what the feature is computed from.
    """
    _refuse_computed(dataset, featurizer)
    featurizer = featurizer.for_units(dataset.units)
    home, *others = (place / "features" / dataset.data_ref for place in places(cache))
    job = Job(
        featurizer,
        dataset,
        home,
        options.store,
        options.shard_rows,
        options.reuse,
        elsewhere=tuple(others),
    )
    require_inputs(job.rows, featurizer)
    return job


def _refuse_computed(dataset: DatasetFolder, featurizer: Featurizer) -> None:
    """Refuse columns that differ between versions which share their features."""
    read = featurizer.columns() if "columns" in featurizer.requires else ()
    computed = [name for name in read if name in dataset.computed_columns]
    if computed:
        raise FeatureError(
            f"{featurizer.spec} reads {', '.join(computed)}, which `matdata hull` computed",
            cause="features belong to the rows of a dataset, which all its versions with such "
            "columns share",
            next_step=f"export {dataset.ref} and build it anew: the column is a source's then",
        )


def compute_features(
    dataset: DatasetFolder,
    featurizers: Sequence[Featurizer],
    cache: Path,
    options: BuildOptions,
    console: Console,
    workers: Workers,
) -> list[BuiltFeature]:
    """Compute features of a dataset, or find them there; their names mean these from now on."""
    jobs = [feature_job(dataset, one, cache, options) for one in featurizers]
    require_packages_of(jobs)
    features: dict[Job, BuiltFeature] = {}
    for job, done in run_passes(in_passes(jobs), console, workers):
        mark_used(done.folder)
        print_feature(done, dataset.manifest["rows"], console)
        features[job] = done
    return [features[job] for job in jobs]
