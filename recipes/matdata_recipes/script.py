"""What scripts print of an error: one message, and an exit code that is not zero."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

from matdata.core.errors import MatdataError

P = ParamSpec("P")


def printing_errors(main: Callable[P, int]) -> Callable[P, int]:
    """The same function, which prints a `MatdataError` and returns 1 where it would raise it."""

    @functools.wraps(main)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return main(*args, **kwargs)
        except MatdataError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1

    return guarded
