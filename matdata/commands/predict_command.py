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
    from matdata.training.prediction import Predictions
    from matdata.training.run import Run

SHOWN = 20


def run(given: argparse.Namespace) -> int:
    """Predict for a dataset, for files of structures, or for formulas."""
    need_torch()
    from matdata.training.run import find_run

    console = console_of(given)
    settings = {"device": given.device} if given.device else {}
    found, rejects = _predict(find_run(cache_of(given), given.run), given.what, settings)
    for reject in rejects:
        console.warn(f"{reject.material_id}: {reject.reason}: {reject.message}")
    if given.output:
        found.write(Path(given.output), given.members)
        console.say(f"wrote {len(found):,} predictions to {given.output}")
    columns = found.columns(given.members)
    if given.json:
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        print_json({"run": given.run, "predictions": rows})
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
    from matdata.commands.evaluate_command import number

    columns = found.columns()
    shown = []
    for row in range(min(len(found), SHOWN)):
        parts = [str(columns["material_id"][row])]
        for target in found.targets:
            mean, total = (columns[f"{target.name}_{kind}"][row] for kind in ("mean", "total"))
            unit = "" if target.unit == "1" else f" {target.unit}"
            if target.classes and mean is not None:
                label = target.labels[mean.index(max(mean))]
                parts.append(f"{target.name} {label} ({number(max(mean))})")
            elif isinstance(mean, list):
                parts.append(f"{target.name} {[float(number(value)) for value in mean[:6]]}{unit}")
            else:
                spread = f" ± {number(total)}" if total is not None else ""
                parts.append(f"{target.name} {number(mean)}{spread}{unit}")
        shown.append("  ".join(parts))
    if len(found) > SHOWN:
        shown.append(f"… {len(found):,} in all; --output FILE writes them")
    return shown
