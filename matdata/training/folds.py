"""A run for each fold of a k-fold split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from matdata.core.console import SILENT, Console
from matdata.core.errors import ConfigError
from matdata.splits.folds import folds_named
from matdata.store.catalogue import find_dataset
from matdata.training.request import Request
from matdata.training.run import Run
from matdata.training.train import train

#: What ``--folds`` takes.
ALL = "all"


def train_folds(
    request: Request, cache: Path, name: str | None = None, console: Console = SILENT
) -> list[Run]:
    """Train a run for each fold, one after another; those that are finished are left.

    Parameters
    ----------
    request
        What is asked for; its split is what the names of the folds have in common, or None for
        the only k-fold split.
    cache
        Cache folder.
    name
        The runs are ``<name>-fold0``, …; as `train` names them if not given.
    console
        Informed of what happens.

    Returns
    -------
    list of Run
        In the order of the folds.

    Raises
    ------
    MatdataError
        As `train`; `SplitError` if there is no such k-fold split, or a fold is missing.
    """
    if request.from_run:
        raise ConfigError(
            "--folds and --from-run: the test parts of the other folds were trained on",
            cause="each material is in the test part of one fold, and a run has seen the rest",
            next_step="leave one of them out",
        )
    folds = folds_named(find_dataset(cache, request.dataset), request.split)
    runs = []
    for fold, split in folds:
        console.say(f"fold {fold + 1} of {len(folds)}")
        own = None if name is None else f"{name}-fold{fold}"
        runs.append(train(replace(request, split=split), cache, own, console))
    return runs
