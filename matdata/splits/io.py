"""Splits as plain columns and JSON values, for the code that writes and reads the files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from matdata.core.errors import SplitError
from matdata.splits.base import Split, parts_from_names

COLUMNS = ("material_id", "part")


def to_table(split: Split) -> dict[str, list[str]]:
    """Columns ``material_id`` and ``part``, sorted by id."""
    ids = np.concatenate(list(split.parts.values()))
    names = np.repeat(list(split.parts), list(split.sizes.values()))
    order = np.argsort(ids, kind="stable")
    return {"material_id": ids[order].tolist(), "part": names[order].tolist()}


def metadata(split: Split) -> dict[str, Any]:
    """All that the columns do not hold, as JSON values; its digest lets a reader check them."""
    return {
        "name": split.name,
        "method": split.method,
        "settings": split.settings,
        "notes": list(split.notes),
        "sizes": split.sizes,
        "digest": split.digest(),
        **({"unmatched": dict(split.unmatched)} if split.unmatched else {}),
    }


def from_table(table: Mapping[str, Any], meta: Mapping[str, Any]) -> Split:
    """Rebuild a split from the results of `to_table` and `metadata`.

    Raises
    ------
    SplitError
        If a column or an entry is missing, or the parts do not have the recorded digest.
    """
    missing = [name for name in COLUMNS if name not in table]
    missing += [name for name in ("name", "method", "settings") if name not in meta]
    if missing:
        raise SplitError(
            f"this is no stored split: {', '.join(missing)} missing",
            next_step="make the split again",
        )
    ids = np.asarray(table["material_id"], dtype=np.str_)
    names = np.asarray(table["part"], dtype=np.str_)
    parts = parts_from_names(ids, names)
    if len(ids) != sum(map(len, parts.values())):
        unknown = sorted(set(names.tolist()) - set(parts))
        raise SplitError(
            f"a stored split names unknown parts: {', '.join(unknown)}",
            next_step="make the split again",
        )
    split = Split(
        str(meta["name"]),
        str(meta["method"]),
        dict(meta["settings"]),
        parts,
        tuple(meta.get("notes", ())),
        dict(meta.get("unmatched", {})),
    )
    if meta.get("digest") not in (None, split.digest()):
        raise SplitError(
            f"split {split.name!r} has digest {split.digest()[:8]}; its metadata record "
            f"{str(meta['digest'])[:8]}",
            cause="the file was changed or damaged after it was written",
            next_step="make the split again",
        )
    return split
