"""Pictures as matplotlib figures, drawn from arrays: no dataset, no run, no pyplot.

Modules of this package import matplotlib; whoever uses them calls `require_matplotlib` first and
imports them when a picture is asked for.
"""

from __future__ import annotations

from matdata.core.errors import ConfigError


def require_matplotlib() -> None:
    """Check that matplotlib is there.

    Raises
    ------
    ConfigError
        If it is not installed, with the extra that brings it.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "pictures need matplotlib, which is not installed",
            cause=str(error),
            next_step="pip install 'matdata[pictures]'",
        ) from error
