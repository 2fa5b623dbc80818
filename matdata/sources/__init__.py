"""Sources: files, the embedded sample, and the databases."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matdata.core.errors import SourceError, did_you_mean
from matdata.core.given import path_of, require_given
from matdata.core.redaction import keep_environment
from matdata.core.registry import Registry

if TYPE_CHECKING:
    from matdata.sources.base import Request, Source

SOURCES: Registry[Any] = Registry(
    "source",
    "matdata.sources",
    {
        "files": "matdata.sources.files:Files",
        "jarvis": "matdata.sources.jarvis:Jarvis",
        "matminer": "matdata.sources.matminer_data:MatminerData",
        "mp": "matdata.sources.mp:MaterialsProject",
        "optimade": "matdata.sources.optimade:Optimade",
        "reactions": "matdata.sources.reactions:Reactions",
        "sample": "matdata.sources.sample:Sample",
        "substitute": "matdata.sources.substitute:Substitutions",
        "url": "matdata.sources.url:Url",
    },
    SourceError,
    base="matdata.sources.base:Source",
)
#: A web address, which stands for ``url:ADDRESS``.
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def find_source(text: str, request: Request) -> Source:
    """The source that a user names: ``sample``, ``mp``, ``source:argument``, a path, or an address.

    Raises
    ------
    SourceError
        If there is no such source and no such path.
    ConfigError
        If the text is empty or not a valid path.
    """
    keep_environment()
    require_given(text, "the source")
    name, _, argument = text.partition(":")
    if _ADDRESS.match(text):
        name, argument = "url", text
    saved = _saved(name if name in SOURCES else "files", text, request)
    if saved is not None:
        return saved
    if name in SOURCES and (name == "url" or not (name == text and Path(text).exists())):
        return _make(name, replace(request, argument=argument))
    path = path_of(text, "the source")
    if path.exists() or "/" in text or "." in text:
        return _make("files", replace(request, argument=text))
    available = SOURCES.names()
    raise SourceError(
        f"unknown source {text!r}{did_you_mean(name, available)}",
        next_step=f"available sources: {', '.join(available)}, or a path to a file or folder",
    )


def _saved(name: str, text: str, request: Request) -> Source | None:
    """A stored snapshot, or a file that holds one, if one is requested."""
    from matdata.core.cache import cache_dir
    from matdata.sources.kept import Kept
    from matdata.sources.replay import Replay, is_replay
    from matdata.sources.snapshot import kept_snapshot

    if request.snapshot is not None:
        return Kept(kept_snapshot(request.cache or cache_dir(), name, request.snapshot))
    named = _ADDRESS.match(text) or text.partition(":")[0] in SOURCES
    local_path = Path(text) if named else path_of(text, "the source")
    path = request.file or local_path
    if not is_replay(path):
        return None
    replay = Replay.make(replace(request, file=path))
    made_by = replay.origin().source
    if request.file is not None and made_by != name:
        raise SourceError(
            f"{path} was saved from the source {made_by}, not {name}",
            next_step=f"matdata build {made_by} --from {path}",
        )
    return replay


def _make(name: str, request: Request) -> Source:
    kind = SOURCES.get(name)
    queries = [query for query, _, _ in kind.Query.describe()]
    for key in request.query:
        if key not in queries:
            takes = ", ".join(f"--query {one}=…" for one in queries)
            raise SourceError(
                f"the source {name} takes no --{key}{did_you_mean(key, queries)}",
                next_step=f"it takes: {takes or 'none'}",
            )
    if request.options.initial is not None and name != "files":
        raise SourceError(
            f"the source {name} has its own structures, and --initial is for those of a file",
            next_step="leave --initial out",
        )
    if request.file is not None and kind.raw_reader:
        module, _, name = kind.raw_reader.partition(":")
        kind = getattr(importlib.import_module(module), name)
    elif request.file is not None and not kind.takes_file:
        raise SourceError(
            f"the source {name} cannot be read from a file (--from {request.file})",
            next_step=f"build the file by its path: matdata build {request.file}",
        )
    source: Source = kind.make(request)
    return source
