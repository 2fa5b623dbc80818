"""``matdata predict RUN WHAT``."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.core.packages import need_torch
from matdata.evaluation.arguments import PREDICT_OPTIONS, canonical, config_of_predict
from matdata.store.config_file import write_config

if TYPE_CHECKING:
    from matdata.core.ledger import Reject
    from matdata.store.tables import Columns
    from matdata.training.prediction import Predictions
    from matdata.training.target import Target

SHOWN = 20
#: Characters of a name that a line has room for.
NAME_SHOWN = 60
#: Digits of an atomic fraction.
DIGITS = 3
#: Numbers of an array that a line has room for.
NUMBERS_SHOWN = 6


def run(given: argparse.Namespace) -> int:
    """Predict for a dataset, for files of structures, or for formulas."""
    fields = joined(given, PREDICT_OPTIONS, canonical)
    need_torch()
    from matdata.evaluation.request import PredictRequest
    from matdata.training.prediction_files import document_of

    console = console_of(given)
    request = PredictRequest.of(fields)
    if given.write_config:
        write_config(given.write_config, config_of_predict(request))
    if remark := request.remark():
        console.warn(remark)
    predictions = request.predictions()
    for line in reject_lines(predictions.rejects):
        console.warn(line)
    if request.output:
        console.say(f"wrote {len(predictions):,} predictions to {request.output}")
    if given.json:
        columns = predictions.columns(request.members)
        table = document_of(columns, predictions.described(request.members), predictions.about)
        rejects = [asdict(reject) for reject in predictions.rejects]
        derived = [dict(one) for one in predictions.derivations]
        more = {"derivations": derived} if derived else {}
        print_json({"run": request.run.name, **table, **more, "rejects": rejects})
    elif not request.output:
        for line in lines(predictions):
            console.say(line)
    return 0


def reject_lines(rejects: Sequence[Reject], lacking: str = "prediction") -> list[str]:
    """The first rejects as text; `lacking` is what they have none of."""
    shown = [f"{clipped(one.material_id)}: {one.reason}: {one.message}" for one in rejects[:SHOWN]]
    if len(rejects) > SHOWN:
        shown.append(f"… {len(rejects):,} materials have no {lacking}; --json prints all reasons")
    return shown


def clipped(name: str) -> str:
    """A name that fits a line."""
    return name if len(name) <= NAME_SHOWN else f"{name[:NAME_SHOWN]}…"


def lines(predictions: Predictions) -> list[str]:
    """The first predictions as text."""
    columns = predictions.columns()
    count = min(len(predictions), SHOWN)
    shown = [line_of(predictions, columns, row) for row in range(count)]
    if len(predictions) > SHOWN:
        shown.append(f"… {len(predictions):,} in all; --output FILE writes them")
    return shown


def line_of(predictions: Predictions, columns: Columns, row: int) -> str:
    """One prediction as text; `columns` are those of the predictions."""
    targets = (_shown(columns, target, row) for target in predictions.targets)
    return "  ".join([clipped(str(predictions.ids[row])), *targets])


def _shown(columns: dict[str, list[Any]], target: Target, row: int) -> str:
    """What is predicted of one target: a class with its probability, or numbers with a unit."""
    import numpy as np

    from matdata.training.prediction_columns import Statistic, column_of
    from matdata.training.scores.shown import number

    def cell(statistic: Statistic, label: str | None = None) -> Any:
        return columns[column_of(target, statistic, label).name][row]

    if target.task == "classification":
        best = cell(Statistic.CLASS)
        if best is None:
            return f"{target.name} -"
        label = target.labels[target.classes.index(best) if target.classes else best]
        return f"{target.name} {label} ({number(cell(Statistic.PROBABILITY, label))})"
    if target.task == "sequence":
        words = cell(Statistic.CLASS)
        return f"{target.name} {'-' if words is None else clipped(' '.join(words)) or '(none)'}"
    if target.task == "multi_label":
        chances = [cell(Statistic.PROBABILITY, label) for label in target.labels]
        pairs = zip(target.labels[:NUMBERS_SHOWN], chances, strict=False)
        if target.is_of_elements:
            return f"{target.name} {_elements(target.labels, chances)}"
        more = ", …" if target.size > NUMBERS_SHOWN else ""
        return f"{target.name} " + ", ".join(f"{k} ({number(p)})" for k, p in pairs) + more
    mean, total = cell(Statistic.MEAN), cell(Statistic.TOTAL)
    unit = "" if target.unit == "1" else f" {target.unit}"
    if mean is None:
        return f"{target.name} -"
    if target.is_of_elements:
        return f"{target.name} {_composition(mean, cell(Statistic.EPISTEMIC))}"
    if isinstance(mean, list):
        flat = np.ravel(mean).tolist()
        more = ", …" if len(flat) > NUMBERS_SHOWN else ""
        first = ", ".join(number(value) for value in flat[:NUMBERS_SHOWN])
        return f"{target.name} [{first}{more}]{unit}"
    deviation = f" ± {number(total)}" if total is not None else ""
    return f"{target.name} {number(mean)}{deviation}{unit}"


def _elements(symbols: Sequence[str], chances: Sequence[float]) -> str:
    """Elements that are more likely there than not, and how likely these are all, and no others.

    The latter takes elements as independent of each other, as their loss does.
    """
    present = [(symbol, p) for symbol, p in zip(symbols, chances, strict=True) if p > 0.5]
    together = math.prod(max(p, 1.0 - p) for p in chances)
    shown = ", ".join(f"{symbol} ({p:.4g})" for symbol, p in present) or "-"
    return f"{shown}; all and no other: {together:.4g}"


def _composition(shares: Sequence[float], deviations: Sequence[float] | None) -> str:
    """Atomic fractions as a formula, and the root of the trace of the members' covariance."""
    from matdata.core.composition import formula_of

    rounded = {number: round(share, DIGITS) for number, share in enumerate(shares, start=1)}
    formula = formula_of({number: share for number, share in rounded.items() if share > 0})
    deviation = math.hypot(*deviations) if deviations else 0.0
    return formula + (f" ± {deviation:.2g}" if deviation else "")
