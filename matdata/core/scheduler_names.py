"""The names of schedulers that a user types (``--scheduler``), without what they need."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from matdata.core.errors import ConfigError, did_you_mean

#: What workers of this machine are.
WorkerKind: TypeAlias = Literal["thread", "process"]
#: Kinds of workers of this machine, by the name that a user types.
OWN: dict[str, WorkerKind] = {"threads": "thread", "processes": "process"}
DASK = "dask"
NAMES = (*OWN, DASK)
HELP = "threads, processes, dask (a cluster of this machine), or tcp://host:port of a scheduler"
_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s/:@]+):\d{1,5}")


def check_scheduler(name: str | None) -> None:
    """Refuse what is no scheduler, before anything is read.

    Raises
    ------
    ConfigError
        If it is no known name and no address.
    """
    if name is None or name in NAMES or _ADDRESS.fullmatch(name):
        return
    raise ConfigError(
        f"unknown scheduler {name!r}{did_you_mean(name, NAMES)}",
        next_step=f"choose {HELP}",
    )
