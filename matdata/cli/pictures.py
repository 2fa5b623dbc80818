"""What a command prints of the pictures that it wrote."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from matdata.core.console import Console
from matdata.core.documents import JsonObject
from matdata.core.errors import MatdataError

if TYPE_CHECKING:
    from matdata.evaluation.pictures import Drawn


def document_of(drawn: Drawn) -> JsonObject:
    """Paths of the pictures, and why others are not there."""
    return {
        "pictures": [str(path) for path in drawn.written],
        "pictures_failed": {str(path): str(error) for path, error in drawn.failed.items()},
    }


def report(drawn: Drawn, console: Console, given: argparse.Namespace) -> None:
    """Print where the pictures are, and warn of those that were not drawn.

    Raises
    ------
    Exception
        With ``--debug`` what the first of these failed with.
    """
    if drawn.written and not given.json:
        console.say(f"pictures in {drawn.written[-1].parent}")
    for path, error in drawn.failed.items():
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, MatdataError):
            reason = error.what
        console.warn(f"{path.name} was not drawn: {reason}")
        if given.debug:
            raise error
