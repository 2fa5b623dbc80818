"""Commands of plugins: listed without importing them, parsed and run as the core's own are.

What a plugin does wrong shows when its command is asked for, and in ``matdata plugins``; other
commands know nothing of it.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import sys
from dataclasses import fields
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matdata.cli.commands import COMMANDS, module_of
from matdata.cli.description import Description
from matdata.core.errors import ConfigError, MatdataError, PluginError
from matdata.core.offers import UNINSTALL, Offer
from matdata.core.registry import Registry

if TYPE_CHECKING:
    from matdata.core.options import Option
    from matdata.plugin.command import Command

#: The core's own names win; `Registry` reports a plugin that takes one.
PLUGIN_COMMANDS: Registry[type[Command[Any]]] = Registry(
    "command",
    "matdata.commands",
    {name: f"{module_of(name)}:run" for name in COMMANDS},
    ConfigError,
    base="matdata.plugin.command:Command",
    needs=("summary",),
)
LONGEST_SOURCE = 1_000_000  # bytes that are searched for a summary
LONGEST_SUMMARY = 120
TYPES = {"int": int, "float": float}


def summary_of(offer: Offer) -> str:
    """One line about a command, without importing it: of its class, else of its distribution."""
    from matdata.core.console import one_line

    text = ""
    with contextlib.suppress(Exception):  # sources and metadata of others may hold anything
        text = _stated(offer) or offer.point.dist.metadata["Summary"] or ""  # type: ignore[union-attr]
    return one_line(text)[:LONGEST_SUMMARY] or f"a command of {one_line(offer.distribution)}"


def _stated(offer: Offer) -> str | None:
    """The literal ``summary`` of the class that an entry point names."""
    module, _, name = offer.value.partition(":")
    source = _source_of(module.strip())
    if source is None or source.stat().st_size > LONGEST_SOURCE:
        return None
    for node in ast.parse(source.read_bytes()).body:
        if isinstance(node, ast.ClassDef) and node.name == name.strip():
            return _literal(node, "summary")
    return None


def _literal(node: ast.ClassDef, name: str) -> str | None:
    for line in node.body:
        targets = line.targets if isinstance(line, ast.Assign) else []
        targets = [line.target] if isinstance(line, ast.AnnAssign) else targets
        named = any(isinstance(one, ast.Name) and one.id == name for one in targets)
        value = getattr(line, "value", None)
        if named and isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return None


def _source_of(module: str) -> Path | None:
    """The source of a module, found as Python finds it; packages on the way are not imported."""
    path: Any = None
    parts = module.split(".")
    for place in range(len(parts)):
        spec = PathFinder.find_spec(".".join(parts[: place + 1]), path)
        if spec is None:
            return None
        path = spec.submodule_search_locations
    origin = spec.origin if spec is not None else None
    return Path(origin) if origin and origin.endswith(".py") else None


def add_all(
    commands: argparse._SubParsersAction[Any], asked: str | None
) -> list[argparse.ArgumentParser]:
    """Add the commands of plugins to the parser of the command line.

    Parameters
    ----------
    commands
        The core's.
    asked
        The command whose options are added, which imports it; those of all that work if None.

    Raises
    ------
    PluginError
        If the command that is asked for cannot be used.
    """
    if asked in COMMANDS:
        return []
    offers = PLUGIN_COMMANDS.plugins()
    if asked and asked in PLUGIN_COMMANDS and asked not in offers:
        PLUGIN_COMMANDS.offer(asked)  # raises: it is registered, and unusable
    added = []
    for name in sorted(offers):
        described = Description("", ())
        options: tuple[Option, ...] = ()
        if asked in (None, name):
            try:
                described, options = _described(name)
            except PluginError:
                if asked == name:
                    raise
        help_text = summary_of(offers[name]).replace("%", "%%")
        text = str(described).replace("%", "%%") if described.text else help_text
        one = commands.add_parser(name, help=help_text, description=text)
        for option in options:
            _add(one, option)
        added.append(one)
    return added


def _described(name: str) -> tuple[Description, tuple[Option, ...]]:
    """What the help of a command says, and its options.

    Raises
    ------
    PluginError
        If the plugin cannot be imported, or has options that no command can have.
    """
    from matdata.core.console import one_line

    command, maker = PLUGIN_COMMANDS.get(name), PLUGIN_COMMANDS.offer(name).maker
    try:
        options = options_of_plugin(command)
        taken = sorted({option.name for option in options} & _everywhere())
        if taken:
            raise ValueError(f"{', '.join(taken)} are options of every command")
        examples = tuple(map(one_line, command.examples))
        return Description(one_line(command.description or command.summary), examples), options
    except Exception as error:
        raise PluginError(
            f"command {name!r} of {maker} has options that cannot be used: {error}",
            next_step=UNINSTALL,
        ) from error


def _everywhere() -> set[str]:
    from matdata.cli.arguments import add_common

    parser = argparse.ArgumentParser(add_help=False)
    add_common(parser)
    return {"help", "command", *(action.dest for action in parser._actions)}


def options_of_plugin(command: type[Command[Any]]) -> tuple[Option, ...]:
    """The options of a command, as `Option`s; a last underscore of a name is left out."""
    from dataclasses import replace

    from matdata.core.options import options_of

    known = {field.name for field in fields(command.Options)}
    lacking = [name for name in command.positional if name not in known]
    if lacking:
        raise ValueError(f"no option {', '.join(lacking)} to be taken by place")
    order = {name: place for place, name in enumerate(command.positional)}
    made = sorted(options_of(command.Options), key=lambda one: order.get(one.name, len(order)))
    choices = {f.name: f.metadata.get("choices") for f in fields(command.Options)}
    return tuple(
        replace(
            one,
            name=one.name.rstrip("_"),
            positional=one.name in order,
            choices=choices[one.name] if one.kind == "text" else None,
        )
        for one in made
    )


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    """Add one argument; what is not given is None, so that the default of `Options` holds."""
    more: dict[str, Any] = {"help": _help(option), "default": None}
    several = option.kind in ("words", "list")
    if option.kind == "flag" and not option.positional:
        more["action"] = argparse.BooleanOptionalAction if option.default else "store_true"
    else:
        more |= {"type": TYPES.get(option.kind), "choices": option.choices}
    if option.positional:
        parser.add_argument(option.name, nargs="*" if several else "?", **more)
        return
    if several:
        more |= {"nargs": "+", "action": "extend"}
    if option.kind != "flag":
        more["metavar"] = option.metavar or option.name.upper()
    parser.add_argument(option.flag, dest=option.name, **more)


def _help(option: Option) -> str:
    shown = option.kind != "flag" and option.default not in (None, "", ())
    text = f"{option.help} (default: {option.default})" if shown else option.help
    return text.replace("%", "%%")


def run(given: argparse.Namespace) -> int:
    """Run the command of a plugin that was parsed; returns its exit code.

    Raises
    ------
    MatdataError
        Of the command.
    PluginError
        If the command fails in a way that is none of matdata's.
    """
    from matdata.cli.common import cache_of, console_of, print_json, print_line
    from matdata.core.exit_codes import ExitCode
    from matdata.core.streams import OutputError
    from matdata.plugin.command import CommandContext

    command = PLUGIN_COMMANDS.get(given.command)
    options = command.Options.from_mapping(_values(command, given))
    context = CommandContext(cache_of(given), console_of(given), given.quiet)
    try:
        # What is printed on the way must not become part of the document.
        with contextlib.redirect_stdout(sys.stderr) if given.json else contextlib.nullcontext():
            result = command().run(options, context)
            document, lines = (result.to_json(), ()) if given.json else ({}, result.lines())
        if given.json:
            print_json(document)
        elif not given.quiet:
            for line in lines:
                print_line(line)
    except (MatdataError, OutputError, ImportError):
        raise
    except Exception as error:
        maker = PLUGIN_COMMANDS.offer(given.command).maker
        raise PluginError(
            f"command {given.command!r} of {maker} fails: {type(error).__name__}: {error}",
            next_step="--debug shows where; report it to the authors of that distribution",
        ) from error
    return ExitCode.DONE


def _values(command: type[Command[Any]], given: argparse.Namespace) -> dict[str, object]:
    """What the command line says, by field of the options."""
    values = {f.name: getattr(given, f.name.rstrip("_"), None) for f in fields(command.Options)}
    return {name: value for name, value in values.items() if value not in (None, [])}
