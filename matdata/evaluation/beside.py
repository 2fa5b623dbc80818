"""Evaluated runs that are drawn beside one, which is refused before its test part is opened."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.core.errors import ConfigError, TrainError
from matdata.evaluation.trained_on import split_of
from matdata.store.catalogue import find_dataset
from matdata.training.evaluated import score_on_record, scores_beside
from matdata.training.run import RECORD, Run
from matdata.training.run_lookup import find_beside


def evaluated_beside(run: Run, names: Sequence[str]) -> tuple[Run, ...]:
    """The runs of these names, each evaluated on the materials that `run` is tested on.

    Raises
    ------
    ConfigError
        If one is the run itself, or is named twice.
    StoreError
        If there is none of a name.
    TrainError
        If one was not evaluated, on other materials, or has no target of the run.
    """
    if len({*names}) < len(names):
        raise ConfigError(
            f"a run is to be drawn beside twice: {', '.join(names)}",
            next_step="name each run once",
        )
    others = tuple(find_beside(run, name) for name in names)
    for other in others:
        _require_comparable(run, other)
    return others


def _require_comparable(run: Run, other: Run) -> None:
    scored = score_on_record(other)["targets"]
    shared = [target.name for target in run.schema.targets if target.name in scored]
    if not shared:
        raise TrainError(
            f"run {other.name!r} was scored on {', '.join(scored)}, and run {run.name!r} learnt "
            f"{', '.join(target.name for target in run.schema.targets)}",
            next_step="draw runs of one target beside each other",
        )
    if (run.folder / RECORD).is_file():
        for name in shared:
            scores_beside(run, name, [other])
    elif _tested(run) != _tested(other):
        raise TrainError(
            f"run {other.name!r} was evaluated on other materials than run {run.name!r} will be",
            cause="it has another dataset, or another split",
            next_step="draw runs on one split beside each other",
        )


def _tested(run: Run) -> frozenset[str]:
    dataset = find_dataset(run.cache, run.dataset_ref)
    return frozenset(split_of(run, dataset).ids("test").tolist())
