"""A finished, evaluated run as a small summary, with the command that trains it again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from matdata.core.errors import ConfigError
from matdata.store.catalogue import find_dataset
from matdata.training.evaluated import score_on_record
from matdata.training.run import Run
from matdata.training.settings import TrainSettings, train_settings

SCORES = ("unit", "task", "materials", "truth_digest", "metrics", "baselines")
#: Numbers that say how good predicted uncertainties are.
UNCERTAINTY = (
    "miscalibration_area",
    "coverage_68",
    "coverage_95",
    "spearman",
    "confidence_error_area",
)


def summary_of(run: Run, paper: Mapping[str, object] | None = None) -> dict[str, Any]:
    """What a run is, what it took, and what it reached on its test part.

    Parameters
    ----------
    run
        Finished and evaluated.
    paper
        ``value`` that a paper reports for the first metric, and its ``table``.

    Raises
    ------
    TrainError
        If the run is not finished, not evaluated, or was changed since.
    ConfigError
        If a paper's value is given for a run of several targets.
    """
    manifest, result, record = run.manifest, run.result(), score_on_record(run)
    if paper and len(record["targets"]) > 1:
        raise ConfigError(f"run {run.name!r} has several targets; one value of a paper fits none")
    settings, hypers = _changed_settings(run), _changed_hypers(run)
    receipt = json.loads((run.folder / "receipt.json").read_text(encoding="utf-8"))
    dataset = find_dataset(run.cache, manifest["dataset"]["ref"])
    trained_with = _without_views(settings, TrainSettings)
    return {
        "run": run.name,
        "plugin": manifest["plugin"],
        "dataset": {**manifest["dataset"], "materials": len(dataset.ids)},
        "split": manifest["split"],
        "sizes": {**manifest["sizes"], "test": record["test"]["predicted"]},
        "seed": manifest["settings"]["seed"],
        "settings": trained_with,
        "hypers": _without_views(hypers, type(run.trainer).Hypers),
        "from_run": (manifest["from_run"] or {}).get("name"),
        "freeze": manifest["freeze"],
        "reinit": manifest["identity"]["reinit"],
        "epochs": result.get("epochs"),
        "seconds": result["seconds"],
        "threads": result.get("threads"),
        "device": result.get("device"),
        "versions": receipt["versions"],
        "command": command_of(run, settings, hypers),
        "targets": {name: _score(one, paper) for name, one in record["targets"].items()},
    }


def _score(scored: Mapping[str, Any], paper: Mapping[str, Any] | None) -> dict[str, Any]:
    summary: dict[str, Any] = {name: scored[name] for name in SCORES}
    uncertainty = scored.get("uncertainty")
    summary["uncertainty"] = (
        {k: uncertainty[k] for k in UNCERTAINTY if k in uncertainty} if uncertainty else None
    )
    summary["paper"] = dict(paper) if paper else None
    return summary


def _plain(value: object) -> Any:
    return json.loads(json.dumps(value))


def _changed_settings(run: Run) -> dict[str, Any]:
    """Settings of the loop that differ from the defaults of the plugin."""
    task = run.manifest["targets"][0]["task"]
    usual = _plain(train_settings(run.trainer, {}, task).to_dict())
    own: dict[str, Any] = run.manifest["settings"]
    return {name: value for name, value in own.items() if value != usual[name]}


def _changed_hypers(run: Run) -> dict[str, Any]:
    usual = _plain(type(run.trainer).Hypers().to_dict())
    own: dict[str, Any] = run.manifest["hypers"]
    return {name: value for name, value in own.items() if value != usual[name]}


def _without_views(values: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    views = {field.name for field in fields(kind) if field.metadata.get("view")}
    return {name: value for name, value in values.items() if name not in views}


def command_of(run: Run, settings: Mapping[str, object], hypers: Mapping[str, object]) -> str:
    """The command that trains the run, from its manifest."""
    manifest = run.manifest
    words = ["matdata", "train", manifest["plugin"]["name"], manifest["dataset"]["ref"]]
    for target in manifest["targets"]:
        words += ["--target", target["name"]]
    words += ["--split", manifest["split"]["name"], "--name", run.name]
    if manifest["targets"][0]["task"] == "classification":
        words += ["--task", "classification"]
    if manifest["from_run"]:
        words += ["--from-run", manifest["from_run"]["name"]]
    for option, patterns in (
        ("--freeze", manifest["freeze"]),
        ("--reinit", manifest["identity"]["reinit"]),
    ):
        for pattern in patterns:
            words += [option, pattern]
    for kind, values in (("train", settings), ("hyper", hypers)):
        for name, value in values.items():
            words += ["--set", f"{kind}.{name}={_text(value)}"]
    return shlex.join(words)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
