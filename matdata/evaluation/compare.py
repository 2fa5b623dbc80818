"""Comparison of runs: ranked only if their test materials are the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matdata.core.errors import MatdataError, TrainError
from matdata.evaluation.openings import read_openings
from matdata.store.catalogue import committed
from matdata.training.run import RECORD, Run
from matdata.training.test_record import test_record

#: Metric by which runs are ranked, and whether higher is better.
BY = {
    "regression": ("mae", False),
    "classification": ("roc_auc", True),
    "multi_label": ("f1_micro", True),
    "distribution": ("l1", False),
}


def summary(run: Run) -> dict[str, Any]:
    """Description and state of a run, without its test score."""
    manifest = run.manifest
    entry: dict[str, Any] = {
        "run": run.name,
        "plugin": manifest["plugin"]["name"],
        "dataset": manifest["dataset"]["ref"],
        "split": manifest["split"]["name"],
        "targets": [target["name"] for target in manifest["targets"]],
        "seed": manifest["settings"]["seed"],
        "members": manifest["settings"]["ensemble"],
        "finished": run.finished,
        "evaluated": (run.folder / RECORD).is_file(),
    }
    if run.finished:
        entry["seconds"] = run.result()["seconds"]
    return entry


def listing(cache: Path) -> tuple[list[Run], list[dict[str, Any]]]:
    """All runs of a cache, oldest first.

    Returns
    -------
    runs
        Those that can be read.
    entries
        The `summary` of each; for one with a damaged file ``run``, ``damaged`` (the fault and
        the file) and ``next_step``.
    """
    runs: list[Run] = []
    entries: list[dict[str, Any]] = []
    for folder in committed(cache / "runs"):
        try:
            run = Run(folder)
            entry = summary(run)
            if entry["evaluated"]:
                test_record(run)
        except MatdataError as error:
            damage = {"damaged": error.what, "next_step": error.next_step}
            entries.append({"run": folder.name, **damage})
            continue
        runs.append(run)
        entries.append(entry)
    return runs, entries


def groups(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Evaluated runs grouped by target and test materials, each group sorted by its metric.

    ``openings`` is the number of trainings that have seen the test part, removed runs included.
    """
    by_target: dict[tuple[str, str], dict[str, Any]] = {}
    tested: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        try:
            record = test_record(run)
        except MatdataError:
            continue
        for name, scored in record["targets"].items():
            key = (name, scored["truth_digest"])
            group = by_target.setdefault(
                key,
                {
                    "target": name,
                    "unit": scored["unit"],
                    "task": scored["task"],
                    "dataset": record["dataset"],
                    "materials": scored["materials"],
                    "truth_digest": scored["truth_digest"],
                    "baselines": scored["baselines"],
                    "runs": [],
                },
            )
            group["runs"].append({**summary(run), "metrics": scored["metrics"]})
            tested.setdefault(key, []).append(run)
    for key, group in by_target.items():
        group["openings"] = _openings(tested[key])
        metric, more = BY[group["task"]]
        group["by"] = metric
        group["runs"].sort(key=lambda entry: _order(entry["metrics"][metric], more))
    return list(by_target.values())


def _openings(runs: Sequence[Run]) -> int | None:
    """Number of trainings that saw the test part shared by these runs; None if a record is damaged.

    Counts those recorded with the dataset, and the runs themselves: a run copied from another
    cache comes without that record.
    """
    parts = {(run.manifest["dataset"]["ref"], run.manifest["split"]["digest"]) for run in runs}
    trainings = {run.digest for run in runs}
    for ref, split in parts:
        name, _, version = ref.partition("@")
        try:
            openings = read_openings(runs[0].cache / "datasets" / name / version)
        except MatdataError:
            return None
        trainings |= {opening.training for opening in openings if opening.split_digest == split}
    return len(trainings)


def _order(value: float | None, more: bool) -> float:
    if value is None:
        return float("inf")
    return -value if more else value


def compare(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Rank the given runs.

    Returns
    -------
    list of dict
        One group per target.

    Raises
    ------
    TrainError
        If one was not evaluated, or they were not tested on the same materials and values.
    """
    for run in runs:
        test_record(run)
    ranked = groups(runs)
    for group in ranked:
        tested = {entry["run"] for entry in group["runs"]}
        absent = [run.name for run in runs if run.name not in tested]
        if absent:
            raise TrainError(
                f"runs are not ranked: {', '.join(absent)} and {', '.join(sorted(tested))} were "
                f"not tested on the same materials with the same {group['target']}",
                cause="another split, another dataset or target, or materials that lack a feature",
                next_step="train them on one split, with features that all its materials have",
            )
    return ranked
