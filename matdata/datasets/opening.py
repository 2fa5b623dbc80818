"""Opening datasets by name; what is open already stays as it is."""

from __future__ import annotations

from pathlib import Path

from matdata.core.cache import cache_dir
from matdata.core.given import require_name
from matdata.datasets.dataset import Dataset
from matdata.datasets.shared import SharedDataset
from matdata.sharing.address import is_address
from matdata.store.catalogue import find_dataset


def open(ref: str | Path, cache: str | Path | None = None) -> Dataset:
    """Open a dataset.

    Parameters
    ----------
    ref
        ``name`` for the version that was built last (also one that was there already), or
        ``name@version-digest8``. After the address or path of a shared folder and a slash
        (``s3://lab/crystals/mine``, ``./shared/mine``) that dataset: it is pulled into the cache
        with its splits, and its features are read where they are, in blocks that are compared with
        their digests and kept in the cache up to ``$MATDATA_BLOCKS_GB`` gigabytes (10).
    cache
        Cache folder; ``$MATDATA_CACHE``, a checkout's ``cache/`` or the user's if not given.

    Raises
    ------
    StoreError
        If there is no such dataset, with those there are.
    ConfigError
        If it is no name.

    Examples
    --------
    >>> ds = md.open("mine")
    >>> ds["mp-149"].structure
    """
    home = cache_dir(cache)
    if is_address(ref):
        from matdata.sharing.shared_dataset import open_shared

        return SharedDataset(*open_shared(ref, home), home)
    return Dataset(find_dataset(home, require_name(ref, "the dataset")).folder, home)


def dataset_of(dataset: object, cache: str | Path | None = None) -> Dataset:
    """An open dataset, as it is or by its name.

    Raises
    ------
    StoreError, ConfigError
        As `open`.
    """
    return dataset if isinstance(dataset, Dataset) else open(dataset, cache)  # type: ignore[arg-type]
