"""The runs of a training on all folds of a split: which they are, and their test scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matdata.core.documents import JsonObject
from matdata.core.errors import TrainError, did_you_mean
from matdata.core.given import require_name
from matdata.evaluation.compare import groups, listing
from matdata.evaluation.derive.base import Derivation
from matdata.evaluation.folds import family_of, fold_tables, training_of
from matdata.splits.folds import folds_named
from matdata.store.catalogue import find_dataset
from matdata.training.run import Run


def runs_of_folds(cache: Path, name: str) -> list[Run]:
    """The runs of a training on all folds of a split, in the order of the folds.

    Parameters
    ----------
    cache
        Cache folder.
    name
        What the names of the runs have in common (``gap`` for ``gap-fold0``, …), or one of them.

    Raises
    ------
    TrainError
        If there is no such run, its split is no fold, or a fold has no finished run.
    SplitError
        If a fold of the split is missing.
    """
    require_name(name, "the run")
    runs = [run for run in listing(cache)[0] if family_of(run) is not None]
    by_name = {run.name: run for run in runs}
    stems = {run.name.removesuffix(f"-fold{run.manifest['split']['fold']}"): run for run in runs}
    chosen = by_name.get(name) or stems.get(name)
    if chosen is None:
        raise TrainError(
            f"no run {name[:100]!r} on a fold in {cache}{did_you_mean(name, by_name)}",
            cause="`--folds all` takes what the names of such runs have in common, or one of them",
            next_step=f"runs on folds: {', '.join(by_name) or 'none'}; `matdata train … --folds "
            "all` makes them",
        )
    return _same_training(chosen, runs, cache)


def _same_training(chosen: Run, runs: Sequence[Run], cache: Path) -> list[Run]:
    ref, family = family_of(chosen) or ("", "")
    alike = {
        run.split["fold"]: run
        for run in runs
        if run.finished
        and family_of(run) == (ref, family)
        and training_of(run) == training_of(chosen)
    }
    folds = [fold for fold, _ in folds_named(find_dataset(cache, ref), family)]
    missing = [fold for fold in folds if fold not in alike]
    if missing:
        raise TrainError(
            f"the training of run {chosen.name!r} is not finished on folds "
            f"{', '.join(map(str, missing))} of {family!r}",
            next_step="the same `matdata train` with `--folds all` trains what is missing; "
            f"without `--folds`, `matdata evaluate {chosen.name}` scores this run alone",
        )
    return [alike[fold] for fold in folds]


def evaluate_folds(
    runs: Sequence[Run],
    settings: Mapping[str, object] | None = None,
    derive: Sequence[Derivation] = (),
    by: Sequence[str] = (),
    bins: int = 5,
) -> JsonObject:
    """Open the test part of every fold, once, and score the runs on them.

    Returns
    -------
    dict
        ``runs``, the record of each (`matdata.evaluation.score.evaluate_run`), and ``folds``, mean
        and standard deviation over them by target (`matdata.evaluation.folds.fold_tables`).

    Raises
    ------
    MatdataError
        As `evaluate_run`; folds before the one that failed stay open and scored.
    """
    from matdata.evaluation.score import evaluate_run  # imports torch, which takes seconds

    records = [evaluate_run(run, settings, derive, by, bins) for run in runs]
    return {"runs": records, "folds": fold_tables(runs, groups(runs))}
