"""Which of the saved splits an export holds."""

from __future__ import annotations

import re

from matdata.core.digest import digest_json
from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.given import words
from matdata.splits.base import Split
from matdata.splits.saved import load_split
from matdata.store.dataset_folder import DatasetFolder

_NUMBERED = re.compile(r"-(fold)?\d+$")
FOLD = "fold"  # the setting of a split that is one of several folds


def splits_to_write(dataset: DatasetFolder, names: str | None) -> dict[str, Split]:
    """The splits of these names in order; without names the only one that is saved, if any is.

    Parameters
    ----------
    dataset
        The dataset.
    names
        Names of splits, or what the names of folds begin with, separated by commas.

    Raises
    ------
    ConfigError
        If several are saved and none is named, or there is none of a name.
    """
    saved = dataset.split_names()
    if names is None and len(saved) > 1:
        raise _several(saved, "the ones to write, separated by commas")
    asked = saved if names is None else words(names)
    return {k: v for name in asked for k, v in folds_to_write(dataset, name).items()}


def folds_to_write(dataset: DatasetFolder, name: str | None) -> dict[str, Split]:
    """The folds of a method by their names in order, or a single split.

    Parameters
    ----------
    dataset
        The dataset.
    name
        A split, or what the names of folds begin with; the only ones that are saved if None.

    Raises
    ------
    ConfigError
        If there are several, or none of that name.
    """
    saved = [load_split(dataset, one) for one in dataset.split_names()]
    families: dict[str, list[Split]] = {}
    for split in saved:
        families.setdefault(_made_by(split), []).append(split)
    named = {_common([one.name for one in family]): family for family in families.values()}
    if name is None and len(named) > 1:
        raise _several(list(named))
    known = {**{one.name: [one] for one in saved}, **named}
    if name is not None and name not in known:
        raise ConfigError(
            f"{dataset.ref} has no split or folds {name!r}{did_you_mean(name, known)}",
            next_step=f"saved: {', '.join(named) or 'none'}; `matdata split` makes one",
        )
    chosen = next(iter(named.values()), []) if name is None else known[name]
    return {one.name: one for one in sorted(chosen, key=_number)}


def _made_by(split: Split) -> str:
    """What all folds of one call of a method share."""
    settings = {key: value for key, value in split.settings.items() if key != FOLD}
    return digest_json([split.method, settings if FOLD in split.settings else split.name])


def _common(names: list[str]) -> str:
    """The name of folds without their numbers."""
    first = names[0]
    return first if len(names) == 1 else _NUMBERED.sub("", first) or first


def _number(split: Split) -> int:
    return int(split.settings.get(FOLD, 0))


def _several(names: list[str], what: str = "the one to write") -> ConfigError:
    return ConfigError(
        f"several splits are saved: {', '.join(names)}",
        next_step=f"name {what}: --split {names[0]}",
    )
