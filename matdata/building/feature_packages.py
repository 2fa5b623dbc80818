"""Refuses features that cannot be computed on this machine, before anything is computed.

A feature that is there already needs none of the packages that compute it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from matdata.core.cache import places
from matdata.core.packages import EXTRA_OF, require_package
from matdata.features.base import Featurizer
from matdata.features.building.jobs import Job
from matdata.store.feature_catalogue import of_feature


def require_packages_of(jobs: Iterable[Job]) -> None:
    """Check that the packages of all features are installed that are not there already.

    Raises
    ------
    MissingPackageError
        If one is not.
    """
    for job in jobs:
        if not any((home / job.name()).is_dir() for home in (job.home, *job.elsewhere)):
            _require(job.featurizer)


def require_packages_unless_built(featurizers: Iterable[Featurizer], cache: Path) -> None:
    """Check the packages of features of a dataset that is not known yet.

    A feature of the same name, of any dataset, may be the one that is asked for: of those the
    packages are checked when the dataset is known, by `require_packages_of`.

    Raises
    ------
    MissingPackageError
        If one is not installed.
    """
    folders = [folder for place in places(cache) for folder in place.glob("features/*/*")]
    for one in featurizers:
        if not any(of_feature(folder, one.spec) for folder in folders):
            _require(one)


def _require(featurizer: Featurizer) -> None:
    for package in featurizer.packages:
        if package in EXTRA_OF:
            require_package(package, f"the feature {featurizer.spec}")
