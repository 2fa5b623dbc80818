"""Counts of a published split by id: what its file holds beside what the data have."""

from __future__ import annotations

import json
import math
from pathlib import Path

from matdata.api import Dataset
from matdata.core.console import Console
from matdata.splits.base import Split
from matdata.splits.published_text import read_text
from matdata_recipes.gathered import is_number
from matdata_recipes.plan import Cut, Figure

#: Files round their values to five digits.
TOLERANCE = 1e-3


def matched(name: str, split: Split, rows: int) -> list[Figure]:
    """Ids of a split: in the data, not in the data, in several parts; materials in no part."""
    here = sum(split.sizes.values())
    missing = len({i for own in split.unmatched.get("not_in_data", {}).values() for i in own})
    repeated = len(split.unmatched.get("repeated", {}))
    return [
        (f"in split {name}", here + missing, here),
        (f"ids of {name} not in the data", 0, missing),
        (f"ids of {name} in several parts", 0, repeated),
        (f"materials in no part of {name}", 0, rows - here),
    ]


def differing(cut: Cut, dataset: Dataset, console: Console) -> list[Figure]:
    """How many materials have another value than the file: then the data are another release."""
    if cut.column is None or cut.column not in dataset.columns:
        return []
    file = Path(cut.settings["file"])
    published = _values(file)
    own = zip(dataset.ids.tolist(), dataset.columns[cut.column], strict=True)
    pairs = [(value, published[i]) for i, value in own if i in published and is_number(value)]
    others = sum(not math.isclose(*pair, rel_tol=TOLERANCE, abs_tol=TOLERANCE) for pair in pairs)
    if others:
        console.warn(
            f"{others:,} of {len(pairs):,} values of {cut.column} are not those of {file.name}: "
            "errors on them do not belong beside those of the leaderboard"
        )
    return [(f"other values of {cut.column} than published", 0, others)]


def _values(path: Path) -> dict[str, float]:
    """Values beside the ids of a file that was read as a split before: numbers, or their text."""
    parts = [part for part in json.loads(read_text(path)[0]).values() if isinstance(part, dict)]
    cells = [(i, cell) for part in parts for i, cell in part.items()]
    return {i: float(cell) for i, cell in cells if isinstance(cell, (str, int, float))}
