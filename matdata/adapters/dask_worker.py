"""What a worker of a dask cluster of this machine does first: dask imports this by its name."""

from __future__ import annotations

from matdata.core.stopping import leave_to_parent


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C and SIGTERM, which reach all processes of a command, to the command."""
    leave_to_parent()
