"""Splits saved with a dataset: made, saved under their names, and loaded."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from matdata.core.console import SILENT, Console
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import DamageError, SplitError, StoreError
from matdata.core.given import require_name
from matdata.core.settings import Settings
from matdata.splits import METHODS, make_splits
from matdata.splits.audit import Report, audit
from matdata.splits.base import Split
from matdata.splits.columns import aligned
from matdata.splits.io import from_table, metadata, to_table
from matdata.splits.names import slug
from matdata.splits.purpose import NEAR
from matdata.splits.ratios import canonical_text
from matdata.store.columns import STRUCTURE_COLUMNS
from matdata.store.damage import State
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.dataset_rows import DatasetRows

DEFAULT_RATIOS = "70/15/15"


class Saved(NamedTuple):
    """The name of a split, and whether it was built, repaired, or there already."""

    name: str
    state: State


def settings_known(method: str) -> list[str]:
    """Names of a method's settings.

    Raises
    ------
    SplitError
        If there is no such method, with the closest known one.
    """
    return [name for name, _, _ in METHODS.get(method).settings.describe()]


def settings_of_method(method: str, given: JsonMapping) -> Settings:
    """Settings of a method; those with ratios take 70/15/15 if none are given.

    Raises
    ------
    SplitError
        If there is no such method.
    ConfigError
        If a setting is unknown or has a wrong value.
    """
    asked = dict(given)
    if "ratios" in settings_known(method):
        asked["ratios"] = canonical_text(asked.get("ratios", DEFAULT_RATIOS))
    return METHODS.get(method).settings.from_mapping(asked)


def add_splits(
    dataset: DatasetFolder,
    method: str,
    settings: Mapping[str, object],
    console: Console = SILENT,
    name: str | None = None,
) -> list[Saved]:
    """Make the splits of a method and save them with the dataset.

    Parameters
    ----------
    dataset
        The dataset to split.
    method
        One of `matdata.splits.METHODS`.
    settings
        Settings of the method; methods with ratios take 70/15/15 if none are given.
    console
        Receives the sizes and notes of each split.
    name
        Name to save under instead of the method's name; several splits are numbered from 0.

    Returns
    -------
    list of Saved
        Names of the splits, folds in their order, and whether they were there already.

    Raises
    ------
    SplitError
        If the split is impossible, another one is saved under its name, or groups follow from the
        structure and some materials have none.
    ConfigError
        If a setting is unknown or has a wrong value.
    """
    return save_splits(dataset, computed_splits(dataset, method, settings), console, name)


def computed_splits(
    dataset: DatasetFolder,
    method: str,
    settings: Mapping[str, object],
    near_duplicates: Callable[[], NearGroups] | None = None,
) -> list[Split]:
    """The splits of a method, not saved; folds in their order.

    Parameters
    ----------
    dataset, method, settings
        As of `add_splits`.
    near_duplicates
        Finds the groups of near duplicates; called where they are grouped by.

    Raises
    ------
    SplitError, ConfigError
        As `add_splits`.
    """
    resolved = settings_of_method(method, settings)
    _require_known_groups(dataset, getattr(resolved, "by", ()))
    if near_duplicates is None or not groups_near_duplicates(dataset, resolved):
        return make_splits(method, dataset.ids, dataset.columns, resolved)
    groups = near_duplicates()
    table = ChainMap({NEAR: groups.labels}, cast("dict[str, Any]", dataset.columns))
    splits = make_splits(method, dataset.ids, table, resolved)
    return [replace(split, notes=(*split.notes, *groups.notes)) for split in splits]


class NearGroups(NamedTuple):
    """Groups of near duplicates: a label for each of n materials, and notes on the search."""

    labels: list[str]
    notes: tuple[str, ...]


def groups_near_duplicates(dataset: DatasetFolder, settings: Settings) -> bool:
    """Whether near duplicates are to be kept together, which no column of the dataset says."""
    return NEAR in getattr(settings, "by", ()) and NEAR not in dataset.columns


def _require_known_groups(dataset: DatasetFolder, by: Sequence[str]) -> None:
    """Refuse groups by structure where some materials have none.

    A material that is known by its formula may have any of the formula's structures: on its own
    it could be in test while its equal is in train.
    """
    bare = dataset.n_without_structure
    known = {NEAR, *dataset.columns}
    names = [name for name in by if name in (NEAR, *STRUCTURE_COLUMNS) and name in known]
    if names and bare:
        raise SplitError(
            f"{bare:,} of {len(dataset.ids):,} materials have no structure, and so no "
            f"{' and no '.join(names)} to group by",
            cause="they are known by their formula alone",
            next_step="group by formula or chemsys, or build a dataset of those with a structure "
            "(--filter 'n_sites > 0')",
        )


def save_splits(
    dataset: DatasetFolder,
    splits: list[Split],
    console: Console = SILENT,
    name: str | None = None,
) -> list[Saved]:
    """Save splits with a dataset, unless they are saved already; damaged ones are written again.

    Raises
    ------
    SplitError
        If one of the names belongs to a split with other members; then none is saved.
    StoreError
        If what is whole of a damaged one belongs to another split.
    """
    if name is not None:
        several = len(splits) > 1
        splits = [
            replace(split, name=slug(f"{name}-{k}" if several else name))
            for k, split in enumerate(splits)
        ]
    states = {split.name: _state(dataset, split, console) for split in splits}
    for split in splits:
        state = states[split.name]
        if state != "unchanged":  # another process may have just saved one of that name
            damaged = state == "repaired"
            note = dataset.save_split(split.name, to_table(split), metadata(split), damaged=damaged)
            _require_same(dataset, split, note)
        sizes = ", ".join(f"{part} {count:,}" for part, count in split.sizes.items())
        console.say(f"split {split.name}: {sizes}{'' if state == 'built' else f', {state}'}")
        for text in split.notes:
            console.say(f"  note: {text}")
    return [Saved(name, state) for name, state in states.items()]


def _state(dataset: DatasetFolder, split: Split, console: Console) -> State:
    """Whether a split is to be saved, is there, or is there and damaged."""
    if split.name not in dataset.split_names():
        return "built"
    try:
        _require_same(dataset, split, dataset.load_split(split.name)[1])
    except DamageError as error:
        console.warn(error.what)
        return "repaired"
    return "unchanged"


class HasSplits(Protocol):
    """What is read of a dataset to load its splits."""

    @property
    def ref(self) -> str:
        """Exact reference, or what messages call it."""

    def split_names(self) -> list[str]:
        """Names of the saved splits."""

    def load_split(self, name: str) -> tuple[dict[str, list[Any]], JsonObject]:
        """A saved split: its columns and its note."""


def load_split(dataset: HasSplits, name: str | None = None) -> Split:
    """A saved split; the only one if no name is given.

    Raises
    ------
    StoreError
        If there is no split of that name, it is damaged, or no name is given and there is not
        exactly one.
    ConfigError
        If it is no name.
    """
    if name is not None:
        require_name(name, "the split")
    names = dataset.split_names()
    if name is None and len(names) != 1:
        raise StoreError(
            f"{dataset.ref} has {len(names)} splits; a name is needed",
            next_step=f"saved splits: {', '.join(names) or 'none'}; `matdata split` makes one",
        )
    return from_table(*dataset.load_split(names[0] if name is None else name))


def unmatched_ids(dataset: DatasetFolder, split: Split) -> JsonObject:
    """What a published split and its dataset do not share, as JSON values.

    Returns
    -------
    dict
        `Split.unmatched`, and as ``in_no_part`` the materials that are in no part; empty for
        splits that were not published elsewhere.
    """
    if split.method != "fixed":
        return {}
    left = dataset.ids[split.part_of(dataset.ids) == ""].tolist()
    return {**split.unmatched, "in_no_part": left}


def audit_split(
    dataset: DatasetFolder,
    split: Split,
    keys: Sequence[str] | None = None,
    near_duplicates: Iterable[tuple[str, str]] | None = None,
) -> Report:
    """Audit a saved split: what its parts share.

    Parameters
    ----------
    dataset, split
        The split and its dataset.
    keys
        Columns that must exist; None for those of the default ones that do, and for what the
        split keeps apart.
    near_duplicates
        Pairs of ids, if near duplicates were searched for.

    Raises
    ------
    SplitError
        If a key is no column (with the closest known one).
    """
    if keys is not None:
        _, columns = aligned(dataset.ids, dataset.columns)
        for key in keys:
            columns.labels(key)
    report = audit(split, dataset.columns, keys, near_duplicates)
    if near_duplicates is None or not dataset.n_without_structure:
        return report
    missing = split.part_of(np.delete(dataset.ids, DatasetRows(dataset).rows_with_structure))
    unlabelled = {**report.unlabelled, "near_duplicate": int((missing != "").sum())}
    return replace(report, unlabelled=unlabelled)


def _require_same(dataset: DatasetFolder, split: Split, note: Mapping[str, object]) -> None:
    if note["digest"] != split.digest():
        raise SplitError(
            f"{dataset.ref} has a split {split.name!r} with other members",
            cause=f"it was made by {note['method']} with {note['settings']}",
            next_step="save this one under another name (`matdata split --name NAME`)",
        )
