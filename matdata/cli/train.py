"""``matdata train PLUGIN DATASET``."""

from __future__ import annotations

import argparse

from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.cli.plugins import need_torch
from matdata.core.cache import cache_dir
from matdata.core.options import Values
from matdata.training.arguments import TRAIN_OPTIONS, canonical, config_of_train
from matdata.training.arguments import request_of as request_from
from matdata.training.request import Request


def run(given: argparse.Namespace) -> int:
    """Train a plugin; the same command goes on with a training that was stopped."""
    fields = fields_of(given)
    request = request_from(fields)
    need_torch()
    from matdata.store.config_file import write_config
    from matdata.training.plan import ask
    from matdata.training.train import train

    cache, name = cache_dir(fields.get("cache")), fields.get("name")
    if given.write_config:
        plan = ask(request, cache)
        text = config_of_train(request, plan.trainer, plan.settings.to_dict(), name)
        write_config(given.write_config, text)
    trained = train(request, cache, name, console_of(given))
    if given.json:
        about = {"run": trained.name, "folder": str(trained.folder)}
        print_json({**about, "unchanged": trained.unchanged, **trained.result()})
    return 0


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
