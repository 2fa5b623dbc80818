"""Where artefacts live: the cache folder and its layout, and second places to look for them."""

from __future__ import annotations

import functools
import os
import secrets
import warnings
from pathlib import Path

from matdata.core.errors import MatdataWarning, StoreError
from matdata.core.given import path_of

ENV = "MATDATA_CACHE"
ALSO = "MATDATA_CACHE_ALSO"
KINDS = ("snapshots", "datasets", "features", "references", "runs")
LEARNT = "learnt"  # by commands; see `matdata.store.learnt`
BLOCKS = "blocks"  # of features that are read from elsewhere
README = "README.md"  # a checkout's cache has one


def cache_dir(folder: str | Path | None = None) -> Path:
    """The cache folder: `given`, else ``$MATDATA_CACHE``, else a checkout's ``cache/``, else the
    user's cache folder.

    Raises
    ------
    ConfigError
        If `folder` or ``$MATDATA_CACHE`` is empty, not a valid path, or an address (``s3://…``).
    """
    if folder is not None:
        return path_of(folder, "the cache")
    if os.environ.get(ENV):
        return path_of(os.environ[ENV], f"${ENV}")
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "cache").is_dir():
        return checkout / "cache"
    import platformdirs

    return Path(platformdirs.user_cache_dir("matdata"))


def other_places(cache: Path) -> tuple[Path, ...]:
    """Caches of others that are read as well: the folders of ``$MATDATA_CACHE_ALSO``, in order.

    A folder that is missing is reported by a `MatdataWarning`, once, and left out.

    Parameters
    ----------
    cache
        One's own cache, which is none of them.

    Raises
    ------
    ConfigError
        If a folder is not a valid path.
    """
    folders = also_named()
    for folder in folders:
        _warn_if_missing(folder)
    own = cache.resolve() if folders else cache
    return tuple(folder for folder in folders if folder != own and _is_there(folder))


def places(cache: Path) -> tuple[Path, ...]:
    """Where artefacts are looked for: one's own cache first, then `other_places`."""
    return cache, *other_places(cache)


def also_named() -> tuple[Path, ...]:
    """The folders of ``$MATDATA_CACHE_ALSO``, whether or not they are there.

    Raises
    ------
    ConfigError
        If one is not a valid path.
    """
    return _also(os.environ.get(ALSO, ""))


@functools.lru_cache(maxsize=8)
def _also(text: str) -> tuple[Path, ...]:
    texts = dict.fromkeys(part for part in text.split(os.pathsep) if part.strip())
    return tuple(dict.fromkeys(path_of(one, f"${ALSO}").resolve() for one in texts))


def _is_there(folder: Path) -> bool:
    """Whether it is a folder; False where the user may not see it."""
    return os.path.isdir(folder)


@functools.cache
def _warn_if_missing(folder: Path) -> None:
    if not _is_there(folder):
        text = f"{folder} is not there, or no folder: ${ALSO} names it as a place to look for data"
        warnings.warn(text, MatdataWarning, stacklevel=2)


def require_own(path: Path) -> None:
    """Refuse to write into a cache of others.

    Raises
    ------
    StoreError
        If a path is below a folder of ``$MATDATA_CACHE_ALSO``.
    """
    folders = also_named()
    if folders and any(path.resolve().is_relative_to(folder) for folder in folders):
        raise StoreError(
            f"{path} is not written to: it lies in a place that ${ALSO} names",
            cause="such places are only read",
            next_step=f"write to your own cache (--cache DIR or ${ENV}); whoever keeps the shared "
            f"one works there without ${ALSO}",
        )


def ensure_writable(cache: Path) -> None:
    """Create the cache folder and test that it can be written.

    Raises
    ------
    StoreError
        If it cannot be created or written.
    """
    require_own(cache)
    probe = cache / f".probe-{os.getpid()}-{secrets.token_hex(4)}"  # threads share a process
    try:
        for kind in KINDS:
            (cache / kind).mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"matdata")
        probe.unlink()
    except OSError as error:
        raise storage_error(error, cache) from error


def storage_error(error: OSError, path: Path, *, named: bool = False) -> StoreError:
    """Convert an error of the operating system into a `StoreError` with a next step.

    Where the user named the file itself (`named`), another cache would not help.
    """
    import errno

    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    # the system's words for the number: Arrow's name the file beside it that is written first
    known = os.strerror(error.errno) if error.errno else error.strerror or str(error)
    reason = "no space is left" if full else known
    if full:
        step = (
            "free some space (`matdata list --size` shows what is kept, `matdata gc` removes what "
            "nobody needs), or choose another folder with --cache; the same command then "
            "continues from the last finished shard"
        )
    elif error.errno == errno.EISDIR:
        step = "name a file: there is a folder of that name, which was not changed"
    elif named:
        step = "name another place for it"
    else:
        step = f"choose another folder with --cache DIR or ${ENV}"
    return StoreError(f"cannot write to {path}: {reason}", next_step=step)
