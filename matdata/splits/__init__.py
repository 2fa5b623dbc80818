"""Splits: material ids to train, val and test.

Every split is by material id, follows from its settings alone, and does not depend on the order
of rows. Each split method is one module with a `Method`; `make_splits` finds it by name.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy.typing as npt

from matdata.core.documents import JsonMapping
from matdata.core.errors import SplitError
from matdata.core.part_names import PARTS
from matdata.core.registry import Registry
from matdata.core.settings import Settings
from matdata.splits.audit import Overlap, Report, audit
from matdata.splits.base import Method, Split
from matdata.splits.columns import Columns, Ids
from matdata.splits.io import from_table, metadata, to_table
from matdata.splits.ratios import Ratios, canonical_text, parse_ratios

__all__ = [
    "METHODS",
    "PARTS",
    "Columns",
    "Ids",
    "Method",
    "Overlap",
    "Ratios",
    "Report",
    "Split",
    "audit",
    "from_table",
    "make_splits",
    "metadata",
    "parse_ratios",
    "to_table",
]

METHODS: Registry[Method] = Registry(
    "split method",
    "matdata.splits",
    {
        name: f"matdata.splits.{name}:METHOD"
        for name in (
            "element",
            "fixed",
            "group",
            "kfold",
            "matbench",
            "pairs",
            "random",
            "stable",
            "taata",
            "time",
        )
    },
    SplitError,
    base="matdata.splits.base:Method",
    classes=False,
)


def make_splits(
    method: str,
    ids: npt.ArrayLike,
    table: Mapping[str, object] | None = None,
    settings: Settings | JsonMapping | None = None,
) -> list[Split]:
    """Split materials by a named method.

    Parameters
    ----------
    method
        One of `METHODS`.
    ids : (n,) str
        Material ids, in any order.
    table
        The dataset's columns by name, each in the order of `ids`.
    settings
        The method's settings, or a mapping of them; ``ratios`` may be text, a
        sequence, or a mapping of part to share.

    Returns
    -------
    list of Split
        One split, or one per fold (or per element) for the methods that make several.

    Raises
    ------
    SplitError
        If the method is unknown or the split is impossible.
    ConfigError
        If a setting is unknown or has a wrong value.
    """
    split_method = METHODS.get(method)
    if not isinstance(settings, Settings):
        values = dict(settings or {})
        if "ratios" in values:
            values["ratios"] = canonical_text(values["ratios"])
        settings = split_method.settings.from_mapping(values)
    return split_method(ids, {} if table is None else table, settings)
