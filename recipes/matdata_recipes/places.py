"""Where sealed files of results lie: beside the package in a checkout, in an installed one."""

from __future__ import annotations

from pathlib import Path

from matdata.core.cache import cache_dir

_PACKAGE = Path(__file__).parent


def shipped(kind: str) -> Path:
    """The folder of files that come with the package.

    Parameters
    ----------
    kind
        ``results`` or ``discoveries``.
    """
    inside = _PACKAGE / "recorded" / kind
    return inside if inside.is_dir() else _PACKAGE.parent / kind


def written(kind: str, cache: str | Path | None) -> Path:
    """The folder that new files go to: that of the checkout, or one of the cache."""
    own = _PACKAGE.parent / kind
    return own if shipped(kind) == own else cache_dir(cache) / "recipes" / kind


def all_of(kind: str, cache: str | Path | None) -> list[Path]:
    """Folders that files are read from, each once."""
    return list(dict.fromkeys([shipped(kind), written(kind, cache)]))
