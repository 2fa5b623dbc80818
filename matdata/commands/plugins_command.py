"""``matdata plugins``."""

from __future__ import annotations

import argparse
from typing import Any

from matdata.commands.common import print_json
from matdata.errors import ConfigError, MatdataError
from matdata.training import TRAINERS
from matdata.training.contract import Trainer
from matdata.training.settings import TrainSettings

#: Settings of the loop that are listed under --set; all have a default and a meaning.
LOOP = "settings of the loop (--set train.KEY=VALUE)"


def run(given: argparse.Namespace) -> int:
    """Print the trainers that are installed; a broken one with its error."""
    names = [given.name] if given.name else TRAINERS.names()
    found = [describe(name, strict=bool(given.name)) for name in names]
    if given.json:
        loop = [_setting(*item) for item in TrainSettings.describe()]
        print_json({"plugins": found, "train": loop})
        return 0
    if not found:
        print("no trainers are installed; `pip install` a plugin, for example plugins/roost")
    for plugin in found:
        _print(plugin)
    if given.name:
        own = found[0]["train"]
        print(LOOP)
        for name, default, meaning in TrainSettings.describe():
            print(f"  train.{name}={_default(own.get(name, default))}  {meaning}")
    return 0


def describe(name: str, strict: bool = False) -> dict[str, Any]:
    """What a plugin says about itself, or the error that it fails with.

    Raises
    ------
    PluginError
        If `strict` and the plugin is unknown or broken.
    """
    try:
        found: type[Trainer] = TRAINERS.get(name)
        made = found()
        hypers = [_setting(*item) for item in found.Hypers.describe()]
        return {
            "name": name,
            "version": found.version,
            "summary": found.summary,
            "citation": found.citation,
            "inputs": list(made.inputs()),
            "tasks": list(found.tasks),
            "hypers": hypers,
            "train": dict(found.defaults),
        }
    except (MatdataError, AttributeError, TypeError) as error:
        if strict:
            raise
        what = error.what if isinstance(error, MatdataError) else f"{error}"
        return {"name": name, "broken": what}


def _setting(name: str, default: Any, meaning: str) -> dict[str, Any]:
    return {"name": name, "default": default, "meaning": meaning}


def _default(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _print(plugin: dict[str, Any]) -> None:
    if "broken" in plugin:
        print(f"{plugin['name']}: broken: {plugin['broken']}")
        return
    print(f"{plugin['name']} {plugin['version']}: {plugin['summary']}")
    print(f"  learns: {', '.join(plugin['tasks'])}")
    print(f"  reads: {', '.join(plugin['inputs'])}")
    print(f"  cite: {plugin['citation']}")
    for hyper in plugin["hypers"]:
        print(f"  hyper.{hyper['name']}={_default(hyper['default'])}  {hyper['meaning']}")
    if plugin["train"]:
        own = ", ".join(f"{k}={_default(v)}" for k, v in plugin["train"].items())
        print(f"  trains with: {own}")


def need_torch() -> None:
    """Check that torch is there.

    Raises
    ------
    ConfigError
        With the command that installs it.
    """
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        raise ConfigError(
            "training and predicting need torch", next_step='pip install "matdata[train]"'
        )
