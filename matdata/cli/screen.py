"""``matdata screen RUN… DATASET --rule RULE --where CONDITION``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from matdata.cli import pictures
from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.core.documents import JsonObject
from matdata.core.packages import need_torch
from matdata.evaluation.arguments import canonical
from matdata.evaluation.screening.arguments import SCREEN_OPTIONS, config_of_screen
from matdata.store.config_file import write_config
from matdata.training.scores.shown import number

if TYPE_CHECKING:
    from matdata.evaluation.pictures import Drawn
    from matdata.evaluation.screening.screen import Screening

SHOWN = 20
#: Pairs of elements that a line has room for.
PAIRS_SHOWN = 8


def run(given: argparse.Namespace) -> int:
    """Keep the materials of a dataset that fulfil conditions.

    Raises
    ------
    MatdataError
        If runs cannot predict the dataset; with ``--debug`` what a picture failed with.
    """
    fields = joined(given, SCREEN_OPTIONS, canonical)
    need_torch()
    from matdata.evaluation.screening.request import ScreenRequest

    request = ScreenRequest.of(fields)
    if given.write_config:
        write_config(given.write_config, config_of_screen(request))
    from matdata.evaluation.screening.screen import screen_dataset

    console = console_of(given)
    screening = screen_dataset(request)
    if not given.json:
        for line in _lines(screening):
            console.say(line)
    drawn = _drawn(screening)
    if given.json:
        print_json(_document(screening, drawn))
    pictures.report(drawn, console, given)
    return 0


def _drawn(screening: Screening) -> Drawn:
    from matdata.evaluation.pictures import Drawn
    from matdata.evaluation.screening.pictures import draw_screening

    return Drawn() if screening.request.pictures is None else draw_screening(screening)


def _document(screening: Screening, drawn: Drawn) -> JsonObject:
    from matdata.training.prediction_files import rows_of

    request, pairs = screening.request, screening.pairs
    return {
        "runs": [one.run.name for one in request.runs],
        "dataset": request.dataset.ref,
        "rule": None if request.rule is None else request.rule.spec,
        "conditions": [one.given for one in request.conditions.expressions],
        "screened": len(screening.kept),
        "kept": len(screening),
        "compositions": pairs.compositions,
        "missing": screening.missing,
        "rejects": [asdict(reject) for reject in screening.rejects],
        "columns": {one.name: one.to_metadata() for one in request.described},
        "materials": rows_of(screening.columns()),
        "elements": pairs.elements,
        "pairs": pairs.rows(),
        **pictures.document_of(drawn),
    }


def _lines(screening: Screening) -> list[str]:
    """How many are kept, the first of them, and how often elements occur together."""
    request, pairs = screening.request, screening.pairs
    report = [
        f"{request.dataset.ref}: {len(screening):,} of {len(screening.kept):,} materials kept, "
        f"{pairs.compositions:,} compositions of {len(pairs.elements):,} elements"
    ]
    report += [f"  where {one.given}" for one in request.conditions.expressions]
    if screening.rejects:
        report.append(f"  {len(screening.rejects):,} have no prediction; --json prints all reasons")
    for name, count in screening.missing.items():
        report.append(f"  {count:,} have no {name}")
    columns = {name: cells for name, cells in screening.columns().items() if any(map(_is, cells))}
    if len(screening):
        report.append("  " + "  ".join(columns))
    for row, values in enumerate(zip(*columns.values(), strict=True)):
        if row == SHOWN:
            report.append(f"… {len(screening):,} in all; --output FILE writes them")
            break
        report.append("  " + "  ".join(map(_cell, values)))
    if pairs.pairs:
        most = list(pairs.pairs.items())[:PAIRS_SHOWN]
        shown = ", ".join(f"{one}-{other} {count:,}" for (one, other), count in most)
        report.append(f"elements together most often: {shown}")
    return report


def _is(cell: object) -> bool:
    return cell is not None


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return number(value) if isinstance(value, float) else str(value)
