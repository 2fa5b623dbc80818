"""``matdata train PLUGIN DATASET``."""

from __future__ import annotations

import argparse
from typing import Any

from matdata.cli.common import cache_of, console_of, pairs_of, print_json
from matdata.cli.plugins import need_torch
from matdata.core.errors import ConfigError
from matdata.training import TRAINERS
from matdata.training.request import Request
from matdata.training.settings import settings_from_pairs
from matdata.training.target_request import target_requests

FLAGS = (
    *("epochs", "batch_size", "lr", "loss", "clip", "patience", "ensemble", "seed", "device"),
    *("threads", "compile", "precision"),
)


def run(given: argparse.Namespace) -> int:
    """Train a plugin; the same command goes on with a training that was stopped."""
    request = request_of(given)
    need_torch()
    from matdata.training.train import train

    made = train(request, cache_of(given), given.name, console_of(given))
    if given.json:
        print_json({"run": made.name, "folder": str(made.folder), **made.result()})
    return 0


def request_of(given: argparse.Namespace) -> Request:
    """What the arguments ask for.

    Raises
    ------
    PluginError, ConfigError
        If plugin, hyper or setting is unknown, or a setting is given twice.
    """
    plugin = TRAINERS.get(given.plugin)
    settings, hypers = settings_from_pairs(pairs_of(given.set, "--set"), plugin)
    chosen: dict[str, Any] = dict(settings)
    flags: dict[str, Any] = {name: getattr(given, name) for name in FLAGS}
    if given.no_validation:
        flags["validation"] = False
    for name, value in flags.items():
        if value is None:
            continue
        if name in settings:
            raise ConfigError(f"{name} is given twice: by --{name.replace('_', '-')} and by --set")
        chosen[name] = value
    return Request(
        plugin=given.plugin,
        dataset=given.dataset,
        targets=tuple(given.target),
        split=given.split,
        hypers=hypers,
        settings=chosen,
        task=given.task,
        from_run=given.from_run,
        freeze=tuple(given.freeze),
        reinit=tuple(given.reinit),
        keep_normalizer=given.keep_normalizer,
        target_requests=target_requests(
            given.target, given.objective, given.axis, given.target_option
        ),
    )
