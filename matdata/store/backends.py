"""The storage formats behind one interface: `write(path, arrays)` and `Shard(path)`."""

from __future__ import annotations

from types import ModuleType

from matdata.core.errors import ConfigError, did_you_mean
from matdata.store import hdf5, zarrs

BACKENDS: dict[str, ModuleType] = {"zarr": zarrs, "hdf5": hdf5}


def backend(name: str) -> ModuleType:
    """The storage format called `name`.

    Raises
    ------
    ConfigError
        If there is no such format.
    """
    if name not in BACKENDS:
        raise ConfigError(
            f"unknown store {name!r}{did_you_mean(name, BACKENDS)}",
            next_step=f"choose one of: {', '.join(BACKENDS)}",
        )
    return BACKENDS[name]
