"""Derivations in their order, checked against what they are given: targets, columns of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError
from matdata.evaluation.derive.base import Derivation, Rows
from matdata.evaluation.learnt import require_unlearnt
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.prediction_columns import require_distinct
from matdata.training.target import Target

Ids = npt.NDArray[np.str_]


def produced_by(
    steps: Sequence[Derivation], targets: Sequence[Target], dataset: DatasetFolder | None
) -> list[tuple[Target, ...]]:
    """What each step adds to the targets, and to those of the steps before it.

    Parameters
    ----------
    steps
        Derivations.
    targets
        What is predicted.
    dataset
        Whose table they may read; None for materials in memory.

    Raises
    ------
    ConfigError
        If one cannot be computed, a column is missing or holds true values of what is predicted,
        or targets would have one name.
    """
    predicted = targets = tuple(targets)
    produced = []
    for step in steps:
        _require_columns(step, predicted, dataset)
        new = tuple(step.produces(targets))
        names = [target.name for target in (*targets, *new)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(
                f"{step.spec} gives {', '.join(twice)}, which is predicted already",
                next_step="leave it out, or name what it derives differently",
            )
        produced.append(new)
        targets = (*targets, *new)
    require_distinct(targets)
    return produced


def rows_for(steps: Sequence[Derivation], ids: Ids, dataset: DatasetFolder | None) -> Rows:
    """Columns that steps read, for some materials of a dataset."""
    needed = {name for step in steps for name in step.needs}
    if not needed or dataset is None:
        return {}
    places = dataset.rows(ids).tolist()
    return {name: [dataset.columns[name][row] for row in places] for name in needed}


def _require_columns(
    step: Derivation, predicted: Sequence[Target], dataset: DatasetFolder | None
) -> None:
    for name in step.needs:
        if dataset is None:
            raise ConfigError(
                f"{step.spec} reads the column {name!r}, which materials in memory do not have",
                next_step="predict for a dataset that has it",
            )
        dataset.require_column(name, f" for {step.spec!r}", ConfigError)
        require_unlearnt(name, predicted, dataset.columns, f"{step.name} cannot read it")
