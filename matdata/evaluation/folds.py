"""Runs on the folds of one split, by mean and standard deviation; importable without torch."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from matdata.core.digest import digest_json
from matdata.core.documents import JsonMapping, JsonObject
from matdata.training.run import Run
from matdata.training.scores.shown import deciding, rank_key

Entry = JsonMapping


def family_of(run: Run) -> tuple[str, str] | None:
    """Dataset and name of the folds that a run is one of; None if its split is no fold."""
    split = run.manifest["split"] or {}  # imported weights may have none
    return (run.dataset_ref, split["family"]) if "family" in split else None


def training_of(run: Run) -> str:
    """Digest of a run's request without its split: the same for all folds of a training."""
    identity = run.manifest["identity"]
    return digest_json({name: value for name, value in identity.items() if name != "split"})


def fold_tables(runs: Sequence[Run], groups: Iterable[Entry]) -> list[JsonObject]:
    """Trainings on the same folds with the same materials, ranked by their mean score.

    Parameters
    ----------
    runs
        The runs.
    groups
        What `matdata.evaluation.compare.groups` makes of them.

    Returns
    -------
    list of dict
        ``dataset``, ``split`` (what the names of the folds have in common), ``folds`` (their
        numbers), ``target``, ``unit``, ``task``, ``part``, ``by``, and ``trainings``: of each
        ``runs``, ``plugin``, and for ``val`` and ``test`` how many ``folds`` have a score, and
        ``mean``, ``std`` and ``standard_error`` by metric, None for one fold. The standard
        deviation is that of a sample; the standard error takes folds for independent, which their
        common training materials make a little too small.
    """
    tables: dict[str, JsonObject] = {}
    for (dataset, split, target, part, _), folds in _scored_folds(runs, groups).items():
        if len(folds) < 2:
            continue
        truths = {str(fold): group["truth_digest"] for fold, (group, _) in folds.items()}
        first = next(iter(folds.values()))[0]
        described = {
            "dataset": dataset,
            "split": split,
            "folds": list(folds),
            "target": target,
            "unit": first["unit"],
            "task": first["task"],
            "shown": first["shown"],
            "part": part,
            "trainings": [],
        }
        table = tables.setdefault(digest_json([dataset, split, target, part, truths]), described)
        table["trainings"].append(_training([entry for _, entry in folds.values()]))
    for table in tables.values():
        _rank(table)
    return list(tables.values())


def _scored_folds(
    runs: Sequence[Run], groups: Iterable[Entry]
) -> dict[tuple[str, ...], dict[int, tuple[Entry, Entry]]]:
    """Group and entry of each run on a fold, by number of the fold.

    The keys are dataset, name of the folds, target, part, and digest of the training.
    """
    by_name = {run.name: run for run in runs}
    scored: dict[tuple[str, ...], dict[int, tuple[Entry, Entry]]] = {}
    for group in groups:
        for entry in group["runs"]:
            run = by_name[entry["run"]]
            family = family_of(run)
            if family is not None:
                key = (*family, group["target"], group["part"], training_of(run))
                scored.setdefault(key, {})[run.split["fold"]] = (group, entry)
    return {key: dict(sorted(folds.items())) for key, folds in scored.items()}


def _training(entries: list[Entry]) -> JsonObject:
    scores = {part: _over_folds([entry[part] for entry in entries]) for part in ("val", "test")}
    names = [entry["run"] for entry in entries]
    return {
        "runs": names,
        "plugin": entries[0]["plugin"],
        "members": entries[0]["members"],
    } | scores


def _over_folds(metrics: list[Mapping[str, float | None] | None]) -> JsonObject | None:
    """Mean, standard deviation and standard error of each metric over the folds with scores."""
    scored = [one for one in metrics if one is not None]
    if not scored:
        return None
    mean: dict[str, float | None] = {}
    std: dict[str, float | None] = {}
    error: dict[str, float | None] = {}
    for name in scored[0]:
        values = [value for one in scored if (value := one[name]) is not None]
        whole = len(values) == len(scored)
        mean[name] = statistics.fmean(values) if whole else None
        deviation = statistics.stdev(values) if whole and len(values) > 1 else None
        std[name] = deviation
        error[name] = None if deviation is None else deviation / math.sqrt(len(values))
    return {"folds": len(scored), "mean": mean, "std": std, "standard_error": error}


def _rank(table: JsonObject) -> None:
    part = table["part"]
    means = [training[part]["mean"] for training in table["trainings"]]
    by, more = deciding(table["task"], means)
    table["by"] = by
    table["trainings"].sort(key=lambda training: rank_key(training[part]["mean"][by], more))
