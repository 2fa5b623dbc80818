"""Which score decides, and scores as text; importable without torch."""

from __future__ import annotations

import math
from collections.abc import Iterable

from matdata.core.documents import JsonMapping
from matdata.training.target import Task

#: Metric by which runs are ranked, and whether higher is better.
RANKED_BY: dict[Task, tuple[str, bool]] = {
    "regression": ("mae", False),
    "classification": ("roc_auc", True),
    "multi_label": ("f1_micro", True),
    "distribution": ("l1", False),
    "sequence": ("token_accuracy", True),
}
#: What decides in place of a metric that has no value: that of a class of which the part has no
#: material, which is so for all runs on that part.
IN_PLACE = {"roc_auc": ("accuracy", True)}
#: Scores in the unit of the target.
IN_UNIT = ("mae", "rmse", "max_error")
#: How many scores of a target are printed where room is short.
FEW = 3


def deciding(task: Task, metrics: Iterable[JsonMapping]) -> tuple[str, bool]:
    """The metric that ranks runs with these metrics, and whether higher is better."""
    by, more = RANKED_BY[task]
    if by in IN_PLACE and any(one[by] is None for one in metrics):
        return IN_PLACE[by]
    return by, more


def rank_key(value: float | None, higher_is_better: bool) -> float:
    """Sorts scores from the best to the worst; those without a value come last."""
    if value is None:
        return float("inf")
    return -value if higher_is_better else value


def few_scores(scored: JsonMapping) -> list[str]:
    """Names of the scores of a target that are printed where room is short; the first decides."""
    by = deciding(scored["task"], [scored["metrics"]])[0]
    shown = scored.get("shown") or scored["metrics"]
    return [by, *(metric for metric in shown if metric != by)][:FEW]


def validation_of(result: JsonMapping) -> JsonMapping:
    """The validation score of a finished training: ``targets`` by name, or ``reason`` for none."""
    absent = {"materials": 0, "targets": {}, "reason": "its result holds no validation error"}
    record: JsonMapping = result.get("validation", absent)
    return record


def validation_lines(result: JsonMapping) -> list[str]:
    """The validation score of a finished training, and how long it took, for reading."""
    record, time = validation_of(result), f"trained in {result['seconds']:.1f} s"
    if not record["targets"]:
        return [f"no validation error: {record['reason']}; {time}"]
    lines = [_line(name, scored) for name, scored in record["targets"].items()]
    return [*lines[:-1], f"{lines[-1]}; {time}"]


def _line(name: str, scored: JsonMapping) -> str:
    """``validation of gap, 25 materials: mae 0.21 eV, rmse 0.3 eV, r2 0.8``."""
    unit = "" if scored["unit"] == "1" else f" {scored['unit']}"
    values = (
        f"{metric} {number(scored['metrics'][metric])}{unit if metric in IN_UNIT else ''}"
        for metric in few_scores(scored)
    )
    return f"validation of {name}, {scored['materials']:,} materials: {', '.join(values)}"


def number(value: float | None) -> str:
    """Four digits, or a dash."""
    return "-" if value is None else f"{value:.4g}"


def with_error(value: float | None, error: float | None) -> str:
    """A number with its standard error in the last digit: ``0.264(3)``; in the last two where the
    first would be 1 (``0.264(12)``, ISO/IEC Guide 98-3, 7.2.2); four digits without one."""
    if value is None or error is None or not error > 0.0:
        return number(value)
    digits = 1 - math.floor(math.log10(error) + 1e-12)  # two of the error
    two = round(error * 10.0**digits)
    if two >= 20:
        digits, two = digits - 1, round(error * 10.0 ** (digits - 1))
    if digits <= 0 or abs(value) >= 1e6 or digits > 6:
        return f"{value:.4g} ± {error:.2g}"
    return f"{value:.{digits}f}({two})"
