"""Options of a command, described once: for its arguments, its configuration file and Python.

Most stand for a field of a `Settings` class and take kind, help and default from it.
"""

from __future__ import annotations

import dataclasses
import keyword
import os
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.given import words
from matdata.core.settings import Settings, meaning

#: ``words`` is a list that the command line takes with commas, ``list`` one of an option that can
#: be repeated; ``table`` holds values by key (``--filter KEY=VALUE``), ``tables`` values by name
#: and key (``--set FEATURE.KEY=VALUE``).
Kind = Literal["text", "int", "float", "flag", "words", "list", "table", "tables"]
Values = JsonMapping
_PAIR = re.compile(r"\w+=(?!=)")  # KEY=VALUE, where a condition has another operator


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes
    ----------
    name
        Its key; the argument is ``--name`` with dashes.
    help
        What it means.
    kind
        What it holds.
    default
        What holds where nobody says; None where that depends on something else.
    metavar, choices, group, aliases
        As the command line shows it.
    positional
        Whether the command line takes it by place.
    required
        Whether the command can do nothing without it.
    texts
        Of a table: the option that takes what the command line gives without a key.
    last
        Of a list that the command line takes by place: the option that the last of several is.
    in_file
        Whether a configuration file may hold it.
    in_arguments
        Whether the command line takes it here: a table of a file can have another form there, and
        ``--cache`` is an argument of all commands.
    """

    name: str
    help: str
    kind: Kind = "text"
    default: Any = None
    metavar: str | None = None
    choices: tuple[str, ...] | None = None
    group: str = ""
    aliases: tuple[str, ...] = ()
    positional: bool = False
    required: bool = False
    texts: str = ""
    last: str = ""
    in_file: bool = True
    in_arguments: bool = True

    @property
    def flag(self) -> str:
        """The argument of the command line."""
        return self.name if self.positional else f"--{self.name.replace('_', '-')}"

    @property
    def keyword(self) -> str:
        """The keyword in Python: the name, as PEP 8 writes those of the language (``from_``)."""
        return f"{self.name}_" if keyword.iskeyword(self.name) else self.name


def options_of(
    settings: type[Settings], names: Sequence[str] | None = None, **changes: Any
) -> tuple[Option, ...]:
    """Options that stand for fields of a settings class.

    Parameters
    ----------
    settings
        The class.
    names
        Which fields; all if not given.
    changes
        Fields of `Option` that differ, for all of them.
    """
    hints = typing.get_type_hints(settings)
    fields = {field.name: field for field in dataclasses.fields(settings)}
    options = []
    for name in fields if names is None else names:
        field = fields[name]
        own = {"kind": _kind(hints[name]), "default": field.default, **changes}
        options.append(Option(name, meaning(field), **own))
    return tuple(options)


def in_group(group: str, *options: Option) -> tuple[Option, ...]:
    """The options under a heading of the help."""
    return tuple(dataclasses.replace(option, group=group) for option in options)


def _kind(hint: object) -> Kind:
    if isinstance(hint, types.UnionType):
        hint = next(one for one in typing.get_args(hint) if one is not type(None))
    if typing.get_origin(hint) is tuple:
        return "words"
    kinds: dict[Any, Kind] = {bool: "flag", int: "int", float: "float"}
    return kinds.get(hint, "text")


def values_of_keywords(
    options: Sequence[Option], given: Values, elsewhere: Mapping[str, str] | None = None
) -> JsonObject:
    """What keywords of Python say, by name of the option, as a configuration file would say it.

    Parameters
    ----------
    options
        Those of the command.
    given
        By `Option.keyword`. A text stands for a list of one; for a table whose command line also
        takes texts without a key, texts are those. None says nothing where no value is the default.
    elsewhere
        How to write what is no option of its own, by its name: ``train={'schedule': …}``.

    Raises
    ------
    ConfigError
        If a keyword is unknown, with the closest known one, or a value is of another kind.
    """
    by_keyword = {option.keyword: option for option in options}
    values: JsonObject = {}
    for name, value in given.items():
        option = by_keyword.get(name)
        if option is None:
            other = (elsewhere or {}).get(name)
            raise ConfigError(
                f"unknown option {name!r}{'' if other else did_you_mean(name, by_keyword)}",
                next_step=f"write {other}" if other else f"options: {', '.join(by_keyword)}",
            )
        if value is None and (option.default is None or option.kind == "flag"):
            continue
        if not option.texts or isinstance(value, Mapping):
            values[option.name] = _plain(option, value)
            continue
        texts = next(one for one in options if one.name == option.texts)
        pairs, others = pairs_and_texts(_texts(texts, value))
        values |= {option.name: dict(pair.split("=", 1) for pair in pairs)} if pairs else {}
        values[texts.name] = (*values.get(texts.name, ()), *others)
    return values


def pairs_and_texts(given: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those of the form KEY=VALUE, and the others: a condition has another operator."""
    pairs = tuple(text for text in given if _PAIR.match(text))
    return pairs, tuple(text for text in given if not _PAIR.match(text))


def _plain(option: Option, value: Any) -> Any:
    """A value as its kind of option holds it."""
    if option.kind in ("table", "tables"):
        if not isinstance(value, Mapping):
            raise _wrong(option, value, "a mapping")
        inner = all(isinstance(one, Mapping) for one in value.values())
        if option.kind == "tables" and not inner:
            raise _wrong(option, value, "a mapping of mappings, such as {'ofm': {…}}")
        return {str(key): one for key, one in value.items()}
    if option.kind in ("words", "list"):
        return _texts(option, value)
    if option.kind == "flag" and not isinstance(value, bool):
        raise _wrong(option, value, "True or False")
    if option.choices is not None and value is not None and value not in option.choices:
        raise _wrong(option, value, f"one of {', '.join(option.choices)}")
    return value


def _texts(option: Option, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) and option.kind == "words":
        return words(value)
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    if isinstance(value, os.PathLike):
        return (os.fspath(value),)
    if not isinstance(value, (list, tuple)):
        raise _wrong(option, value, "a text, or a list of texts")
    for one in value:
        if not isinstance(one, (str, os.PathLike)):
            raise _wrong(option, value, "a text, or a list of texts")
    return tuple(os.fspath(one) if isinstance(one, os.PathLike) else one for one in value)


def _wrong(option: Option, value: object, expected: str) -> ConfigError:
    shown = repr(value) if len(repr(value)) < 60 else f"{repr(value)[:60]}…"
    return ConfigError(
        f"{option.keyword} is {shown}, expected {expected}", next_step=f"it means: {option.help}"
    )


def merged(
    lower: Values, upper: Values, canonical: Callable[[Values, Values], Values]
) -> JsonObject:
    """Options of a file with those of the command line or of Python laid over them.

    Parameters
    ----------
    lower, upper
        By name of the option; `upper` wins.
    canonical
        Turns the options of one place into what can be laid over another: two spellings of one
        option have one name then. Its second argument is all that is given.

    Raises
    ------
    ConfigError
        As `canonical`.
    """
    both = {**lower, **upper}
    return overlay(canonical(lower, both), canonical(upper, both))


def overlay(lower: Values, upper: Values) -> JsonObject:
    """Values of which those in `upper` win; tables are joined key by key."""
    joined = dict(lower)
    for key, value in upper.items():
        below = joined.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            joined[key] = overlay(below, value)
        else:
            joined[key] = value
    return joined
