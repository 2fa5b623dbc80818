"""``matdata curve RUN``."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from matdata.cli.common import (
    cache_of,
    console_of,
    numbers_of,
    output_folder,
    picture_settings,
    print_json,
    write_numbers,
)
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.exit_codes import ExitCode
from matdata.core.packages import need_torch
from matdata.core.units import with_unit

if TYPE_CHECKING:
    from matdata.evaluation.learning_curve import LearningCurve
    from matdata.figures.picture import Look, Picture


def run(given: argparse.Namespace) -> int:
    """Repeat a training on shares of its training part, and fit a power law to the errors."""
    settings = picture_settings(given)
    chosen = None
    if given.fractions is not None:
        chosen = numbers_of(given.fractions, "--fractions", "0.1,0.2,0.5")
    need_torch()
    from matdata.training.run_lookup import find_run

    cache = cache_of(given)
    first = find_run(cache, given.run)
    folder = output_folder(given, first, "curve")
    from matdata.evaluation.file_names import file_stems
    from matdata.evaluation.learning_curve import FRACTIONS, learning_curve
    from matdata.evaluation.pictures import write_pictures
    from matdata.training.added import adding

    console = console_of(given)
    curves = learning_curve(
        first, cache, FRACTIONS if chosen is None else chosen, given.seeds, console
    )
    record: JsonObject = {
        "run": first.name,
        "curves": [curve.to_dict() for curve in curves],
    }
    with adding(folder):
        write_numbers(folder, "curve", record)
        if not given.no_pictures:
            stems = file_stems([curve.target for curve in curves])
            draws = {f"curve-{stems[curve.target]}": partial(_draw, curve) for curve in curves}
            write_pictures(folder, draws, settings, first, "part validation")
    if given.json:
        print_json({**record, "folder": str(folder)})
        return ExitCode.DONE
    for curve in record["curves"]:
        for line in lines(curve):
            console.say(line)
    console.say(f"numbers in {folder}")
    return ExitCode.DONE


def _draw(curve: LearningCurve, look: Look) -> Picture:
    from matdata.figures.learning_curve import learning_curves

    return learning_curves([curve.to_dict()], f"Learning curve of {curve.target}", look)


def lines(curve: JsonMapping) -> list[str]:
    """A learning curve as text."""
    text = [f"{with_unit(curve['target'], curve['unit'])}: {curve['by']} of validation"]
    for point in curve["points"]:
        deviation = "" if point["std"] is None else f" ± {point['std']:.2g}"
        text.append(
            f"  {point['materials']:>9,} materials ({point['fraction']:g}): "
            f"{point['mean']:.4g}{deviation}"
        )
    law = curve["power_law"]
    if law is not None:
        error = law["standard_error"]
        within = "" if error is None else f" ± {error:.2g}"
        text.append(f"  falls with the power {law['exponent']:.3g}{within} of their number")
    return text
