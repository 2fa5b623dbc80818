"""How rows are divided among Parquet files, so that each part of each split is some whole files.

No row is written twice: rows that are in the same part of every split that is written share files,
which are named after their part of the first one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import ConfigError
from matdata.core.part_names import PARTS
from matdata.datasets.exports.content import Exported

SHARD_ROWS = 100_000
MOST_GROUPS = 1_000  # rows that are in the same parts of all splits, of which each takes a file
#: What the parts are called there.
CALLED = {"train": "train", "val": "validation", "test": "test"}
DEFAULT = "default"  # what a configuration is called there if there is one
_NONE = len(PARTS)  # code of a row in no part


class PartFiles(NamedTuple):
    """A part of a split there.

    Attributes
    ----------
    rows
        Number of its rows.
    paths
        Its files, or a pattern of them.
    """

    rows: int
    paths: list[str]


#: By configuration its parts, by what they are called there.
Configs = dict[str, dict[str, PartFiles]]


@dataclass(frozen=True)
class Group:
    """Rows that are in the same part of every split.

    Attributes
    ----------
    parts
        Its part of each split, by name; ``""`` for none.
    size
        Number of rows.
    names
        Its files, in order, of `SHARD_ROWS` rows each.
    """

    parts: tuple[str, ...]
    size: int
    names: list[str]


@dataclass(frozen=True)
class Division:
    """Rows by group.

    Attributes
    ----------
    groups
        The groups that are written.
    group_of : (n,) int64
        Group of each row; -1 for one that is left out.
    """

    groups: list[Group]
    group_of: npt.NDArray[np.int64]


def divided(content: Exported) -> Division:
    """The files of an export.

    Raises
    ------
    ConfigError
        If a row has no part in the first split and one in another, or the splits together divide
        the rows among more than `MOST_GROUPS` files.
    """
    splits = list(content.folds.values())
    if not splits:
        rows = np.zeros(len(content), np.int64)
        return Division(_named([(("train",), len(content))]), rows)
    ids, codes = content.dataset.ids, {part: code for code, part in enumerate((*PARTS, ""))}
    parts = [np.vectorize(codes.get)(split.part_of(ids)) for split in splits]
    unique, group_of, sizes = np.unique(
        np.stack(parts, axis=1), axis=0, return_inverse=True, return_counts=True
    )
    if ((unique[:, 0] == _NONE) & (unique != _NONE).any(axis=1)).any():
        raise ConfigError(
            f"split {splits[0].name} leaves out materials that another split has",
            next_step="name the split that has them first; its parts are those of the files",
        )
    written = unique[:, 0] != _NONE
    if np.count_nonzero(written) > MOST_GROUPS:
        raise ConfigError(
            f"{len(splits)} splits divide the rows among {np.count_nonzero(written):,} files, as "
            f"no row is written twice; {MOST_GROUPS:,} at most are written",
            next_step="name fewer splits, or write each to a folder of its own",
        )
    names = (*PARTS, "")
    groups = [
        (tuple(names[code] for code in row.tolist()), int(size))
        for row, size in zip(unique[written], sizes[written], strict=True)
    ]
    place = np.where(written, np.cumsum(written) - 1, -1)
    return Division(_named(groups), place[group_of.reshape(-1)])


def _named(groups: list[tuple[tuple[str, ...], int]]) -> list[Group]:
    counts: dict[str, int] = {}
    shards = [-(-size // SHARD_ROWS) for _, size in groups]
    for (parts, _), count in zip(groups, shards, strict=True):
        counts[parts[0]] = counts.get(parts[0], 0) + count
    numbers = dict.fromkeys(counts, 0)
    named = []
    for (parts, size), count in zip(groups, shards, strict=True):
        first = parts[0]
        names = [
            f"{CALLED[first]}-{numbers[first] + shard:05d}-of-{counts[first]:05d}.parquet"
            for shard in range(count)
        ]
        numbers[first] += count
        named.append(Group(parts, size, names))
    return named


def configs_of(content: Exported, division: Division) -> Configs:
    """The configurations of the folder: one for each split, the first one the default."""
    if len(content.folds) < 2:
        counts = _counts(division, 0)
        return {DEFAULT: {one: PartFiles(n, [f"data/{one}-*"]) for one, (n, _) in counts.items()}}
    return {
        name: {one: PartFiles(*counted) for one, counted in _counts(division, place).items()}
        for place, name in enumerate(content.folds)
    }


def _counts(division: Division, place: int) -> dict[str, tuple[int, list[str]]]:
    """Rows and files of each part of one split."""
    found: dict[str, tuple[int, list[str]]] = {}
    for part in PARTS:
        groups = [one for one in division.groups if one.parts[place] == part]
        if groups:
            paths = [f"data/{name}" for one in groups for name in one.names]
            found[CALLED[part]] = sum(one.size for one in groups), paths
    return found


def as_json(configs: Configs) -> JsonObject:
    """Configurations as JSON values."""
    return {
        name: {part: [one.rows, one.paths] for part, one in parts.items()}
        for name, parts in configs.items()
    }


def from_json(configs: JsonMapping) -> Configs:
    """What `as_json` returned."""
    return {
        name: {part: PartFiles(int(rows), list(paths)) for part, (rows, paths) in parts.items()}
        for name, parts in configs.items()
    }
