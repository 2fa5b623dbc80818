"""Comparison of runs: ranked by their validation error, with the test score beside it.

Runs are ranked together only if they were validated on the same materials with the same values, in
the same unit.
The test part takes no part in it. Importable without torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from matdata.core.cache import places
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import MatdataError, TrainError
from matdata.evaluation.folds import family_of
from matdata.evaluation.openings import read_openings
from matdata.store.dataset_manifest import DatasetManifest
from matdata.store.manifest import is_committed
from matdata.training.evaluated import score_on_record
from matdata.training.run import RECORD, Run
from matdata.training.run_lookup import run_folders
from matdata.training.scores.shown import deciding, rank_key, validation_of

Part = Literal["val", "test"]


def summary(run: Run) -> JsonObject:
    """Description and state of a run, without its scores.

    Returns
    -------
    dict
        ``evaluated``: whether its test part was opened; ``unranked``: why it has no validation
        score, None if it has one; ``imported``: by what, where its weights were. Such a run may
        have None for ``dataset`` and ``split``.
    """
    manifest = run.manifest
    entry: JsonObject = {
        "run": run.name,
        "plugin": manifest["plugin"]["name"],
        "dataset": (manifest["dataset"] or {}).get("ref"),
        "split": (manifest["split"] or {}).get("name"),
        "targets": [target["name"] for target in manifest["targets"]],
        "seed": manifest["settings"]["seed"],
        "members": manifest["settings"]["ensemble"],
        "finished": run.finished,
        "evaluated": (run.folder / RECORD).is_file(),
        "unranked": "it is not finished",
    }
    if run.finished:
        result = run.result()
        entry |= {"seconds": result["seconds"], "unranked": validation_of(result).get("reason")}
    if run.extensions:
        entry["extensions"] = run.extensions
    if run.imported is not None:
        entry["imported"] = run.imported["importer"]
    return entry


def listing(cache: Path) -> tuple[list[Run], list[JsonObject]]:
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
    entries: list[JsonObject] = []
    for folder in run_folders(cache):
        try:
            run = Run(folder, cache)
            entry = summary(run)
            if entry["evaluated"]:
                score_on_record(run)
        except MatdataError as error:
            damage = {"damaged": error.what, "next_step": error.next_step}
            entries.append({"run": folder.name, **damage})
            continue
        runs.append(run)
        entries.append(entry)
    return runs, entries


@dataclass(frozen=True)
class _Scored:
    """One target of one run: its scores by part, of those that there are."""

    run: Run
    target: str
    scores: Mapping[Part, JsonMapping]

    @property
    def part(self) -> Part:
        """The part by which it is ranked: only runs without a validation part go by the test."""
        return "val" if "val" in self.scores else "test"

    @property
    def key(self) -> tuple[str, Part, str, str]:
        """What runs of one group have in common: equal numbers in other units are other values."""
        scored = self.scores[self.part]
        return self.target, self.part, str(scored["truth_digest"]), str(scored["unit"])

    def entry(self) -> JsonObject:
        """The run as an entry of its group."""
        test = self.scores.get("test")
        return {
            **summary(self.run),
            "val": self.scores["val"]["metrics"] if "val" in self.scores else None,
            "test": None if test is None else test["metrics"],
            "test_materials": None if test is None else test["materials"],
            "test_truth_digest": None if test is None else test["truth_digest"],
        }


def _scored(run: Run) -> list[_Scored]:
    """The targets of a run that have a score; the test score only where the part was opened."""
    val = validation_of(run.result())["targets"] if run.finished else {}
    test = score_on_record(run)["targets"] if (run.folder / RECORD).is_file() else {}
    names = dict.fromkeys([*val, *test])
    parts: dict[Part, JsonMapping] = {"val": val, "test": test}
    return [
        _Scored(run, name, {part: scores[name] for part, scores in parts.items() if name in scores})
        for name in names
    ]


def groups(runs: Sequence[Run]) -> list[JsonObject]:
    """Runs grouped by target and validation materials, each group sorted by its metric.

    Returns
    -------
    list of dict
        ``part`` is ``val``; ``test`` of runs that have no validation part and were evaluated.
        ``runs`` have the metrics of both parts (``val``, ``test``, None where there is none) and
        which materials were tested on (``test_materials``, ``test_truth_digest``): test scores on
        other materials do not compare. ``openings`` is the number of trainings that have seen the
        test part, removed runs included; None if the record is damaged.

    Raises
    ------
    StoreError, TrainError
        If the record of a run was changed.
    """
    by_key: dict[tuple[str, Part, str, str], list[_Scored]] = {}
    for run in runs:
        for one in _scored(run):
            by_key.setdefault(one.key, []).append(one)
    chosen_by_test_last = sorted(by_key.values(), key=lambda members: members[0].part == "test")
    return [_group(members) for members in chosen_by_test_last]


def _group(members: list[_Scored]) -> JsonObject:
    first = members[0]
    scored = first.scores[first.part]
    metric, more = deciding(scored["task"], [one.scores[first.part]["metrics"] for one in members])
    entries = [one.entry() for one in members]
    entries.sort(key=lambda entry: rank_key(entry[first.part][metric], more))
    tested = [one.scores["test"] for one in members if "test" in one.scores]
    return {
        "target": first.target,
        "unit": scored["unit"],
        "task": scored["task"],
        "shown": scored.get("shown"),
        "dataset": first.run.dataset_ref,
        "split": first.run.split["name"],
        "part": first.part,
        "materials": scored["materials"],
        "truth_digest": scored["truth_digest"],
        "by": metric,
        "openings": _openings([one.run for one in members]),
        "baselines": {
            first.part: scored["baselines"],
            **({"test": tested[0]["baselines"]} if tested else {}),
        },
        "runs": entries,
    }


def _openings(runs: Sequence[Run]) -> int | None:
    """Number of trainings that saw a test part of these runs; None if a record is damaged.

    Counts those recorded with the dataset, and the runs themselves: a run copied from another
    cache comes without that record.
    """
    parts = {(run.dataset_ref, run.split["digest"]) for run in runs}
    trainings = {run.digest for run in runs if (run.folder / RECORD).is_file()}
    for ref, split in parts:
        name, _, version = ref.partition("@")
        try:
            openings = [
                opening
                for place in places(runs[0].cache)
                for opening in read_openings(_recorded_beside(place / "datasets" / name / version))
            ]
        except MatdataError:
            return None
        trainings |= {opening.training for opening in openings if opening.split_digest == split}
    return len(trainings)


def _recorded_beside(folder: Path) -> Path:
    """The version without computed columns of a dataset, if the dataset is there."""
    return DatasetManifest(folder).base_folder if is_committed(folder) else folder


def compare(runs: Sequence[Run]) -> list[JsonObject]:
    """Rank the given runs; those without a score are in no group.

    Runs on other folds of the same split are compared by `matdata.evaluation.folds.fold_tables`.

    Returns
    -------
    list of dict
        One group per target, see `groups`.

    Raises
    ------
    TrainError
        If they were not validated on the same materials and values, in the same unit.
    """
    ranked = groups(runs)
    for group in ranked:
        part = group["part"]
        inside = {entry["run"] for entry in group["runs"]}
        families = {family_of(run) for run in runs if run.name in inside} - {None}
        comparable = [
            run
            for run in runs
            if any(one.part == part for one in _scored(run)) and family_of(run) not in families
        ]
        absent = [run.name for run in comparable if run.name not in inside]
        if absent:
            done = "validated" if part == "val" else "tested"
            raise TrainError(
                f"runs are not ranked: {', '.join(absent)} and {', '.join(sorted(inside))} were "
                f"not {done} on the same materials with the same {group['target']}",
                cause="another split, dataset, target or unit, or materials that lack a feature",
                next_step="train them on one split, with features that all its materials have",
            )
    return ranked
