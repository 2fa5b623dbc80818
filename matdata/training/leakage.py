"""Inputs that hold the target: refused by their columns, reported by their values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError
from matdata.core.expressions import parse_expression
from matdata.features.base import Featurizer
from matdata.training.target import Target, Task
from matdata.training.target_cells import cells_of

Float = npt.NDArray[np.float64]


def refuse_leakage(
    columns: Iterable[str],
    targets: Iterable[Target],
    inputs: Mapping[str, Featurizer],
    encodes: Collection[Task] = (),
) -> None:
    """Check that no input is a column that a target is, or is computed from, but for targets that
    the trainer encodes (`Trainer.encodes`).

    Raises
    ------
    ConfigError
        Naming input and target.
    """
    names = list(columns)
    others = [target for target in targets if target.task not in encodes]
    read = {target.name: parse_expression(target.source, names).columns() for target in others}
    for spec, featurizer in inputs.items():
        for name in featurizer.columns():
            for target, sources in read.items():
                if name in sources:
                    raise ConfigError(
                        f"the input {spec!r} is what the target {target!r} is computed from",
                        cause="a model that reads its own target learns nothing else",
                        next_step="leave out that input, or learn another target",
                    )


def leakage_notes(
    columns: Mapping[str, Sequence[Any]],
    targets: Iterable[Target],
    inputs: Mapping[str, Featurizer],
    rows: Sequence[int],
    encodes: Collection[Task] = (),
) -> list[str]:
    """Inputs whose column is equal to a target, or proportional to it, wherever both are known.

    A column that was rounded to fewer digits, or differs in one row, is not reported.

    Parameters
    ----------
    columns
        The table.
    targets, inputs
        Those of the run, inputs by spec.
    rows
        Rows of training and validation; no other is read.
    encodes
        Kinds of targets that the trainer encodes, of which nothing is said.
    """
    read = [(spec, name) for spec, featurizer in inputs.items() for name in featurizer.columns()]
    notes = []
    for target in targets if read else ():
        if target.task in encodes:
            continue
        truth = cells_of(columns, target, rows).cells
        for spec, name in read:
            relation = _relation([columns[name][row] for row in rows], truth)
            if relation:
                notes.append(
                    f"the input {spec!r} is {relation} the target {target.name!r} in all rows of "
                    "train and validation that have both: is it the target under another name?"
                )
    return notes


def _relation(cells: Sequence[object], truth: Sequence[object]) -> str:
    """``equal to``, ``proportional to``, or empty where a column is neither, or constant."""
    pairs = [(a, b) for a, b in zip(cells, truth, strict=True) if None not in (a, b)]
    first = pairs[0] if pairs else ()
    if all(pair == first for pair in pairs):
        return ""
    if all(a == b for a, b in pairs):
        return "equal to"
    if not all(isinstance(value, (int, float)) for pair in pairs for value in pair):
        return ""
    column, target = np.array(pairs, dtype=np.float64).T
    return "proportional to" if _proportional(column, target) else ""


def _proportional(column: Float, target: Float) -> bool:
    """Whether one is the other times a factor, but for the rounding of two operations."""
    place = int(np.argmax(np.abs(target)))
    if not column[place]:
        return False
    factor = target[place] / column[place]
    return bool(np.allclose(column * factor, target, rtol=4 * np.finfo(np.float64).eps, atol=0.0))
