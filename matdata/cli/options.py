"""Arguments of a command made from its `Option`s, and joined with its configuration file."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matdata.core.options import Option, Values

#: Where the options of commands with a configuration file are described.
TABLES = {
    "build": "matdata.building.arguments:BUILD_OPTIONS",
    "featurize": "matdata.building.arguments:FEATURIZE_OPTIONS",
    "discover": "matdata.evaluation.arguments:DISCOVER_OPTIONS",
    "embed": "matdata.evaluation.similarity.arguments:EMBED_OPTIONS",
    "evaluate": "matdata.evaluation.arguments:EVALUATE_OPTIONS",
    "hull": "matdata.stability.options:HULL_OPTIONS",
    "nearest": "matdata.evaluation.similarity.arguments:NEAREST_OPTIONS",
    "predict": "matdata.evaluation.arguments:PREDICT_OPTIONS",
    "screen": "matdata.evaluation.screening.arguments:SCREEN_OPTIONS",
    "split": "matdata.splits.arguments:SPLIT_OPTIONS",
    "substitute": "matdata.building.substitute_arguments:SUBSTITUTE_OPTIONS",
    "sweep": "matdata.evaluation.sweep.arguments:SWEEP_OPTIONS",
    "train": "matdata.training.arguments:TRAIN_OPTIONS",
    "work": "matdata.building.arguments:WORK_OPTIONS",
}
TYPES = {"int": int, "float": float}
METAVARS = {"int": "N", "float": "X", "words": "A,B"}


def options_of_command(command: str) -> tuple[Option, ...]:
    """The options of a command; none for one without a configuration file."""
    if command not in TABLES:
        return ()
    module, _, name = TABLES[command].partition(":")
    table: tuple[Option, ...] = getattr(import_module(module), name)
    return table


def add_options(
    parser: argparse.ArgumentParser, options: Sequence[Option], *, with_file: bool = True
) -> None:
    """Add the arguments of a command. What is not given is None: a file may say it.

    Parameters
    ----------
    parser
        The parser of the command.
    options
        Its options.
    with_file
        Whether there is a file, so that even what the command line takes by place may be left out.
    """
    positional = [one.name for one in options if one.positional]
    parser.usage = f"{parser.prog} {' '.join(positional)} [options]"
    groups: dict[str, Any] = {"": parser}
    parser.set_defaults(**{one.last: None for one in options if one.last})
    for option in options:
        if option.in_arguments:
            if option.group not in groups:
                groups[option.group] = parser.add_argument_group(option.group)
            _add(groups[option.group], option, with_file)
    files = parser.add_argument_group("options in a file")
    files.add_argument(
        "--config", metavar="FILE", help="read options from a TOML file; arguments win"
    )
    files.add_argument(
        "--write-config", metavar="FILE", help="write all options as they are in effect"
    )


class _WithLast(argparse.Action):
    """Takes several values, of which the last one is another option's."""

    def __init__(self, *names: Any, last: str, **more: Any) -> None:
        super().__init__(*names, **more)
        self._last = last

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the values; a single one is none of another option."""
        *first, last = values or [None]
        setattr(namespace, self.dest, first or values or None)
        if first:
            setattr(namespace, self._last, last)


class _Words(argparse.Action):
    """Takes words separated by commas; those of an option that is repeated are joined."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the words, after those that were given before."""
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, values if before is None else f"{before},{values}")


def _add(group: Any, option: Option, with_file: bool) -> None:
    more: dict[str, Any] = {"help": option.help}
    if option.positional:
        one, several = ("?", "*") if with_file else (None, "+")
        if option.last:
            more["action"] = functools.partial(_WithLast, last=option.last)
        group.add_argument(option.name, nargs=several if option.kind == "list" else one, **more)
        return
    if option.kind == "flag" and option.default:  # --name switches on what a file switched off
        more["action"] = argparse.BooleanOptionalAction
    elif option.kind == "flag":
        more |= {"action": "store_const", "const": True}
    else:
        more |= {
            "metavar": option.metavar or METAVARS.get(option.kind),
            "type": TYPES.get(option.kind),
            "choices": option.choices,
        }
    if option.kind == "words":
        more["action"] = _Words
    if option.kind in ("list", "table", "tables"):
        keys = {"table": "KEY=VALUE", "tables": "FEATURE.KEY=VALUE"}
        more |= {"action": "append", "metavar": keys.get(option.kind, option.metavar or "A,B")}
    aliases = [f"--{alias}" for alias in option.aliases]
    group.add_argument(option.flag, *aliases, dest=option.name, **more)


def missing_arguments(given: argparse.Namespace, options: Sequence[Option]) -> list[str]:
    """What the command line alone cannot do without, and lacks."""
    return [one.flag for one in options if one.required and getattr(given, one.name) is None]


def values_of(given: argparse.Namespace, options: Sequence[Option]) -> dict[str, Any]:
    """What the command line says, by name of the option.

    Raises
    ------
    ConfigError
        If a pair is not of the form KEY=VALUE.
    """
    values: dict[str, Any] = {}
    for option in options:
        value = getattr(given, option.name, None)
        if value is None or value == []:
            continue
        if option.texts:
            from matdata.core.options import pairs_and_texts

            value, texts = pairs_and_texts(value)
            values |= {option.texts: texts} if texts else {}
        if value or not option.texts:
            values[option.name] = _plain(option, value)
    return values


def _plain(option: Option, value: Any) -> Any:
    from matdata.cli.common import pairs_of, settings_of
    from matdata.core.given import words

    if option.kind == "words":
        return words(value)
    if option.kind == "list":
        return tuple(value)
    if option.kind == "table":
        return pairs_of(value, option.flag)
    return settings_of(value) if option.kind == "tables" else value


def joined(
    given: argparse.Namespace,
    options: Sequence[Option],
    canonical: Callable[[Values, Values], Values],
) -> Values:
    """What file and command line say together; the command line wins.

    Parameters
    ----------
    given
        The arguments, with ``config``.
    options
        Those of the command.
    canonical
        As of `matdata.core.options.merged`.

    Raises
    ------
    ConfigError
        If one of them holds what is no option or value, or something required is missing.
    """
    upper = values_of(given, options)
    if given.config is None:
        return canonical(upper, upper)
    from matdata.core.options import merged
    from matdata.store.config_file import read_config, require

    lower = read_config(given.config, options)
    require({**lower, **upper}, options, given.config)
    return merged(lower, upper, canonical)
