"""A submission to the leaderboard of Matbench Discovery: predictions as CSV, metadata as YAML.

The formats are those of its contributors' guide and of its function `calc_discovery_metrics`
(Riebesell et al., Nat. Mach. Intell. 7, 836 (2025); github.com/janosh/matbench-discovery): a table
of ``material_id`` and ``e_form_per_atom`` (eV/atom), and under ``metrics.discovery`` the scores on
the full test set, on unique prototypes and on the 10,000 most stable predicted. What only the
authors of a model can say, such as their names, is left to them.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from matdata.core.documents import JsonObject
from matdata.evaluation.discovery.confusion import ratio
from matdata.evaluation.discovery.metrics import subsets
from matdata.evaluation.discovery.ranking import Float, rank
from matdata.evaluation.discovery.score import Scored
from matdata.store import files
from matdata.store.csv import write_csv
from matdata.training.prediction_columns import MATERIAL_ID
from matdata.training.run import Run

PREDICTION = "e_form_per_atom"
#: Names of the subsets there.
SUBSETS = {
    "whole": "full_test_set",
    "most_stable": "most_stable_10k",
    "unique_prototypes": "unique_prototypes",
}
DIGITS = 3
LEFT = (
    "Metadata of a submission to Matbench Discovery, as far as a run knows them. Its authors add",
    "authors, dates, repo, doi, paper, license, environment, training_sets, model_params and url.",
)
_UNFIT = re.compile(r"[^a-z0-9.]+")


def write_submission(
    path: Path, run: Run, ids: np.ndarray, energies: Float, scored: Scored | None
) -> Path:
    """Write the predictions, and beside them the metadata.

    Parameters
    ----------
    path
        The table, ``.csv`` or ``.csv.gz``; equal predictions give equal bytes.
    run
        What predicted.
    ids, energies : (n,)
        Candidates and their predicted formation energies, eV/atom; NaN is an empty cell.
    scored
        The score, where the truth is known; then the metadata have the leaderboard's scores.

    Returns
    -------
    Path
        The metadata: the name of the table with ``.yml`` in place of its ending.

    Raises
    ------
    StoreError
        If a file cannot be written.
    """
    energies_or_none = [value if math.isfinite(value) else None for value in energies.tolist()]
    table = {MATERIAL_ID: ids.tolist(), PREDICTION: energies_or_none}
    metadata = path.with_name(f"{path.name.removesuffix('.gz').removesuffix('.csv')}.yml")
    with files.writing(path) as temporary:
        write_csv(temporary, table)
        if path.suffix == ".gz":
            packed = gzip.compress(temporary.read_bytes(), mtime=0)
            temporary.write_bytes(packed)
    with files.writing(metadata) as temporary:
        lines = [f"# {line}" for line in LEFT] + yaml_lines(_metadata(path, run, scored))
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return metadata


def _metadata(path: Path, run: Run, scored: Scored | None) -> JsonObject:
    plugin = run.manifest["plugin"]
    discovery: JsonObject = {"pred_file": {"name": path.name}}
    if scored is not None:
        discovery |= leaderboard_scores(scored)
    return {
        "model_name": run.name,
        "model_key": _UNFIT.sub("-", run.name.lower()).strip("-") or "model",
        "model_version": plugin["version"],
        "lifecycle": "active",
        "targets": "E",
        "n_estimators": run.settings.ensemble,
        "notes": {
            "description": f"{plugin['name']} of matdata, trained on {run.about.get('dataset', '')}"
        },
        "metrics": {"discovery": discovery},
    }


def leaderboard_scores(scored: Scored) -> dict[str, dict[str, float | None]]:
    """The leaderboard's scores by its names for them, rounded as it does.

    There candidates are ranked by their predicted distance alone, whatever the run was asked for.
    """
    ranking = rank(scored.ranking.ids, scored.ranking.mean, None)
    by_subset = subsets(ranking, scored.true, scored.unique)
    return {name: _named(by_subset[own]) for own, name in SUBSETS.items() if own in by_subset}


def _named(scores: Mapping[str, float]) -> dict[str, float | None]:
    stable, other = scores["tp"] + scores["fn"], scores["fp"] + scores["tn"]
    values = {
        "F1": scores["f1"],
        "DAF": scores["daf"],
        "Precision": scores["precision"],
        "Recall": scores["recall"],
        "Accuracy": scores["accuracy"],
        "TPR": scores["recall"],
        "FPR": scores["fpr"],
        "TNR": ratio(scores["tn"], other),
        "FNR": ratio(scores["fn"], stable),
        "TP": scores["tp"],
        "FP": scores["fp"],
        "TN": scores["tn"],
        "FN": scores["fn"],
        "MAE": scores["mae"],
        "RMSE": scores["rmse"],
        "R2": scores["r2"],
        "missing_preds": scores["without_prediction"],
    }
    return {
        name: None if math.isnan(value) else round(value, DIGITS) for name, value in values.items()
    }


def yaml_lines(document: Mapping[str, object], indent: int = 0) -> list[str]:
    """A mapping of texts, numbers and mappings as YAML, whose scalars are those of JSON."""
    lines = []
    for name, value in document.items():
        start = f"{' ' * indent}{name}:"
        if isinstance(value, Mapping):
            lines += [start, *yaml_lines(value, indent + 2)]
        else:
            lines.append(f"{start} {json.dumps(value, ensure_ascii=False)}")
    return lines
