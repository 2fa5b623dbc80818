"""Configuration files: the options of a command as TOML, read strictly and written back whole."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.core.cache import storage_error
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.given import path_of, words
from matdata.core.options import Option, Values, merged
from matdata.core.redaction import redact
from matdata.store import files
from matdata.store.formats import FORMATS, upgraded

MAX_BYTES = 2**20
TEXT = "a text"
EXPECTED = {
    "text": TEXT,
    "int": "a whole number",
    "float": "a number",
    "flag": "true or false",
    "words": "a list of texts",
    "list": "a list of texts",
    "table": "a table ([{key}] with KEY = VALUE below it)",
    "tables": "tables ([{key}.NAME] with KEY = VALUE below each)",
}
KIND = "config"
#: Key by which a file can say for which version of the format it was written.
FORMAT = "config-format"
#: Options of every command that say how it reports, not what it makes.
COMMAND_LINE_ONLY = ("debug", "json", "log_file", "quiet", "repair", "verbose")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def read_config(path: str | Path, options: Sequence[Option]) -> JsonObject:
    """Read a configuration file.

    Parameters
    ----------
    path
        A TOML file. Its keys are the long options of the command, with dashes or underscores.
    options
        The options of the command.

    Returns
    -------
    dict
        By name of the option: text, numbers, true or false, tuples of texts, or mappings.

    Raises
    ------
    ConfigError
        If it is missing, too large or no TOML; if a key is unknown, with the closest known one; if
        a value has the wrong type, with the expected one. Messages name file and line.
    StoreError
        If it states a newer version of the format.
    """
    text = _text(path_of(path, "the configuration file"))
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    version = content.pop(FORMAT, FORMATS[KIND].version)
    content = upgraded(KIND, content, version, path)
    by_name = {option.name: option for option in options if option.in_file}
    values: JsonObject = {}
    for key, value in content.items():
        name = key.replace("-", "_")
        place = f"{path}{_line(text, key)}"
        option = by_name.get(name)
        if name in COMMAND_LINE_ONLY:
            raise ConfigError(
                f"{place}: {key} is an option of the command line alone",
                next_step=f"leave it out, and give --{name.replace('_', '-')} to the command",
            )
        if option is None:
            spelled = [one.replace("_", "-") for one in by_name]
            raise ConfigError(
                f"{place}: unknown option {key!r}{did_you_mean(name.replace('_', '-'), spelled)}",
                next_step=f"options: {', '.join(sorted(spelled))}",
            )
        if name in values:
            raise ConfigError(f"{place}: {key} stands there twice, with dashes and underscores")
        values[name] = _checked(option, value, place)
    return values


def over_config(
    config: str | Path | None, options: Sequence[Option], upper: Values,
    canonical: Callable[[Values, Values], Values],
) -> JsonObject:  # fmt: skip
    """Options over those of a configuration file, if there is one.

    Parameters
    ----------
    config, options
        As of `read_config`.
    upper, canonical
        As of `matdata.core.options.merged`.

    Raises
    ------
    ConfigError, StoreError
        As of both.
    """
    return merged({} if config is None else read_config(config, options), upper, canonical)


def _text(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror or error}", next_step="check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no UTF-8 text: {error}") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than 1 MiB, which no configuration is")
    return text


def _line(text: str, key: str) -> str:
    """The line where a key or its table stands, as ``:3``; empty where it cannot be found."""
    quoted = re.escape(key)
    start = rf"""^\s*(\[+\s*)?["']?{quoted}["']?\s*[\].=]"""
    match = re.search(start, text, re.MULTILINE)
    return "" if match is None else f":{text.count(chr(10), 0, match.end()) + 1}"


def _checked(option: Option, value: Any, place: str) -> Any:
    if not _fits(option, value):
        key = option.name.replace("_", "-")
        shown = f"{value!r}" if len(repr(value)) < 60 else f"{repr(value)[:60]}…"
        raise ConfigError(
            f"{place}: {key} is {shown}, expected {EXPECTED[option.kind].format(key=key)}"
        )
    if option.choices is not None and value not in option.choices:
        raise ConfigError(
            f"{place}: {option.name} is {value!r}{did_you_mean(value, option.choices)}",
            next_step=f"choose one of: {', '.join(option.choices)}",
        )
    if option.kind == "words" and isinstance(value, str):
        return words(value)
    if option.kind in ("words", "list"):
        return (value,) if isinstance(value, str) else tuple(value)
    return value


def _fits(option: Option, value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match option.kind:
        case "text":
            return isinstance(value, str)
        case "int":
            return number and isinstance(value, int)
        case "float":
            return number
        case "flag":
            return isinstance(value, bool)
        case "words" | "list":
            items = value if isinstance(value, list) else [value]
            return all(isinstance(item, str) for item in items)
        case "table":
            return isinstance(value, dict) and not _holds_tables(value)
        case "tables":
            tables = isinstance(value, dict) and all(isinstance(v, dict) for v in value.values())
            return tables and not any(map(_holds_tables, value.values()))


def _holds_tables(table: Mapping[str, object]) -> bool:
    return any(isinstance(value, dict) for value in table.values())


@dataclass(frozen=True)
class Entry:
    """One line of a configuration file: a comment above it where there is something to say.

    A value of None is written as a comment: nobody set it, and nothing has to.
    """

    key: str
    value: Any
    help: str = ""


def config_text(
    title: Sequence[str], entries: Sequence[Entry], tables: Mapping[str, Sequence[Entry]]
) -> str:
    """The text of a configuration file.

    Parameters
    ----------
    title
        Lines of the comment at its top.
    entries
        Options that stand alone.
    tables
        Tables by their dotted, already quoted names; empty ones are left out.
    """
    lines = [*(f"# {line}" for line in title), "", f"{FORMAT} = {FORMATS[KIND].version}"]
    for entry in entries:
        lines += ["", *_entry_lines(entry)]
    for name, rows in tables.items():
        if rows:
            lines += ["", f"[{name}]"]
            for row in rows:
                lines += _entry_lines(row)
    return "\n".join(lines) + "\n"


def _entry_lines(entry: Entry) -> list[str]:
    help_lines = [f"# {line}" for line in entry.help.splitlines()]
    if entry.value is None:
        return [*help_lines, f"# {quoted_key(entry.key)} ="]
    return [*help_lines, f"{quoted_key(entry.key)} = {toml_value(entry.value)}"]


def quoted_key(key: str) -> str:
    """A key as TOML writes it."""
    return key if _BARE.fullmatch(key) else _toml_text(key)


def toml_value(value: object) -> str:
    """A value as TOML writes it: true and false, numbers, texts, and lists of these.

    Raises
    ------
    TypeError
        If it has no such form.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _toml_text(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_value, value))}]"
    raise TypeError(f"TOML has no form of {type(value).__name__}")


def _toml_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_config(path: str | Path, text: str) -> None:
    """Write a configuration file atomically; secrets in it are hidden.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    shown = redact(text)
    if shown != text:
        shown = f"# A secret was hidden in this file: put it in again before you use it.\n{shown}"
    try:
        files.write_text(Path(path), shown)
    except OSError as error:
        raise storage_error(error, Path(path)) from error


def require(values: Mapping[str, object], options: Sequence[Option], config: str | Path) -> None:
    """Check that file and command line together say what a command cannot do without.

    Raises
    ------
    ConfigError
        Naming what is missing.
    """
    missing = [one.flag for one in options if one.required and one.name not in values]
    if missing:
        raise ConfigError(
            f"neither {config} nor the command line says {', '.join(missing)}",
            next_step=f"add {missing[0].removeprefix('--')} = … to the file, or give it",
        )
