"""What a user must know about the targets of a run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.expressions import TARGET_DOMAIN
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.target import Target
from matdata.training.target_cells import cells_of
from matdata.training.targets import is_class, shortened

Ids = npt.NDArray[np.str_]
#: What the classes of a target are called, where not that.
KINDS = {"multi_label": "labels", "sequence": "words"}
#: Whole numbers that look like classes differ at most so often.
MOST_WHOLE = 10


def class_notes(targets: tuple[Target, ...]) -> list[str]:
    """Which names are learnt as classes."""
    notes = []
    for target in targets:
        if target.classes:
            shown = ", ".join(map(shortened, target.labels[:10]))
            more = ", …" if len(target.labels) > 10 else ""
            kind = KINDS.get(target.task, "classes")
            count, beyond = len(target.labels), ""
            if target.task == "sequence":
                beyond = f" in up to {target.columns - 1} positions"
            notes.append(f"{target.name} is learnt as {count} {kind}{beyond}: {shown}{more}")
    return notes


def class_hints(dataset: DatasetFolder, targets: tuple[Target, ...], train: Ids) -> list[str]:
    """Which columns are learnt as numbers and look like classes."""
    rows = dataset.rows(train).tolist()
    hints = []
    for target in targets:
        if target.task != "regression" or target.shape:
            continue
        column = cells_of(dataset.columns, target, rows).cells
        cells = [float(cell) for cell in column if cell is not None]
        kinds = sorted(set(cells))
        few = len(kinds) <= MOST_WHOLE and 2 * len(kinds) <= len(cells)
        if len(kinds) < 2 or not few or not all(kind.is_integer() for kind in kinds):
            continue
        shown = ", ".join(f"{kind:.0f}" for kind in kinds)
        how = "--task classification learns them as classes"
        if not all(map(is_class, kinds)):
            how = "to learn them as classes write them as text, or as whole numbers from 0"
        hints.append(
            f"{target.name} holds {shown} alone and is learnt as a number, without probabilities; "
            f"{how}"
        )
    return hints


def domain_notes(dataset: DatasetFolder, targets: tuple[Target, ...], ids: Ids) -> list[str]:
    """How many materials have no target since a value lies outside a function's domain."""
    rows = dataset.rows(ids).tolist()
    computed = [target for target in targets if target.expression]  # a column has no domain
    counts = {t.name: sum(cells_of(dataset.columns, t, rows).outside) for t in computed}
    return [
        f"{count:,} materials of train and validation have no {name}: {TARGET_DOMAIN}"
        for name, count in counts.items()
        if count
    ]
