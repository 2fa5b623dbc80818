"""``matdata predict RUN WHAT``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from matdata.commands.common import cache_of, console_of, print_json
from matdata.commands.plugins_command import need_torch
from matdata.errors import StructureError

if TYPE_CHECKING:
    from matdata.ledger import Reject
    from matdata.training.contract import Target
    from matdata.training.prediction import Predictions
    from matdata.training.run import Run

SHOWN = 20
#: Numbers of an array that a line has room for.
NUMBERS_SHOWN = 6


def run(given: argparse.Namespace) -> int:
    """Predict for a dataset, for files of structures, or for formulas."""
    need_torch()
    from matdata.training.prediction_files import document_of, require_format
    from matdata.training.run import find_run

    if given.output:
        require_format(given.output)
    console = console_of(given)
    settings = {"device": given.device} if given.device else {}
    found, rejects = _predict(find_run(cache_of(given), given.run), given.what, settings)
    for reject in rejects:
        console.warn(f"{reject.material_id}: {reject.reason}: {reject.message}")
    if given.output:
        found.write(given.output, given.members)
        console.say(f"wrote {len(found):,} predictions to {given.output}")
    if given.json:
        table = document_of(found.columns(given.members), found.described(given.members))
        print_json({"run": given.run, **table})
    elif not given.output:
        for line in lines(found):
            console.say(line)
    return 0


def _predict(
    run: Run, what: Sequence[str], settings: dict[str, Any]
) -> tuple[Predictions, list[Reject]]:
    from matdata.catalogue import datasets, find_dataset
    from matdata.training.memory import predict_memory
    from matdata.training.predict import predict_dataset

    if all(Path(item).exists() for item in what):
        return _of_files(run, what, settings)
    if len(what) == 1 and what[0].partition("@")[0] in datasets(run.cache):
        return predict_dataset(run, find_dataset(run.cache, what[0]), settings=settings), []
    try:
        return predict_memory(run, list(what), list(what), settings)
    except StructureError as error:
        raise StructureError(
            f"{what[0][:200]} is no dataset of the cache, no file, and no formula: {error.what}",
            next_step="`matdata list` shows the datasets",
        ) from error


def _of_files(
    run: Run, paths: Sequence[str], settings: dict[str, Any]
) -> tuple[Predictions, list[Reject]]:
    """Predictions for all structures (or formulas) in some files."""
    from matdata.crystals import Crystals
    from matdata.sources import find_source
    from matdata.sources.base import Request
    from matdata.training.memory import predict_memory

    rejects: list[Reject] = []
    parts, formulas, names = [], [], []
    for path in paths:
        for chunk in find_source(path, Request(argument=path)).chunks():
            rejects += chunk.rejects
            names += [str(name) for name in chunk.table["material_id"]]
            if chunk.crystals is not None:
                parts.append(chunk.crystals)
            else:
                formulas += chunk.table["formula"]
    if not parts and not formulas:
        why = f": {rejects[0].message}" if rejects else ""
        raise StructureError(f"no structure could be read from {', '.join(paths)}{why}")
    if not parts:
        found, lost = predict_memory(run, formulas, names, settings)
        return found, rejects + lost
    crystals = Crystals.concat(parts)
    numbered = Crystals(np.arange(len(crystals)).astype(np.str_), **crystals.columns())
    found, lost = predict_memory(run, numbered, names, settings)
    return found, rejects + lost


def lines(found: Predictions) -> list[str]:
    """The first predictions as text."""
    columns = found.columns()
    shown = []
    for row in range(min(len(found), SHOWN)):
        parts = [found.ids[row], *(_told(columns, target, row) for target in found.targets)]
        shown.append("  ".join(parts))
    if len(found) > SHOWN:
        shown.append(f"… {len(found):,} in all; --output FILE writes them")
    return shown


def _told(columns: dict[str, list[Any]], target: Target, row: int) -> str:
    """What is predicted of one target: a class with its probability, or numbers with a unit."""
    from matdata.commands.evaluate_command import number
    from matdata.training.prediction_columns import Statistic, column_of

    def cell(statistic: Statistic, label: str | None = None) -> Any:
        return columns[column_of(target, statistic, label).name][row]

    if target.task == "classification":
        best = cell(Statistic.CLASS)
        if best is None:
            return f"{target.name} -"
        label = target.labels[target.classes.index(best) if target.classes else best]
        return f"{target.name} {label} ({number(cell(Statistic.PROBABILITY, label))})"
    mean, total = cell(Statistic.MEAN), cell(Statistic.TOTAL)
    unit = "" if target.unit == "1" else f" {target.unit}"
    if isinstance(mean, list):
        more = ", …" if len(mean) > NUMBERS_SHOWN else ""
        told = ", ".join(number(value) for value in mean[:NUMBERS_SHOWN])
        return f"{target.name} [{told}{more}]{unit}"
    spread = f" ± {number(total)}" if total is not None else ""
    return f"{target.name} {number(mean)}{spread}{unit}"
