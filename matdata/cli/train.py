"""``matdata train PLUGIN DATASET``."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.core.cache import cache_dir
from matdata.core.documents import JsonObject
from matdata.core.options import Values
from matdata.core.packages import need_torch
from matdata.datasets.training import request_at_hand
from matdata.training.arguments import TRAIN_OPTIONS, canonical, config_of_train
from matdata.training.arguments import request_of as request_from
from matdata.training.request import Request

if TYPE_CHECKING:
    from matdata.training.run import Run


def run(given: argparse.Namespace) -> int:
    """Train a plugin; the same command goes on with a training that was stopped."""
    fields = fields_of(given)
    request = request_from(fields)
    need_torch()
    from matdata.training.folds import train_folds
    from matdata.training.train import train

    cache, name, console = cache_dir(fields.get("cache")), fields.get("name"), console_of(given)
    request = request_at_hand(request, cache, console)
    if given.write_config:
        _write_config(given.write_config, request, cache, fields)
    folds = fields.get("folds") is not None
    if folds:
        runs = train_folds(request, cache, name, console)
    else:
        runs = [train(request, cache, name, console)]
    from matdata.training.distributed import leads_here  # torch is there by now

    if not leads_here():
        return 0
    for line in next_steps(runs, fields.get("cache")):
        console.say(line)
    if given.json:
        records = [_record(one) for one in runs]
        print_json({"runs": records} if folds else records[0])
    return 0


def _record(run: Run) -> JsonObject:
    about = {"run": run.name, "folder": str(run.folder), "unchanged": run.unchanged}
    return {**about, **run.result()}


def _write_config(path: str, request: Request, cache: Path, fields: Values) -> None:
    from matdata.splits.folds import folds_named
    from matdata.store.catalogue import find_dataset
    from matdata.store.config_file import write_config
    from matdata.training.plan import ask

    one = request
    if fields.get("folds") is not None:
        folds = folds_named(find_dataset(cache, request.dataset), request.split)
        one = replace(request, split=folds[0][1])
    plan = ask(one, cache)
    text = config_of_train(request, plan.trainer, plan.settings.to_dict(), fields)
    write_config(path, text)


def next_steps(runs: Sequence[Run], cache: str | Path | None) -> list[str]:
    """The commands that come after trainings, with the cache where it was named."""
    from matdata.splits.saved import load_split
    from matdata.store.catalogue import find_dataset
    from matdata.training.folds import ALL

    where = [] if cache is None else ["--cache", str(cache)]
    lines = [f"next: `{shlex.join(['matdata', 'runs', *where])}` ranks runs by validation error"]
    first = runs[0]
    dataset = find_dataset(first.cache, first.dataset_ref)
    if len(load_split(dataset, first.split["name"]).parts.get("test", ())):
        folds = ["--folds", ALL] if len(runs) > 1 else []
        command = shlex.join(["matdata", "evaluate", first.name, *folds, *where])
        part = "part of every fold" if folds else "part"
        lines.append(f"      `{command}` opens the test {part}, once: after the choice of a model")
    return lines


def fields_of(given: argparse.Namespace) -> Values:
    """What arguments and configuration file ask for, by name of a field of the request.

    Raises
    ------
    PluginError, ConfigError
        If plugin, hyperparameter or setting is unknown, or a setting is given twice.
    """
    return joined(given, TRAIN_OPTIONS, canonical)


def request_of(given: argparse.Namespace) -> Request:
    """The request of `fields_of`."""
    return request_from(fields_of(given))
