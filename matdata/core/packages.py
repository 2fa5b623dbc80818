"""Packages that some tasks alone need, and the extra of matdata that installs each.

The base installation opens, checks, splits and loads datasets. What builds, trains or draws stands
in extras of ``pyproject.toml``, and is imported when used, within `needed_for`.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from importlib import metadata

from matdata.core.errors import ConfigError

#: Extra by top-level module; a test compares it with ``pyproject.toml``.
EXTRA_OF = {
    **dict.fromkeys(("pymatgen", "ase", "gemmi", "moyopy", "spglib", "numba"), "chemistry"),
    **dict.fromkeys(("mp_api", "deltalake"), "mp"),
    "matminer": "matminer",
    "sklearn": "sklearn",
    "umap": "umap",
    "optuna": "sweep",
    **dict.fromkeys(("wandb", "mlflow", "tensorboard"), "track"),
    "matplotlib": "pictures",
    **dict.fromkeys(("torch", "safetensors"), "train"),
    "torch_geometric": "pyg",
    "lightning": "lightning",
    "lmdb": "aselmdb",
    "shtab": "completion",
    **dict.fromkeys(("distributed", "dask"), "dask"),
    **dict.fromkeys(
        ("fsspec", "s3fs", "gcsfs", "huggingface_hub", "paramiko", "aiohttp"), "remote"
    ),
}


class MissingPackageError(ConfigError, ImportError):
    """A package is not installed; the next step names the extra that installs it."""


@contextlib.contextmanager
def needed_for(task: str, otherwise: str = "") -> Iterator[None]:
    """Imports within need packages of an extra.

    Parameters
    ----------
    task
        What needs them, for the message ("reading CIF").
    otherwise
        What the user can do instead, after "or".

    Raises
    ------
    MissingPackageError
        If such a package is not installed.
    """
    try:
        yield
    except ImportError as error:
        missing = missing_package(error, task, otherwise)
        if missing is None:
            raise
        raise missing from error


def missing_package(
    error: BaseException, task: str = "this", otherwise: str = ""
) -> MissingPackageError | None:
    """The error that names the extra, if a package of one was not found; else None.

    A library that reports a missing one by an error of its own (fsspec) has that as the cause.
    """
    first = error if isinstance(error, ModuleNotFoundError) else error.__cause__
    if not isinstance(error, ImportError) or not isinstance(first, ModuleNotFoundError):
        return None
    package = (first.name or "").partition(".")[0]
    return _missing(package, task, otherwise) if package in EXTRA_OF else None


def require_package(package: str, task: str, otherwise: str = "") -> None:
    """Check that a package is installed, without importing it.

    Parameters
    ----------
    package
        A module of `EXTRA_OF`.
    task, otherwise
        As in `needed_for`.

    Raises
    ------
    MissingPackageError
        If it is not.
    """
    try:
        there = importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # hidden on purpose, as tests do
        there = False
    if not there:
        raise _missing(package, task, otherwise)


def need_torch() -> None:
    """Check that torch is installed, before what is slow.

    Raises
    ------
    MissingPackageError
        If it is not.
    """
    require_package("torch", "training and predicting")


def version_of(distribution: str) -> str | None:
    """Version of an installed distribution, None if it is not installed."""
    try:
        return metadata.version(distribution)
    except Exception:  # of damaged metadata, too
        return None


def install_command(extra: str) -> str:
    """The command that installs an extra of matdata."""
    return f'pip install "matdata[{extra}]"'


def _missing(package: str, task: str, otherwise: str) -> MissingPackageError:
    step = install_command(EXTRA_OF[package])
    return MissingPackageError(
        f"{package} is not installed; it is needed for {task}",
        next_step=f"{step}, or {otherwise}" if otherwise else step,
    )
