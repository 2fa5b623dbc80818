"""Pictures as matplotlib figures, drawn from arrays: no dataset, no run, no pyplot.

Modules of this package import matplotlib; whoever uses them calls `require_matplotlib` first and
imports them when a picture is asked for.
"""

from __future__ import annotations

from matdata.core.packages import require_package


def require_matplotlib() -> None:
    """Check that matplotlib is there.

    Raises
    ------
    MissingPackageError
        If it is not installed, with the extra that brings it.
    """
    require_package("matplotlib", "pictures")
