"""``matdata predict RUN WHAT``."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from matdata.cli.common import cache_of, console_of, print_json
from matdata.cli.plugins import need_torch
from matdata.core.errors import ConfigError, StructureError

if TYPE_CHECKING:
    from matdata.core.ledger import Reject
    from matdata.training.contract import Target
    from matdata.training.prediction import Predictions
    from matdata.training.run import Run

SHOWN = 20
#: Characters of a name that a line has room for.
NAME_SHOWN = 60
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
    found = _predict(find_run(cache_of(given), given.run), given.what, settings, given.derive)
    for line in reject_lines(found.rejects):
        console.warn(line)
    if given.output:
        found.write(given.output, given.members)
        console.say(f"wrote {len(found):,} predictions to {given.output}")
    if given.json:
        table = document_of(found.columns(given.members), found.described(given.members))
        rejects = [asdict(reject) for reject in found.rejects]
        derived = [dict(one) for one in found.derivations]
        more = {"derivations": derived} if derived else {}
        print_json({"run": given.run, **table, **more, "rejects": rejects})
    elif not given.output:
        for line in lines(found):
            console.say(line)
    return 0


def _predict(
    run: Run, what: Sequence[str], settings: dict[str, Any], derive: Sequence[str]
) -> Predictions:
    from matdata.evaluation.derive.chain import Chain
    from matdata.store.catalogue import datasets, find_dataset
    from matdata.training.memory_features import predict_memory
    from matdata.training.predict import predict_dataset

    dataset = len(what) == 1 and what[0].partition("@")[0] in datasets(run.cache)
    for text in what:
        require_one_meaning(text, dataset)
    if dataset:
        folder = find_dataset(run.cache, what[0])
        chain = Chain(run, derive, folder)
        return chain.apply(predict_dataset(run, folder, settings=settings), settings)
    chain = Chain(run, derive, None)
    try:
        return chain.apply(predict_memory(run, list(what), settings), settings)
    except StructureError as error:
        if len(what) > 1 or os.path.exists(what[0]):
            raise
        raise StructureError(
            f"{what[0][:200]} is no dataset of the cache, no file, and no formula: {error.what}",
            cause=error.cause,
            next_step="`matdata list` shows the datasets",
        ) from error


def require_one_meaning(text: str, dataset: bool) -> None:
    """Refuse an argument that could be two of a dataset, a formula and a file.

    Raises
    ------
    ConfigError
        With what to write for each.
    """
    from matdata.core.composition import parse_formula

    meanings = {"dataset": f"{text}@VERSION"} if dataset else {}
    with contextlib.suppress(StructureError):
        parse_formula(text)
        meanings["formula"] = f"({text})"
    if os.path.exists(text):
        meanings["file"] = f"./{text}"
    if len(meanings) > 1:
        raise ConfigError(
            f"{text!r} is the name of a {' and a '.join(meanings)}",
            next_step="write " + ", ".join(f"{how} for the {one}" for one, how in meanings.items()),
        )


def reject_lines(rejects: Sequence[Reject]) -> list[str]:
    """The first rejects as text."""
    shown = [f"{clipped(one.material_id)}: {one.reason}: {one.message}" for one in rejects[:SHOWN]]
    if len(rejects) > SHOWN:
        shown.append(f"… {len(rejects):,} materials have no prediction; --json tells all reasons")
    return shown


def clipped(name: str) -> str:
    """A name that fits a line."""
    return name if len(name) <= NAME_SHOWN else f"{name[:NAME_SHOWN]}…"


def lines(found: Predictions) -> list[str]:
    """The first predictions as text."""
    columns = found.columns()
    shown = []
    for row in range(min(len(found), SHOWN)):
        parts = [
            clipped(str(found.ids[row])),
            *(_told(columns, target, row) for target in found.targets),
        ]
        shown.append("  ".join(parts))
    if len(found) > SHOWN:
        shown.append(f"… {len(found):,} in all; --output FILE writes them")
    return shown


def _told(columns: dict[str, list[Any]], target: Target, row: int) -> str:
    """What is predicted of one target: a class with its probability, or numbers with a unit."""
    import numpy as np

    from matdata.cli.evaluate import number
    from matdata.training.prediction_columns import Statistic, column_of

    def cell(statistic: Statistic, label: str | None = None) -> Any:
        return columns[column_of(target, statistic, label).name][row]

    if target.task == "classification":
        best = cell(Statistic.CLASS)
        if best is None:
            return f"{target.name} -"
        label = target.labels[target.classes.index(best) if target.classes else best]
        return f"{target.name} {label} ({number(cell(Statistic.PROBABILITY, label))})"
    if target.task == "multi_label":
        chances = [cell(Statistic.PROBABILITY, label) for label in target.labels]
        pairs = zip(target.labels[:NUMBERS_SHOWN], chances, strict=False)
        more = ", …" if target.size > NUMBERS_SHOWN else ""
        return f"{target.name} " + ", ".join(f"{k} ({number(p)})" for k, p in pairs) + more
    mean, total = cell(Statistic.MEAN), cell(Statistic.TOTAL)
    unit = "" if target.unit == "1" else f" {target.unit}"
    if isinstance(mean, list):
        flat = np.ravel(mean).tolist()
        more = ", …" if len(flat) > NUMBERS_SHOWN else ""
        told = ", ".join(number(value) for value in flat[:NUMBERS_SHOWN])
        return f"{target.name} [{told}{more}]{unit}"
    spread = f" ± {number(total)}" if total is not None else ""
    return f"{target.name} {number(mean)}{spread}{unit}"
