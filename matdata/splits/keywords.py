"""The options of `matdata.split` as type checkers and editors see them.

Their names and meanings are those of `matdata.splits.arguments`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypedDict

#: ``70/15/15``, (70, 15, 15), or shares by part.
Ratios: TypeAlias = str | Sequence[float] | Mapping[str, float]


class SplitKeywords(TypedDict, total=False):
    """How a dataset is split.

    Attributes
    ----------
    method
        ``random``, ``stable``, ``group``, ``kfold``, ``element``, ``taata``, ``time``,
        ``matbench`` or ``fixed``; ``group`` where `group_by` is given, else ``random``.
    group_by
        Columns whose groups are kept on one side; ``near_duplicate`` for groups of structures that
        are nearly equal (`matdata.curate.near_duplicates`).
    seed
        Seed of the draw.
    scheduler
        Where near duplicates are searched: ``threads``, ``processes``, ``dask``, or an address.
    name
        Name to save under, instead of the method's own.
    set
        Other settings of the method: ``{"k": 10}``.
    """

    method: str
    group_by: str | Sequence[str]
    seed: int
    scheduler: str | None
    name: str | None
    set: Mapping[str, Any]
