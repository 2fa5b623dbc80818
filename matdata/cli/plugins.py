"""``matdata plugins``: what is installed beside the core, and what is wrong with it."""

from __future__ import annotations

import argparse

from matdata.cli.common import print_json, print_line, shown_value
from matdata.cli.plugin_probe import LIMIT, probe, registries
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, PluginError
from matdata.core.offers import UNINSTALL
from matdata.core.packages import install_command
from matdata.training import TRAINERS
from matdata.training.settings import TrainSettings

#: Settings of the loop that are listed under --set; all have a default and a meaning.
LOOP = "settings of the loop (--set train.KEY=VALUE)"


def run(given: argparse.Namespace) -> int:
    """Print what plugins offer, by kind; a broken one with its error.

    Raises
    ------
    ConfigError
        If the time limit is not a positive number of seconds.
    """
    limit = LIMIT if given.timeout is None else given.timeout
    if not 0 < limit < float("inf"):
        raise ConfigError(f"--timeout is {limit}, expected seconds above 0")
    plugins = [_one(given.name, limit)] if given.name else _all(limit)
    problems = [] if given.name else _problems()
    if given.json:
        print_json(_record(plugins, problems))
        return 0
    _print_all(plugins, problems)
    if given.name and plugins[0]["kind"] == TRAINERS.kind:
        _print_loop(plugins[0]["train"])
    return 0


def _one(name: str, limit: float) -> JsonObject:
    """One plugin.

    Raises
    ------
    PluginError
        If it is unknown or broken.
    """
    every = registries().values()
    registry = next((one for one in every if name in one.plugins()), TRAINERS)
    registry.offer(name)
    (plugin,) = _with_makers(probe([(registry.kind, name)], limit))
    if "broken" in plugin:
        raise PluginError(_line(plugin), next_step=UNINSTALL)
    return plugin


def _record(plugins: list[JsonObject], problems: list[dict[str, str]]) -> JsonObject:
    kinds = {
        "plugins": "trainer",
        "features": "feature",
        "sources": "source",
        "objectives": "objective",
        "derivations": "derivation",
        "importers": "importer",
        "commands": "command",
    }
    loop = [
        {"name": name, "default": default, "meaning": meaning}
        for name, default, meaning in TrainSettings.describe()
    ]
    listed = {key: [one for one in plugins if one["kind"] == kind] for key, kind in kinds.items()}
    return {**listed, "train": loop, "problems": problems}


def _all(limit: float) -> list[JsonObject]:
    items = [(kind, name) for kind, one in registries().items() for name in sorted(one.plugins())]
    return _with_makers(probe(items, limit))


def _with_makers(plugins: list[JsonObject]) -> list[JsonObject]:
    registry_of = registries()
    return [
        {**plugin, "distribution": registry_of[plugin["kind"]].plugins()[plugin["name"]].maker}
        for plugin in plugins
    ]


def _problems() -> list[dict[str, str]]:
    """What is registered and unusable; a distribution that cannot be read is reported once."""
    every = {
        (fault.name, fault.what): {
            "kind": kind,
            "name": fault.name,
            "distribution": fault.maker,
            "what": fault.what,
            "next_step": fault.next_step,
        }
        for kind, registry in registries().items()
        for fault in registry.faults()
    }
    return list(every.values())


def _print_all(plugins: list[JsonObject], problems: list[dict[str, str]]) -> None:
    if not TRAINERS.plugins():
        print_line(
            f"no trainers are installed; {install_command('models')} installs those of matdata"
        )
    for plugin in plugins:
        if "broken" in plugin or plugin["kind"] != TRAINERS.kind:
            print_line(_line(plugin))
            for query in plugin.get("queries", []):
                name, default = query["name"], shown_value(query["default"])
                print_line(f"  --query {name}={default}  {query['meaning']}")
        else:
            _print_trainer(plugin)
        if "broken" in plugin:
            print_line(f"  next step: {UNINSTALL}")
    for problem in problems:
        print_line(f"problem: {problem['what']}")
        print_line(f"  next step: {problem['next_step']}")


def _line(plugin: JsonObject) -> str:
    maker = f"({plugin['kind']} of {plugin['distribution']})"
    if "broken" in plugin:
        return f"{plugin['name']}: broken: {plugin['broken']} {maker}"
    return " ".join(filter(None, (plugin["name"], plugin.get("version"), maker)))


def _print_trainer(plugin: JsonObject) -> None:
    print_line(f"{plugin['name']} {plugin['version']}: {plugin['summary']}")
    print_line(f"  learns: {', '.join(plugin['tasks'])}")
    print_line(f"  reads: {', '.join(plugin['inputs'])}")
    print_line(f"  cite: {plugin['citation']}")
    for hyper in plugin["hypers"]:
        print_line(f"  hyper.{hyper['name']}={shown_value(hyper['default'])}  {hyper['meaning']}")
    if plugin["train"]:
        own = ", ".join(f"{k}={shown_value(v)}" for k, v in plugin["train"].items())
        print_line(f"  trains with: {own}")


def _print_loop(own: JsonObject) -> None:
    print_line(LOOP)
    for name, default, meaning in TrainSettings.describe():
        print_line(f"  train.{name}={shown_value(own.get(name, default))}  {meaning}")
