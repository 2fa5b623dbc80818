"""Datasets opened at an address: the dataset is pulled, its features are read where they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matdata.core.cache import BLOCKS, ensure_writable
from matdata.core.console import SILENT
from matdata.core.digest import digest_bytes
from matdata.core.errors import ConfigError, FeatureError
from matdata.features.feature import Feature, open_feature
from matdata.sharing.address import Address
from matdata.sharing.artefacts import SHARDS
from matdata.sharing.block_cache import BlockCache
from matdata.sharing.consistency import manifest_of, require_own
from matdata.sharing.defaults import WORKERS
from matdata.sharing.folder import SharedFolder
from matdata.sharing.install import Transfer, install_record
from matdata.sharing.locating import locate, only_dataset
from matdata.sharing.pull import plan, pull_all
from matdata.sharing.receive import receive_all
from matdata.sharing.record import FileRecord, Record
from matdata.sharing.references import Choice, in_folder, parse
from matdata.sharing.remote_file import BlockSource, RemoteFile
from matdata.sharing.shared_names import find_shared_feature
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.locks import LOCK, holding


class RemoteParts:
    """Opens the parts of an artefact of a shared folder.

    Parameters
    ----------
    source
        Where blocks come from.
    files
        The files of the artefact by name.
    """

    def __init__(self, source: BlockSource, files: Mapping[str, FileRecord]) -> None:
        self._source = source
        self._files = dict(files)

    def opened(self, part: str) -> Any:
        """A file of one part (HDF5), or what Zarr reads a folder from."""
        if part in self._files:
            return RemoteFile(self._source, self._files[part])
        inside = f"{part}/"
        files = {
            name.removeprefix(inside): one
            for name, one in self._files.items()
            if name.startswith(inside)
        }
        from matdata.sharing.zarr_files import zarr_store  # zarr, which HDF5 does not need

        return zarr_store({name: RemoteFile(self._source, one) for name, one in files.items()})


class RemoteFeatures:
    """The features of a dataset that lie in a shared folder.

    Parameters
    ----------
    address, folder
        Where they are.
    cache
        Where blocks of them are kept.
    """

    def __init__(self, address: Address, folder: SharedFolder, cache: Path) -> None:
        self._folder, self._cache = folder, cache
        self._source = BlockSource(address, BlockCache(cache))

    def opened(self, dataset: DatasetFolder, spec: str, settings: Mapping[str, object]) -> Feature:
        """A feature of a dataset: that of the cache, or else the one of the shared folder.

        Raises
        ------
        FeatureError
            If there is none, or several that match.
        """
        try:
            return open_feature(dataset, self._cache, spec, settings)
        except FeatureError:
            record = find_shared_feature(self._folder, dataset.data_ref, spec, settings)
        headers = self._headers(record)
        parts = RemoteParts(self._source, record.files)
        return Feature(
            headers, dataset.ids, dataset.data_digest, dict(settings), dataset.rejects, parts
        )

    def bring(
        self,
        dataset: DatasetFolder,
        features: Mapping[str, Mapping[str, object]],
        report: Callable[[str], None],
    ) -> None:
        """Pull features that the cache lacks.

        Parameters
        ----------
        dataset
            The dataset that they are of.
        features
            By spec the settings that they must have.
        report
            Called with a line for each feature that is pulled.

        Raises
        ------
        FeatureError
            If one is not there, or several match.
        StoreError
            If the shared folder cannot be read, or the disk is full.
        """
        for spec, settings in features.items():
            try:
                open_feature(dataset, self._cache, spec, settings)
                continue
            except FeatureError:
                record = find_shared_feature(self._folder, dataset.data_ref, spec, settings)
            require_own(
                record, manifest_of(record, self._folder), dataset.manifest, dataset.folder.name
            )
            report(f"pulling {spec} of {dataset.ref} from {self._folder.shown}")
            transfer = Transfer(self._folder, self._cache, WORKERS, SILENT)
            install_record(record, manifest_of(record, self._folder), transfer)

    def _headers(self, record: Record) -> Path:
        """A folder with all files of a feature but its shards, which are small."""
        digest = digest_bytes(record.to_bytes())
        folder = self._cache / BLOCKS / f".headers-{digest[:16]}"
        small = {name: one for name, one in record.files.items() if not name.startswith(SHARDS)}
        with holding(folder.with_name(f"{LOCK}headers-{digest[:16]}")):
            receive_all(small, self._folder, folder, folder, WORKERS, SILENT, record.key.ref)
        return folder


def open_shared(url: str | Path, cache: Path) -> tuple[Path, RemoteFeatures]:
    """Pull the dataset at an address, and open its features there.

    Parameters
    ----------
    url
        The address or path of a shared folder, a slash and the name of a dataset.
    cache
        Where the dataset goes.

    Returns
    -------
    folder
        Of the dataset in the cache.
    features
        What opens its features.

    Raises
    ------
    ConfigError
        If the address names something else than a dataset.
    StoreError
        If it is not there, or cannot be pulled.
    """
    folder, ref, address = locate(url)
    name = ref or only_dataset(folder)
    if parse(name).kind != "dataset":
        raise ConfigError(
            f"{name!r} is no dataset, which alone can be opened at an address",
            next_step="`matdata pull` pulls runs, splits and features",
        )
    ensure_writable(cache)
    transfer = Transfer(folder, cache, WORKERS, SILENT)
    pulled = pull_all(plan(folder, in_folder(folder, name, Choice())), transfer)
    (dataset,) = (one.folder for one in pulled if one.kind == "dataset")
    return dataset, RemoteFeatures(address, folder, cache)
