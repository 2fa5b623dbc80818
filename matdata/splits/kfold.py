"""k-fold and grouped k-fold, with validation taken from what is outside each test fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matdata.core.errors import SplitError
from matdata.core.settings import Settings, setting
from matdata.splits.base import Method, Split
from matdata.splits.columns import Columns, Ids, Labels
from matdata.splits.grouping import Groups, assign, group_notes
from matdata.splits.holdout import VAL_HELP, hold_out
from matdata.splits.names import split_name
from matdata.splits.ranking import ranked


@dataclass(frozen=True)
class KFoldSettings(Settings):
    """Settings of k-fold."""

    k: int = setting(5, "number of folds", minimum=2)
    seed: int = setting(0, "seed of the draw", minimum=0)
    by: tuple[str, ...] = setting((), "columns whose equal values stay in one fold")
    val_fraction: float = setting(0.1, VAL_HELP, minimum=0.0, maximum=0.9)


def kfold_split(ids: Ids, columns: Columns, settings: KFoldSettings) -> list[Split]:
    """One split per fold: each material is in the test part of exactly one.

    Fold sizes differ by at most one; with groups, by what the groups allow.

    Raises
    ------
    SplitError
        If there are fewer materials (or groups) than folds.
    """
    k, seed, by = settings.k, settings.seed, settings.by
    if len(ids) < k:
        raise SplitError(
            f"{len(ids)} materials cannot fill {k} folds", next_step="request fewer folds"
        )
    targets = {str(i): len(ids) // k + (i < len(ids) % k) for i in range(k)}
    labels: Labels | None = None
    notes: tuple[str, ...] = ()
    if by:
        labels = columns.joint_labels(by)
        groups = Groups.of(ids, labels)
        names = assign(groups, targets, seed, "kfold")
        notes = group_notes(groups, targets, names, by)
        fold_of = names.astype(np.int64)
    else:
        fold_of = np.empty(len(ids), dtype=np.int64)
        fold_of[ranked(ids, seed, "kfold")] = np.repeat(np.arange(k), list(targets.values()))
    return [_fold(ids, fold_of, i, labels, settings, notes) for i in range(k)]


def _fold(
    ids: Ids,
    fold_of: np.ndarray,
    fold: int,
    labels: Labels | None,
    settings: KFoldSettings,
    notes: tuple[str, ...],
) -> Split:
    outside = np.flatnonzero(fold_of != fold)
    inner = hold_out(
        ids[outside],
        len(ids),
        settings.val_fraction,
        settings.seed,
        f"kfold validation {fold}",
        None if labels is None else [labels[row] for row in outside.tolist()],
    )
    name = split_name(
        f"kfold{settings.k}",
        by=settings.by,
        val=(settings.val_fraction, 0.1),
        seed=settings.seed,
        fold=fold,
    )
    parts = {**inner, "test": ids[fold_of == fold]}
    return Split(name, "kfold", {**settings.to_dict(), "fold": fold}, parts, notes)


METHOD = Method("kfold", KFoldSettings, kfold_split)
