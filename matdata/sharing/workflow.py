"""``push``, ``pull`` and ``import`` from Python, as the commands of these names do it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matdata.core.cache import cache_dir, ensure_writable
from matdata.core.console import Console, python_console
from matdata.core.errors import ConfigError
from matdata.core.executors import default_workers
from matdata.core.given import path_of, words
from matdata.sharing.defaults import WORKERS
from matdata.sharing.references import ALL, NONE, Choice
from matdata.store.dataset_folder import DatasetFolder

if TYPE_CHECKING:
    from matdata.sharing.install import Pulled
    from matdata.sharing.push import Pushed


def push(
    ref: DatasetFolder | str,
    url: str | Path,
    *,
    features: str | Sequence[str] = NONE,
    splits: str | Sequence[str] = ALL,
    snapshot: bool = False,
    alone: bool = False,
    check: str = "new",
    workers: int = WORKERS,
    cache: str | Path | None = None,
) -> list[Pushed]:
    """Push artefacts to a folder, a server or an object store, as ``matdata push`` does.

    What is there already is not sent again, and a push that was stopped goes on where it was.

    Parameters
    ----------
    ref
        An open dataset, or ``NAME``, ``DATASET/features/FEATURE``, ``DATASET/splits/SPLIT``,
        ``runs/RUN``, ``snapshots/SOURCE/VERSION``. Of a feature its dataset is pushed with it, of
        a run its dataset, split and features.
    url
        ``s3://``, ``gs://``, ``hf://``, ``sftp://``, or a folder.
    features, splits
        Of a dataset which are pushed with it: names, ``all`` or ``none``.
    snapshot
        Push the records that the dataset was made from as well.
    alone
        Leave out what a feature, split or run needs.
    check
        What is compared with its digest where it arrived: ``new`` what was sent, ``all`` also what
        was there, of which damaged files are replaced; ``size`` compares sizes alone.
    workers
        Files that are sent at once.
    cache
        Cache folder; that of an open dataset if one is given.

    Returns
    -------
    list of Pushed
        What became of each artefact.

    Raises
    ------
    StoreError, FeatureError
        If something is not there or damaged, or the store fails for good.
    ConfigError
        If the reference, the address or an option is none.

    Examples
    --------
    >>> md.push("mine", "s3://lab/crystals", features="all")
    """
    console = python_console()
    choice = Choice(names_of(features), names_of(splits), snapshot, alone)
    home = getattr(ref, "cache", None) if cache is None else cache
    name = ref.ref if isinstance(ref, DatasetFolder) else ref
    return push_artefacts(name, url, choice, check, workers, cache_dir(home), console)


def push_artefacts(
    ref: str,
    url: str | Path,
    choice: Choice,
    check: str,
    workers: int,
    cache: Path,
    console: Console,
) -> list[Pushed]:
    """`push` as the command calls it."""
    from matdata.sharing.address import WEB, address_of
    from matdata.sharing.connecting import open_folder
    from matdata.sharing.push import push_all, require_check
    from matdata.sharing.references import in_cache

    way = require_check(check)
    _require_workers(workers)
    address = address_of(url)
    if address.scheme in WEB:
        raise ConfigError(
            f"{address} can be pulled from, and not pushed to",
            next_step="push to a folder, and let the web server serve it (docs/sharing.md)",
        )
    artefacts = in_cache(cache, ref, choice)
    return push_all(artefacts, open_folder(address), workers, way, console)


def pull(
    what: str | Path,
    *,
    features: str | Sequence[str] = NONE,
    splits: str | Sequence[str] = ALL,
    snapshot: bool = False,
    alone: bool = False,
    workers: int = WORKERS,
    cache: str | Path | None = None,
) -> list[Pulled]:
    """Pull artefacts that were pushed into the cache, as ``matdata pull`` does.

    Every file is compared with its digest; a pull that was stopped goes on where it was, and what
    is damaged in the cache is received again.

    Parameters
    ----------
    what
        The address or path of a shared folder, a slash and a reference as `push` takes it
        (``./shared/mine``); a reference alone is looked up in the folder that ``$MATDATA_REMOTE``
        names.
    features, splits, snapshot, alone
        As of `push`.
    workers
        Files that are received at once.
    cache
        Cache folder.

    Returns
    -------
    list of Pulled
        What became of each artefact.

    Raises
    ------
    StoreError, FeatureError
        If it is not there, damaged there, or the store fails for good.
    ConfigError
        If the address or an option is none.

    Examples
    --------
    >>> md.pull("s3://lab/crystals/mine", features="ofm")
    """
    choice = Choice(names_of(features), names_of(splits), snapshot, alone)
    return pull_artefacts(what, choice, workers, cache_dir(cache), python_console())


def pull_artefacts(
    what: str | Path, choice: Choice, workers: int, cache: Path, console: Console
) -> list[Pulled]:
    """`pull` as the command calls it."""
    from matdata.sharing.install import Transfer
    from matdata.sharing.locating import locate, only_dataset
    from matdata.sharing.pull import plan, pull_all
    from matdata.sharing.references import in_folder

    _require_workers(workers)
    folder, ref, _ = locate(what)
    keys = in_folder(folder, ref or only_dataset(folder), choice)
    planned = plan(folder, keys, alone=choice.alone)
    ensure_writable(cache)
    return pull_all(planned, Transfer(folder, cache, workers, console))


def import_(
    path: str | Path, *, workers: int = WORKERS, cache: str | Path | None = None
) -> list[Pulled]:
    """Take all that a pushed folder or an archive of one holds, as ``matdata import`` does.

    Parameters
    ----------
    path
        The folder, or a ``.zip``, ``.tar`` or ``.tar.gz``.
    workers
        Files that are read at once.
    cache
        Cache folder.

    Returns
    -------
    list of Pulled
        What became of each artefact.

    Raises
    ------
    StoreError
        If it holds anything that a push does not write, or what it says does not hold; nothing of
        it is left in the cache then.

    Examples
    --------
    >>> md.import_("mine.tar.gz")
    """
    return import_artefacts(path_of(path, "the path"), workers, cache_dir(cache), python_console())


def import_artefacts(path: Path, workers: int, cache: Path, console: Console) -> list[Pulled]:
    """`import_` as the command calls it."""
    from matdata.sharing.importing import import_all

    _require_workers(workers)
    return import_all(path, workers, cache, console)


def archive_artefacts(ref: str, output: Path, choice: Choice, cache: Path) -> int:
    """Write what `push` would push as an archive, which `import_` takes; returns the files in it.

    Raises
    ------
    StoreError, FeatureError
        If something is not there or damaged, or the archive cannot be written.
    ConfigError
        If the name is that of no archive, or the reference is none.
    """
    from matdata.sharing.archive import ending_of_archive
    from matdata.sharing.archive_writing import write_archive
    from matdata.sharing.references import in_cache

    ending_of_archive(output)
    return write_archive(in_cache(cache, ref, choice), output, default_workers())


def names_of(given: str | Sequence[str]) -> tuple[str, ...]:
    """Names that are given as a list, or as a text with commas."""
    return words(given) or (NONE,)


def _require_workers(workers: int) -> None:
    if workers < 1:
        raise ConfigError(f"--workers {workers}: expected at least 1")
