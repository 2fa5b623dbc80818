"""A dataset that was opened at an address, whose features lie there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from matdata.datasets.dataset import Dataset
from matdata.features.feature import Feature

if TYPE_CHECKING:
    from matdata.sharing.shared_dataset import RemoteFeatures


class SharedDataset(Dataset):
    """A dataset of a shared folder; what is not in the cache of its features is read there.

    Parameters
    ----------
    folder
        Of the dataset, which was pulled.
    remote
        Opens its features.
    cache
        The cache that holds it.
    """

    def __init__(self, folder: Path, remote: RemoteFeatures, cache: Path) -> None:
        super().__init__(folder, cache)
        self._remote = remote

    def feature(self, spec: str, **settings: object) -> Feature:
        """A feature of the cache, or else of the shared folder, as `Dataset.feature`.

        Raises
        ------
        FeatureError
            If there is none.
        StoreError
            If the shared folder cannot be read.
        """
        return self._remote.opened(self, spec, settings)

    def bring(
        self, features: Mapping[str, Mapping[str, object]], report: Callable[[str], None]
    ) -> None:
        """Pull features that the cache lacks, as `DatasetFolder.bring`.

        Raises
        ------
        FeatureError
            If one is not there.
        StoreError
            If the shared folder cannot be read, or the disk is full.
        """
        self._remote.bring(self, features, report)
