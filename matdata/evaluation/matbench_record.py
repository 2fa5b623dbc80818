"""Runs on the folds of Matbench as the file in which Matbench records a task.

``MatbenchTask.from_file`` reads it: predictions by id for each fold, Matbench's own scores, and as
``uncertainty`` what its ``record(fold, predictions, std=…)``, or ``ci=…``, makes of standard
deviations and of 95 % intervals (Dunn et al., npj Comput. Mater. 6, 138, 2020; matbench 0.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, first_few
from matdata.evaluation.derive.base import Derivation
from matdata.evaluation.trained_on import split_of
from matdata.splits.base import Split
from matdata.splits.matbench import FOLDS, ROWS
from matdata.store import files
from matdata.store.catalogue import find_dataset
from matdata.store.tables import Columns, read_table
from matdata.training.evaluated import predictions_on_record
from matdata.training.prediction_columns import MATERIAL_ID, PredictionColumn, Statistic
from matdata.training.run import Run
from matdata.training.scores.metrics import regression
from matdata.training.scores.uncertainty import half_width

Float = npt.NDArray[np.float64]
#: True values up to which Matbench leaves materials out of the mean relative error.
SMALL = 1e-5
LEVEL = 0.95


def require_matbench(runs: Sequence[Run], derive: Sequence[Derivation], path: Path) -> None:
    """Check that runs are one training on the five folds of a task of Matbench, before a test
    part is opened.

    Raises
    ------
    ConfigError
        If their split is another, a row of the task is missing, they learn several targets or a
        function of one, derived intervals are others than of 95 %, or the file is a folder.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; expected a file for what Matbench records")
    for one in derive:
        alpha = one.options.to_dict().get("alpha")
        if isinstance(alpha, float) and abs(alpha - (1.0 - LEVEL)) > 1e-9:
            raise ConfigError(
                f"{one.name} leaves out {alpha:g}, and Matbench records intervals of {LEVEL:.0%}",
                next_step=f"--derive {one.name}:alpha={1.0 - LEVEL:.2g}",
            )
    for run in runs:
        split = split_of(run, find_dataset(run.cache, run.dataset_ref))
        if split.method != "matbench" or len(runs) != FOLDS:
            raise ConfigError(
                f"run {run.name!r} is not one on the five folds of Matbench, but on "
                f"{split.name!r} (method {split.method})",
                next_step="`matdata split DATASET --method matbench`, and train with --folds all",
            )
        rows, known = ROWS[split.settings["task"]], sum(split.sizes.values())
        if known != rows:
            raise ConfigError(
                f"Matbench records predictions for all {rows:,} rows of "
                f"{split.settings['task']}, and the split has {known:,}",
                cause="curation left the others out",
            )
        if [target.task for target in run.schema.targets] != ["regression"]:
            raise ConfigError(
                f"run {run.name!r} learns no single number, and only such tasks are recorded",
                next_step="`matdata predict --output` writes probabilities of classes",
            )
        (target,) = run.schema.targets
        if target.expression:
            raise ConfigError(
                f"run {run.name!r} learns {target.expression}, and Matbench records the column of "
                "the task itself",
                next_step="train on the column",
            )


def matbench_record(runs: Sequence[Run], intervals: Sequence[Path | None]) -> JsonObject:
    """What Matbench records of a task.

    Parameters
    ----------
    runs
        Evaluated runs on the five folds, in their order (`require_matbench`).
    intervals
        For each the table with derived intervals of 95 %, if there are any: they are written in
        place of those of a normal distribution.

    Raises
    ------
    ConfigError
        If a material of a test part has no prediction.
    """
    results, task = {}, ""
    for run, table in zip(runs, intervals, strict=True):
        split = split_of(run, find_dataset(run.cache, run.dataset_ref))
        task = split.settings["task"]
        results[f"fold_{split.settings['fold']}"] = _fold(run, split, table)
    return {
        "@module": "matbench.task",
        "@class": "MatbenchTask",
        "benchmark_name": "matbench_v0.1",
        "dataset_name": f"matbench_{task.replace('-', '_')}",
        "results": results,
    }


def write_matbench_record(
    path: Path, runs: Sequence[Run], intervals: Sequence[Path | None]
) -> None:
    """Write `matbench_record` as JSON.

    Raises
    ------
    ConfigError
        As of it.
    StoreError
        If the file cannot be written.
    """
    files.write_json(path, matbench_record(runs, intervals))


def _fold(run: Run, split: Split, derived: Path | None) -> JsonObject:
    (target,) = run.schema.targets
    cells = predictions_on_record(run)
    ids: list[str] = [str(one) for one in cells[MATERIAL_ID]]
    missing = sorted(set(split["test"]) - set(ids))
    if missing:
        raise ConfigError(
            f"run {run.name!r} predicts nothing for {len(missing):,} materials of its test part, "
            f"and Matbench records all: {first_few(missing)}"
        )
    name = target.name

    def column(statistic: Statistic) -> Float:
        return _numbers(cells[PredictionColumn(name, statistic, None).name])

    mean, true = column(Statistic.MEAN), column(Statistic.TRUTH)
    deviation = None
    if PredictionColumn(name, Statistic.TOTAL, None).name in cells:
        deviation = column(Statistic.TOTAL)
    table = None if derived is None else read_table(derived)
    return {
        "data": dict(zip(ids, mean.tolist(), strict=True)),
        "parameters": {"run": run.name, "plugin": run.trainer.name},
        "scores": _scores(true, mean),
        "uncertainty": _uncertainty(ids, mean, deviation, table, name),
    }


def _scores(true: Float, mean: Float) -> JsonObject:
    """Matbench's own, ``mape`` over true values that are not near 0."""
    found, large = regression(true, mean), np.abs(true) > SMALL
    relative = np.abs((true[large] - mean[large]) / true[large])
    return {
        "mae": found["mae"],
        "rmse": found["rmse"],
        "mape": float(relative.mean()) if large.any() else 0.0,
        "max_error": found["max_error"],
    }


def _numbers(cells: Sequence[object]) -> Float:
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


def _uncertainty(
    ids: list[str], mean: Float, deviation: Float | None, table: Columns | None, name: str
) -> JsonObject | None:
    """By id ``ci_lower``, ``ci_upper`` and ``std``; None where nothing is known."""
    if table is not None:
        place = {str(one): row for row, one in enumerate(table[MATERIAL_ID])}
        lower, upper = (
            _numbers(table[PredictionColumn(name, end, None).name])
            for end in (Statistic.LOWER, Statistic.UPPER)
        )
        rows = [place[one] for one in ids]
        return {
            one: {"ci_lower": _end(lower[row]), "ci_upper": _end(upper[row]), "std": None}
            for one, row in zip(ids, rows, strict=True)
        }
    if deviation is None or not np.isfinite(deviation).all():
        return None
    half = half_width(LEVEL) * deviation
    ends = zip(ids, (mean - half).tolist(), (mean + half).tolist(), deviation.tolist(), strict=True)
    return {one: {"ci_lower": a, "ci_upper": b, "std": std} for one, a, b, std in ends}


def _end(value: float) -> float | None:
    """An end of an interval; None of one without bounds, which JSON cannot say."""
    return float(value) if np.isfinite(value) else None
