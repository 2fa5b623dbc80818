"""Sources: files, the embedded sample, and the databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matdata.errors import SourceError, did_you_mean
from matdata.registry import Registry

if TYPE_CHECKING:
    from matdata.sources.base import Request, Source

SOURCES: Registry[Any] = Registry(
    "source",
    "matdata.sources",
    {
        "files": "matdata.sources.files:Files",
        "mp": "matdata.sources.mp:MaterialsProject",
        "sample": "matdata.sources.sample:Sample",
    },
    SourceError,
)


def find_source(text: str, request: Request) -> Source:
    """The source that a user names: ``sample``, ``mp``, ``source:argument``, or a path.

    Raises
    ------
    SourceError
        If there is no such source and no such path.
    """
    name, _, argument = text.partition(":")
    if name in SOURCES and not (Path(text).exists() and name == text):
        made: Source = SOURCES.get(name).make(replace(request, argument=argument))
        return made
    path = Path(text).expanduser()
    if path.exists() or "/" in text or "." in text:
        files: Source = SOURCES.get("files").make(replace(request, argument=text))
        return files
    known = SOURCES.names()
    raise SourceError(
        f"unknown source {text!r}{did_you_mean(name, known)}",
        next_step=f"known sources: {', '.join(known)}, or a path to a file or folder",
    )
