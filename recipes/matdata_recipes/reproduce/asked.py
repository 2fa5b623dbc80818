"""What is asked of an item, and refused before anything is carried out."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path

from matdata.plugin import ConfigError, SourceError
from matdata_recipes.presets import Preset
from matdata_recipes.reproduce.items import Item


def require_possible(item: Item) -> None:
    """Refuse what is a drawing, closed or not built.

    Raises
    ------
    ConfigError
        With the reason.
    """
    if not item.can_run:
        raise ConfigError(_impossible(item), next_step=_instead(item))


def chosen(item: Item, only: str) -> tuple[Preset, ...]:
    """The presets of an item whose names match.

    Raises
    ------
    ConfigError
        If there are none, or the item compares all of them and some are left out.
    """
    presets = tuple(one for one in item.presets if fnmatch.fnmatch(one.name, only))
    names = ", ".join(one.name for one in item.presets)
    if item.presets and not presets:
        raise ConfigError(
            f"no preset of {item.ref} is called {only!r}", next_step=f"presets: {names}"
        )
    if item.together and len(presets) < len(item.presets):
        raise ConfigError(f"{item.ref} compares {names}", next_step="leave out --only")
    return presets


def require_seeds(seeds: Sequence[int]) -> None:
    """Refuse seeds below 0, or given twice.

    Raises
    ------
    ConfigError
        If there is such a one.
    """
    if any(seed < 0 for seed in seeds) or len({*seeds}) < len(seeds):
        raise ConfigError(
            f"--seeds are {', '.join(map(str, seeds))}",
            next_step="give whole numbers from 0, each once: --seeds 0 1 2",
        )


def require_there(given: Sequence[Path]) -> None:
    """Refuse names of files and folders that are not there.

    Raises
    ------
    SourceError
        Of the first one.
    """
    gone = [path for path in given if not path.exists()]
    if gone:
        raise SourceError(
            f"there is no file or folder {gone[0]}", next_step="check what --from names"
        )


def _impossible(item: Item) -> str:
    if item.drawing:
        return f"{item.ref} is a drawing that shows no result"
    if item.closed:
        return f"{item.ref} cannot be made: {item.closed}"
    return f"{item.ref} is not built: {item.lacking or item.stand_in}"


def _instead(item: Item) -> str:
    return f"what stands in for it: {item.stand_in}" if item.stand_in else "--list has the others"
