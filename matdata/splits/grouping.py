"""Assignment of whole groups to parts, as close to the asked sizes as the groups allow.

Groups are placed from the largest to the smallest. Each goes to one of the parts that still have
room for all of it, drawn by its own keyed number with the parts' remaining room as weights; one
that fits nowhere goes where the most room is left. The weights matter: giving each group simply to
the part with the most room sends all large groups to train and leaves only small ones
for val and test, a test set of another kind than the training set. As small groups come
last, they fill what the large ones left.
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
        """Group materials by label; `ids` and `labels` are aligned."""
        texts = [
            f"\x1e{id_}" if label is None else label
            for id_, label in zip(ids.tolist(), labels, strict=True)
        ]
        names, index = np.unique(np.array(texts, dtype=np.str_), return_inverse=True)
        index = index.reshape(-1).astype(np.int64)
        sizes = np.bincount(index, minlength=len(names)).astype(np.int64)
        return cls(names.tolist(), index, sizes, sum(label is None for label in labels))


def assign(groups: Groups, targets: Mapping[str, int], seed: int, purpose: str) -> Ids:
    """Part of each material, (n,); all materials of a group share one.

    Parameters
    ----------
    groups
        The materials by group.
    targets
        Part name to the number of materials asked for, adding up to all materials. The part
        `REST` may stay empty, all others get at least one group.
    seed, purpose
        See `ranking.keyed_numbers`.

    Raises
    ------
    SplitError
        If there are fewer groups than parts.
    """
    needed = [part for part in targets if part != REST]
    if len(groups.names) < len(needed):
        reached = ", ".join(f"{size}" for size in sorted(groups.sizes.tolist(), reverse=True))
        raise SplitError(
            f"{len(groups.names)} groups (of {reached} materials) cannot fill "
            f"{len(needed)} parts ({', '.join(needed)}); a part would be empty",
            cause="the column groups nearly all materials together",
            next_step="group by a finer column (formula, chemsys), or ask for fewer parts",
        )
    numbers = keyed_numbers(groups.names, seed, purpose)
    order = np.lexsort((numbers, -groups.sizes)).tolist()
    room = dict(targets)
    empty = dict.fromkeys(needed)
    chosen = [REST] * len(groups.names)
    for left, group in zip(range(len(order), 0, -1), order, strict=True):
        size = int(groups.sizes[group])
        allowed = empty if left <= len(empty) else room
        chosen[group] = _draw(allowed, room, size, int(numbers[group]))
        room[chosen[group]] -= size
        empty.pop(chosen[group], None)
    return np.array(chosen, dtype=np.str_)[groups.index]


def _draw(allowed: Mapping[str, object], room: Mapping[str, int], size: int, number: int) -> str:
    fitting = [part for part in allowed if room[part] >= size]
    if not fitting:
        return max(allowed, key=lambda part: room[part])
    # whole numbers only, so that the draw is the same on every machine
    at = number * sum(room[part] for part in fitting) >> BITS
    for part in fitting[:-1]:
        if at < room[part]:
            return part
        at -= room[part]
    return fitting[-1]


def group_notes(
    groups: Groups, targets: Mapping[str, int], names: Ids, by: tuple[str, ...]
) -> tuple[str, ...]:
    """What was reached, the largest group, and materials that have no label."""
    n = len(names)
    parts = [part for part in targets if part != REST]
    reached = "/".join(str(int(np.sum(names == part))) for part in parts)
    asked = "/".join(str(targets[part]) for part in parts)
    column = "+".join(by)
    notes = [f"{len(groups.names)} groups by {column}: asked {asked}, reached {reached}"]
    largest = int(np.argmax(groups.sizes))
    size = int(groups.sizes[largest])
    smallest_target = min(targets[part] for part in parts)
    if size > smallest_target:
        label = groups.names[largest].replace("\x1f", "+").lstrip("\x1e")
        notes.append(
            f"the largest group, {label!r}, holds {size} of {n} materials: more than the "
            f"smallest part asked for ({smallest_target}), so the ratios may be missed"
        )
    if groups.n_unlabelled:
        notes.append(
            f"{groups.n_unlabelled} of {n} materials have no {column}; "
            "each counts as a group of its own"
        )
    return tuple(notes)
