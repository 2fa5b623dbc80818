"""Options of a command, described once: for its arguments, its configuration file and Python.

Most stand for a field of a `Settings` class and take kind, help and default from it.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matdata.core.settings import Settings, meaning

#: ``words`` is a list that the command line takes with commas, ``list`` one of an option that can
#: be repeated; ``table`` holds values by key (``--filter KEY=VALUE``), ``tables`` values by name
#: and key (``--set FEATURE.KEY=VALUE``).
Kind = Literal["text", "int", "float", "flag", "words", "list", "table", "tables"]
Values = Mapping[str, Any]


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
    in_file: bool = True
    in_arguments: bool = True

    @property
    def flag(self) -> str:
        """The argument of the command line."""
        return self.name if self.positional else f"--{self.name.replace('_', '-')}"


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


def overlay(lower: Values, upper: Values) -> dict[str, Any]:
    """Values of which those in `upper` win; tables are joined key by key."""
    joined = dict(lower)
    for key, value in upper.items():
        below = joined.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            joined[key] = overlay(below, value)
        else:
            joined[key] = value
    return joined
