"""Where artefacts live: the cache folder and its layout."""

from __future__ import annotations

import os
from pathlib import Path

from matdata.core.errors import StoreError
from matdata.core.given import path_of

ENV = "MATDATA_CACHE"
KINDS = ("snapshots", "datasets", "features", "runs")
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


def ensure_writable(cache: Path) -> None:
    """Create the cache folder and test that it can be written.

    Raises
    ------
    StoreError
        If it cannot be created or written.
    """
    probe = cache / f".probe-{os.getpid()}"
    try:
        for kind in KINDS:
            (cache / kind).mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"matdata")
        probe.unlink()
    except OSError as error:
        raise storage_error(error, cache) from error


def storage_error(error: OSError, path: Path) -> StoreError:
    """Convert an error of the operating system into a `StoreError` with a next step."""
    import errno

    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    reason = "no space is left" if full else (error.strerror or str(error))
    if full:
        step = (
            "free some space (`matdata list` shows what is kept), or choose another folder with "
            "--cache; the same command then continues from the last finished shard"
        )
    elif error.errno == errno.EISDIR:
        step = "name a file: there is a folder of that name, which was not changed"
    else:
        step = f"choose another folder with --cache DIR or ${ENV}"
    return StoreError(f"cannot write to {path}: {reason}", next_step=step)
