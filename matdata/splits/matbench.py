"""Matbench's own folds, regenerated from the ids.

Matbench v0.1 (Dunn et al., npj Comput. Mater. 6, 138, 2020) cuts each task with scikit-learn's
``KFold(5, shuffle=True, random_state=18012019)`` in the order of rows, and the three
classification tasks with ``StratifiedKFold`` with the same arguments. Both draw from NumPy's
`RandomState`, whose stream is frozen (NEP 19), so the folds are made here without scikit-learn.
Row i of a task has the id ``mb-<task>-<i + 1, zero-padded>``: rows that curation dropped are known
from the ids, and the remaining ones keep their published folds.

Matbench leaves the inner validation to the user; 70/10/20 is the choice of L-G-DCNN (table 1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.errors import SplitError, did_you_mean, first_few
from matdata.core.settings import Settings, setting
from matdata.splits.base import Method, Split
from matdata.splits.columns import Columns, Ids, Labels
from matdata.splits.holdout import VAL_HELP, hold_out
from matdata.splits.names import split_name

SEED = 18012019
FOLDS = 5
#: Rows of each task, from the validation file of the matbench distribution (0.6).
ROWS = {
    "dielectric": 4764,
    "expt-gap": 4604,
    "expt-is-metal": 4921,
    "glass": 5680,
    "jdft2d": 636,
    "log-gvrh": 10987,
    "log-kvrh": 10987,
    "mp-e-form": 132752,
    "mp-gap": 106113,
    "mp-is-metal": 106113,
    "perovskites": 18928,
    "phonons": 1265,
    "steels": 312,
}
CLASSIFICATION = ("expt-is-metal", "glass", "mp-is-metal")
_ID = re.compile(r"mb-(?P<task>.+)-(?P<row>\d+)")
_Int = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MatbenchSettings(Settings):
    """Settings of Matbench's folds."""

    target: str | None = setting(None, "column of the class, for the classification tasks")
    seed: int = setting(0, "seed of the validation draw; the folds have their own", minimum=0)
    val_fraction: float = setting(0.1, VAL_HELP, minimum=0.0, maximum=0.7)


def matbench_split(ids: Ids, columns: Columns, settings: MatbenchSettings) -> list[Split]:
    """The five published folds of the task to which the ids belong.

    Raises
    ------
    SplitError
        If the ids are not those of one Matbench task, or a classification task has no target
        column or has lost rows (its folds depend on the classes of all rows).
    """
    task, rows = read_ids(ids)
    n = ROWS[task]
    notes: tuple[str, ...] = ()
    if len(ids) < n:
        notes = (f"{n - len(ids)} of the {n} rows of {task} are not in the data; folds unchanged",)
    if task in CLASSIFICATION:
        labels = _classes(task, ids, columns, settings)
        labels_by_row = [labels[i] for i in np.argsort(rows).tolist()]
        fold_of = stratified_folds(labels_by_row)
    else:
        fold_of = shuffled_folds(n)
    return [_fold(ids, fold_of[rows], fold, task, settings, notes) for fold in range(FOLDS)]


def read_ids(ids: Ids) -> tuple[str, _Int]:
    """The task to which `ids` (n,) belong, and the row (n,), from 0, of each.

    Raises
    ------
    SplitError
        If an id is not one of Matbench's, or ids belong to several tasks.
    """
    matches = [_ID.fullmatch(id_) for id_ in ids.tolist()]
    foreign = [id_ for id_, match in zip(ids.tolist(), matches, strict=True) if match is None]
    if foreign:
        raise _not_matbench(f"{len(foreign)} ids are not Matbench's: {first_few(foreign)}")
    tasks = sorted({match["task"] for match in matches if match})
    if len(tasks) > 1 or tasks[0] not in ROWS:
        hint = did_you_mean(tasks[0], ROWS) if len(tasks) == 1 else ""
        raise _not_matbench(f"ids of {', '.join(tasks)}; expected those of one task{hint}")
    rows = np.array([int(match["row"]) - 1 for match in matches if match], dtype=np.int64)
    outside = ids[(rows < 0) | (rows >= ROWS[tasks[0]])]
    if len(outside):
        raise _not_matbench(
            f"{tasks[0]} has rows 1 to {ROWS[tasks[0]]}, which these are not: {first_few(outside)}"
        )
    return tasks[0], rows


def shuffled_folds(n: int, k: int = FOLDS, seed: int = SEED) -> _Int:
    """Fold of each row, (n,), equal to that of scikit-learn's shuffled ``KFold``."""
    order = np.arange(n)
    np.random.RandomState(seed).shuffle(order)
    fold_of = np.empty(n, dtype=np.int64)
    fold_of[order] = np.repeat(np.arange(k), [n // k + (i < n % k) for i in range(k)])
    return fold_of


def stratified_folds(labels: Labels, k: int = FOLDS, seed: int = SEED) -> _Int:
    """Fold of each row, (n,), equal to that of scikit-learn's shuffled ``StratifiedKFold``.

    Classes are numbered by first appearance. Dealing the rows, sorted by class, to the folds in
    turn gives the number of each class per fold; the folds of each class are then shuffled, class
    by class, from one stream.
    """
    codes_of = {label: code for code, label in enumerate(dict.fromkeys(labels))}
    codes = np.array([codes_of[label] for label in labels])
    fold_of_sorted = np.arange(len(codes)) % k
    by_class = np.sort(codes)
    generator = np.random.RandomState(seed)
    fold_of = np.empty(len(codes), dtype=np.int64)
    for code in range(len(codes_of)):
        folds = np.sort(fold_of_sorted[by_class == code])
        generator.shuffle(folds)
        fold_of[codes == code] = folds
    return fold_of


def _classes(task: str, ids: Ids, columns: Columns, settings: MatbenchSettings) -> Labels:
    if settings.target is None:
        raise SplitError(
            f"the folds of {task} are stratified by class; expected the column of the class",
            next_step=f"set target to one of: {', '.join(columns.names()) or 'no columns'}",
        )
    labels = columns.labels(settings.target)
    n_labelled = sum(label is not None for label in labels)
    if n_labelled < ROWS[task]:
        raise SplitError(
            f"the folds of {task} need the classes of all {ROWS[task]} rows; {n_labelled} are "
            f"available",
            cause="curation dropped rows, or classes are missing",
            next_step="split the uncurated data, and use that split's ids (method fixed)",
        )
    return labels


def _fold(
    ids: Ids,
    fold_of: _Int,
    fold: int,
    task: str,
    settings: MatbenchSettings,
    notes: tuple[str, ...],
) -> Split:
    inner = hold_out(
        ids[fold_of != fold],
        len(ids),
        settings.val_fraction,
        settings.seed,
        f"matbench validation {fold}",
    )
    name = split_name(
        "matbench", task, val=(settings.val_fraction, 0.1), seed=settings.seed, fold=fold
    )
    described = {**settings.to_dict(), "task": task, "fold": fold}
    return Split(name, "matbench", described, {**inner, "test": ids[fold_of == fold]}, notes)


def _not_matbench(what: str) -> SplitError:
    return SplitError(
        what,
        cause="the data do not come from a Matbench task, or were given other ids",
        next_step="use the kfold split, or load the task by its matminer name; ids look like "
        f"mb-phonons-0001 and tasks are: {', '.join(ROWS)}",
    )


METHOD = Method("matbench", MatbenchSettings, matbench_split)
