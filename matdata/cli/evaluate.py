"""``matdata evaluate RUN``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from matdata.cli import pictures
from matdata.cli.common import console_of, print_json
from matdata.cli.group_table import group_lines
from matdata.cli.options import joined
from matdata.cli.run_folds import fold_lines
from matdata.core.documents import JsonObject
from matdata.core.packages import need_torch
from matdata.core.printable import printable
from matdata.core.units import with_unit
from matdata.evaluation.arguments import EVALUATE_OPTIONS, canonical, config_of_evaluate
from matdata.store.config_file import write_config
from matdata.training.scores.shown import number, with_error

if TYPE_CHECKING:
    from matdata.evaluation.pictures import Drawn
    from matdata.evaluation.request import EvaluateRequest

SHOWN = {
    "regression": ("mae", "rmse", "r2", "mad_mae", "max_error"),
    "classification": ("accuracy", "roc_auc", "f1", "log_loss"),
    "multi_label": ("subset_accuracy", "f1_micro", "f1_macro", "f1_weighted", "log_loss"),
    "distribution": ("l1", "l2", "kl", "top1", "elemd"),
    "sequence": ("token_accuracy", "sequence_accuracy", "log_loss"),
}
DEVIATION_SCORES = (
    "miscalibration_area",
    "sharpness",
    "nll",
    "crps",
    "interval_score",
    "spearman",
    "confidence_error_area",
)
#: Classes up to which the confusion matrix is printed.
CLASSES_OF_A_LINE = 8


def run(given: argparse.Namespace) -> int:
    """Open the test part of a run's split, once, and score the run.

    Raises
    ------
    MatdataError
        If the run cannot be evaluated; with ``--debug`` what a picture failed with.
    """
    fields = joined(given, EVALUATE_OPTIONS, canonical)
    need_torch()
    from matdata.evaluation.request import EvaluateRequest

    request = EvaluateRequest.of(fields)  # before torch is imported, which takes seconds
    if given.write_config:
        write_config(given.write_config, config_of_evaluate(request))
    console = console_of(given)
    record, report, draw = _folds(request) if request.folds else _run(request)
    if not given.json:  # the score first: no picture may cost it
        for line in report:
            console.say(line)
    drawn = draw()
    if given.json:
        print_json({**record, **pictures.document_of(drawn)})
    pictures.report(drawn, console, given)
    return 0


class _Scored(NamedTuple):
    """The score for machines, the same as text, and what draws its pictures."""

    record: JsonObject
    report: list[str]
    draw: Callable[[], Drawn]


def _run(request: EvaluateRequest) -> _Scored:
    from matdata.evaluation.pictures import Drawn, draw_run

    record = request.score()
    by = record.get("by", {})
    draw = partial(draw_run, request.run, request.look, request.pictures, request.beside, by)
    shown = {**record, "unchanged": record["reused"]}
    return _Scored(shown, lines(record), draw if request.draws else Drawn)


def _folds(request: EvaluateRequest) -> _Scored:
    from matdata.evaluation.pictures import Drawn, draw_folds

    scored = request.score()
    draw = partial(draw_folds, request.folds, request.look, request.pictures)
    shown = {**scored, "unchanged": all(record["reused"] for record in scored["runs"])}
    report = [line for table in scored["folds"] for line in fold_lines(table)]
    for record in scored["runs"]:
        report += [f"{printable(record['run'])}:", *group_lines(record)] if "by" in record else []
    if "matbench" in scored:
        report.append(f"{scored['matbench']}: what Matbench records of these folds")
    return _Scored(shown, report, draw if request.draws else Drawn)


def lines(record: JsonObject) -> list[str]:
    """The score as text."""
    sizes = record["test"]
    report = [
        f"the test part of {record['split']['name']} {_opened(record)}: {sizes['predicted']:,} of "
        f"{sizes['asked']:,} materials"
    ]
    for name, scored in record["targets"].items():
        report += _target(name, scored, record["run"])
    for name, scored in record.get("derived", {}).get("targets", {}).items():
        by = " and ".join(scored["derived_by"])
        report.append(f"{name}, derived by {by}")
        if "metrics" in scored:
            report += _target(name, scored, record["run"])
        if "interval" in scored:
            report += _interval(scored["interval"])
    return [*report, *group_lines(record)]


def _interval(interval: JsonObject) -> list[str]:
    """Which share of the true values an interval holds, and how wide it is."""
    unit = "" if interval["unit"] == "1" else f" {interval['unit']}"
    lost, band = interval.get("unbounded", 0), interval.get("chance_band_99")
    chance = f" (99 of 100 splits: {band[0]:.1%} to {band[1]:.1%})" if band else ""
    return [
        f"  intervals hold {interval['coverage']:.1%} of {interval['n']:,} true values{chance}, "
        f"mean width {number(interval['mean_width'])}{unit}"
        + (f", {lost:,} unbounded" if lost else ""),
        *_conditional(interval),
    ]


def _normal_intervals(scored: JsonObject, unit: str) -> list[str]:
    """Coverage and width of the central intervals of the predicted normal distributions."""
    if "width_90" not in scored:  # on record from before these were scores
        return []
    from matdata.training.scores.uncertainty import WIDTHS

    cells = [
        f"{level} %: {scored[f'coverage_{level}']:.1%}, {number(scored[f'width_{level}'])}"
        for level in WIDTHS
    ]
    text = f"  intervals hold, and are wide{'' if unit == '1' else f' ({unit})'}: "
    return [text + "; ".join(cells), *_conditional(scored.get("conditional_coverage_90", {}), 90)]


def _conditional(scored: JsonObject, level: int | None = None) -> list[str]:
    """Coverage by chemical system, and where it is least."""
    if "chemical_systems" not in scored:
        return []
    systems, slab = scored["chemical_systems"], scored["worst_slab"]
    parts = [
        f"{one['coverage']:.1%} of {one['materials']:,} with a chemical system "
        f"{'of' if name == 'seen' else 'not in'} training"
        for name, one in systems.items()
        if one["materials"]
    ]
    if slab is not None:
        parts.append(f"{slab['coverage']:.1%} of {slab['materials']:,} in the worst slab")
    prefix = "" if level is None else f"at {level} % "
    return [f"  {prefix}they hold {', '.join(parts)}"]


def _target(name: str, scored: JsonObject, run: str) -> list[str]:
    """The scores of one target."""
    report: list[str] = []
    names = scored.get("shown") or SHOWN[scored["task"]]
    names = [name for name in names if name in scored["metrics"]]
    report.append(f"{with_unit(name, scored['unit'])}, {scored['materials']:,} materials")
    report += [
        f"  {count:,} without it: {reason}" for reason, count in scored.get("missing", {}).items()
    ]
    report += _classes(scored.get("classes", []))
    rows = [(printable(run), scored["metrics"]), *scored["baselines"].items()]
    wide = max(len(row) for row, _ in rows)
    report.append(f"  {'':<{wide}}" + "".join(f"  {name:>10}" for name in names))
    for row, values in rows:
        cells = "".join(f"  {number(values[name]):>10}" for name in names)
        report.append(f"  {row:<{wide}}{cells}")
    report += [*_members(scored), *_confusion(scored), *_spectra(scored)]
    uncertainty = scored.get("uncertainty")
    if uncertainty:
        scores = ", ".join(f"{name} {number(uncertainty[name])}" for name in DEVIATION_SCORES)
        report.append(f"  predicted standard deviation: {scores}")
        report += _normal_intervals(uncertainty, scored["unit"])
    why = scored.get("undefined", {})
    report += [f"  {name} is not defined: {reason}" for name, reason in why.items()]
    return report


def _members(scored: JsonObject) -> list[str]:
    """Mean and standard error of the scores of single members."""
    if "members" not in scored:
        return []
    own = scored["members"]
    pairs = ((name, value, own["standard_error"][name]) for name, value in own["mean"].items())
    shown = ", ".join(f"{name} {with_error(value, error)}" for name, value, error in pairs)
    return [f"  each of {own['count']:,} members alone: {shown}"]


def _spectra(scored: JsonObject) -> list[str]:
    """Means over the points of an array, and errors along its axis."""
    lines = []
    if "by_point" in scored:
        means = ", ".join(
            f"{name} {number(scored['by_point'][name])}" for name in ("rmse", "r2", "mad_mae")
        )
        lines.append(f"  mean over points: {means}")
    if "along_axis" in scored:
        errors = scored["along_axis"]
        lines.append(
            f"  integrated absolute error {number(errors['integrated'])}, error of the integral "
            f"{number(errors['integral'])}"
        )
    return lines


def _opened(record: JsonObject) -> str:
    """Whether it was open before, also for a copied run and for deleted records."""
    if record["reused"]:
        return "was opened before; this is its record, unchanged"
    opened = record["opened"]
    if opened["first"]:
        return "is now open"
    return f"was opened before, on {opened['when']} for the same weights (run {opened['run']})"


def _classes(names: list[str]) -> list[str]:
    if not names:
        return []
    shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
    of_two = f"; roc_auc and f1 are those of {names[1]}" if len(names) == 2 else ""
    return [f"  classes: {shown}{of_two}"]


def _confusion(scored: JsonObject) -> list[str]:
    """Materials by true and predicted class, where a line has room for them."""
    counts = scored.get("confusion", [])
    if not 0 < len(counts) <= CLASSES_OF_A_LINE:
        return []
    names = scored.get("classes") or [str(k) for k in range(len(counts))]
    names = [printable(name) for name in names]
    wide = max(len("true, predicted"), *(len(name) for name in names))
    head = "".join(f"  {name[:10]:>10}" for name in names)
    rows = [
        f"  {name:<{wide}}" + "".join(f"  {count:>10,}" for count in row)
        for name, row in zip(names, counts, strict=True)
    ]
    return [f"  {'true, predicted':<{wide}}{head}", *rows]
