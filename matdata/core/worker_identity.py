"""What the bits of a result depend on beside the task: versions, and the features of a processor.

All workers of a command must agree in it with the process that gave the command. Otherwise equal
tasks give different bytes, and nobody can say which.
"""

from __future__ import annotations

import functools
import importlib
import os
import platform
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from matdata.core.errors import ConfigError
from matdata.core.packages import version_of

A = TypeVar("A")
B = TypeVar("B")

#: Distributions whose versions are compared.
DISTRIBUTIONS = (
    "matdata",
    "numpy",
    "numba",
    "llvmlite",
    "moyopy",
    "spglib",
    "gemmi",
    "pyarrow",
    "h5py",
    "zarr",
)
#: Variables with which a user makes processors equal.
NUMBA_CPU = "NUMBA_CPU_NAME"
NUMBA_FEATURES = "NUMBA_CPU_FEATURES"
GENERIC = "generic"


@functools.cache
def worker_identity() -> Mapping[str, str]:
    """Versions and processor features of this process, by what a message calls them."""
    versions = {name: package_version(name) for name in DISTRIBUTIONS}
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        **versions,
        "machine": platform.machine(),
        "processor for numba": _numba_target(),
        "processor for numpy": _numpy_features(),
    }


def package_version(distribution: str) -> str:
    """Version of a distribution, or that it is not installed."""
    return version_of(distribution) or "not installed"


def _numba_target() -> str:
    """The processor that kernels are compiled for, as numba chooses it."""
    name, features = os.environ.get(NUMBA_CPU), os.environ.get(NUMBA_FEATURES)
    try:
        from llvmlite import binding
    except ImportError:
        return "none"
    if features is None:
        host = binding.get_host_cpu_features() if name != GENERIC else {}
        features = ",".join(sorted(feature for feature, there in host.items() if there))
    return f"{name or binding.get_host_cpu_name()} {features}".strip()


def _numpy_features() -> str:
    """Features that numpy's loops are dispatched by, without ``NPY_DISABLE_CPU_FEATURES``."""
    umath = importlib.import_module("numpy._core._multiarray_umath")  # has no type stubs
    enabled, dispatched = umath.__cpu_features__, umath.__cpu_dispatch__
    return ",".join(feature for feature in dispatched if enabled.get(feature))


@dataclass(frozen=True)
class OnWorker(Generic[A, B]):
    """A function that refuses to run in a process that differs from the one that sent it.

    Attributes
    ----------
    function
        What to do.
    identity
        `worker_identity` where the command was given.
    """

    function: Callable[[A], B]
    identity: Mapping[str, str]

    @property
    def __name__(self) -> str:
        """Name of the function, as schedulers show it."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def __call__(self, task: A) -> B:
        """Check the process, and run the function.

        Raises
        ------
        ConfigError
            If the process differs.
        """
        require_same_worker(self.identity)
        return self.function(task)


def require_same_worker(expected: Mapping[str, str]) -> None:
    """Refuse this process if its results could differ from those of another one.

    Raises
    ------
    ConfigError
        If one of the facts differs, naming each.
    """
    own = worker_identity()
    names = [name for name in {**expected, **own} if own.get(name) != expected.get(name)]
    if not names:
        return
    differences = [_difference(name, expected.get(name, ""), own.get(name, "")) for name in names]
    processors = all(name.startswith("processor") for name in names)
    step = (
        f"choose workers with the same processor, or set {NUMBA_CPU}={GENERIC} and "
        "NPY_DISABLE_CPU_FEATURES alike for the command and all workers"
        if processors
        else "install the same versions everywhere, and start the workers again"
    )
    raise ConfigError(
        f"the worker on {socket.gethostname()} differs from where the command was given in "
        f"{', '.join(names)}",
        cause="its results could differ in the last bits",
        next_step=step,
        details=differences,
    )


def _difference(name: str, expected: str, own: str) -> str:
    """One line; of long lists of features what only one of the two has."""
    first, second = set(expected.replace(",", " ").split()), set(own.replace(",", " ").split())
    if len(first | second) <= 2:
        return f"{name}: {expected} for the command, {own} on the worker"
    only = {"the command": sorted(first - second), "the worker": sorted(second - first)}
    parts = [f"only {who} has {', '.join(what[:6])}" for who, what in only.items() if what]
    return f"{name}: {'; '.join(parts) or 'in another order'}"
