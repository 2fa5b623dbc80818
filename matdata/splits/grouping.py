"""Assignment of whole groups to parts, as close to the requested sizes as the groups allow.

Groups are placed from the largest to the smallest. Each goes to one of the parts that still have
room for all of it, drawn by its own keyed number with weights equal to the parts' remaining room;
one that fits nowhere goes where most room is left. The weights matter: always choosing
the part with the most room would send all large groups to train and leave only small ones
for val and test, a test set that differs in kind from the training set. As small groups come
last, they fill what the large ones leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.errors import SplitError
from matdata.splits.columns import Ids, Labels
from matdata.splits.ranking import BITS, keyed_numbers

REST = ""  # the part of materials that counts leave out; may stay empty


@dataclass(frozen=True)
class Groups:
    """Materials by group.

    Attributes
    ----------
    names
        Label of each group, sorted.
    index : (n,) int64
        Group of each material.
    sizes : (g,) int64
        Materials in each group.
    n_unlabelled
        Materials without a label; each is a group of its own.
    """

    names: list[str]
    index: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    n_unlabelled: int

    @classmethod
    def of(cls, ids: Ids, labels: Labels) -> Groups:
        """Group materials by label; `ids` (n,) and `labels` (n) are aligned."""
        texts = [
            f"\x1e{id_}" if label is None else label
            for id_, label in zip(ids.tolist(), labels, strict=True)
        ]
        names, index = np.unique(np.array(texts, dtype=np.str_), return_inverse=True)
        index = index.reshape(-1).astype(np.int64)
        sizes = np.bincount(index, minlength=len(names)).astype(np.int64)
        return cls(names.tolist(), index, sizes, sum(label is None for label in labels))


def assign(groups: Groups, targets: Mapping[str, int], seed: int, purpose: str) -> Ids:
    """Part of each material, (n,); all materials of a group get the same one.

    Parameters
    ----------
    groups
        The materials by group.
    targets
        Part name to the requested number of materials, adding up to all materials. The part
        `REST` may stay empty, all others get at least one group.
    seed, purpose
        See `ranking.keyed_numbers`.

    Raises
    ------
    SplitError
        If there are fewer groups than parts.
    """
    required = [part for part in targets if part != REST]
    if len(groups.names) < len(required):
        group_sizes = ", ".join(f"{size}" for size in sorted(groups.sizes.tolist(), reverse=True))
        raise SplitError(
            f"{len(groups.names)} groups (of {group_sizes} materials) cannot fill "
            f"{len(required)} parts ({', '.join(required)}); a part would be empty",
            cause="the column groups nearly all materials together",
            next_step="group by a finer column (formula, chemsys), or request fewer parts",
        )
    numbers = keyed_numbers(groups.names, seed, purpose)
    order = np.lexsort((numbers, -groups.sizes)).tolist()
    room = dict(targets)
    empty = dict.fromkeys(required)
    part_of_group = [REST] * len(groups.names)
    for remaining, group in zip(range(len(order), 0, -1), order, strict=True):
        size = int(groups.sizes[group])
        allowed = empty if remaining <= len(empty) else room
        part_of_group[group] = _draw(allowed, room, size, int(numbers[group]))
        room[part_of_group[group]] -= size
        empty.pop(part_of_group[group], None)
    return np.array(part_of_group, dtype=np.str_)[groups.index]


def _draw(allowed: Mapping[str, object], room: Mapping[str, int], size: int, number: int) -> str:
    fitting = [part for part in allowed if room[part] >= size]
    if not fitting:
        return max(allowed, key=lambda part: room[part])
    # integers only, so that the draw is the same on every machine
    draw = number * sum(room[part] for part in fitting) >> BITS
    for part in fitting[:-1]:
        if draw < room[part]:
            return part
        draw -= room[part]
    return fitting[-1]


def group_notes(
    groups: Groups, targets: Mapping[str, int], names: Ids, by: tuple[str, ...]
) -> tuple[str, ...]:
    """Notes on the sizes obtained, the largest group, and materials without a label."""
    n = len(names)
    parts = [part for part in targets if part != REST]
    obtained = "/".join(str(int(np.sum(names == part))) for part in parts)
    requested = "/".join(str(targets[part]) for part in parts)
    column = "+".join(by)
    notes = [f"{len(groups.names)} groups by {column}: requested {requested}, obtained {obtained}"]
    largest = int(np.argmax(groups.sizes))
    size = int(groups.sizes[largest])
    smallest_target = min(targets[part] for part in parts)
    if size > smallest_target:
        label = groups.names[largest].replace("\x1f", "+").lstrip("\x1e")
        notes.append(
            f"the largest group, {label!r}, holds {size} of {n} materials: more than the "
            f"smallest part requested ({smallest_target}), so the ratios may be missed"
        )
    if groups.n_unlabelled:
        notes.append(
            f"{groups.n_unlabelled} of {n} materials have no {column}; "
            "each counts as a group of its own"
        )
    return tuple(notes)
