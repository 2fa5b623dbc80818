"""What several commands need: the cache, the console, lists and settings from text."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matdata.core.cache import cache_dir
from matdata.core.console import Console, one_line
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.core.given import folder_of, words
from matdata.core.printable import printable_json
from matdata.core.redaction import redact, redacted

if TYPE_CHECKING:
    from matdata.figures.formats import PictureSettings
    from matdata.housekeeping.report import Removal
    from matdata.training.run import Run


def cache_of(given: argparse.Namespace) -> Path:
    """The cache folder that the command works in."""
    return cache_dir(given.cache)


def console_of(given: argparse.Namespace) -> Console:
    """Where the command reports to; JSON keeps standard output for itself."""
    return Console(quiet=given.quiet, lines_to_stderr=given.json, verbose=given.verbose)


def pairs_of(pairs: list[str], option: str) -> dict[str, str]:
    """Settings from ``key=value``.

    Raises
    ------
    ConfigError
        If a pair has another form, or a key has two values.
    """
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ConfigError(f"{option} {pair!r}: expected KEY=VALUE")
        _put_once(values, key, value, f"{option} {key}")
    return values


def _put_once(values: dict[str, str], key: str, value: str, shown: str) -> None:
    if values.setdefault(key, value) != value:
        raise ConfigError(
            f"{shown} is given twice: {values[key]!r} and {value!r}", next_step="leave one out"
        )


def settings_of(pairs: list[str]) -> dict[str, JsonObject]:
    """Settings by feature from ``feature.key=value``.

    Raises
    ------
    ConfigError
        If a pair has another form, or a key has two values.
    """
    settings: dict[str, JsonObject] = {}
    for pair in pairs:
        left, equals, value = pair.partition("=")
        feature, dot, key = left.rpartition(".")
        if not equals or not dot or not key or not feature:
            raise ConfigError(f"--set {pair!r}: expected FEATURE.KEY=VALUE")
        _put_once(settings.setdefault(feature, {}), key, value, f"--set {left}")
    return settings


def shown_value(value: object) -> str:
    """A value of a setting as ``--set`` takes it."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def print_line(text: object = "") -> None:
    """Print one line of a result for people; see `Console`."""
    print(one_line(text))


def print_json(value: object) -> None:
    """Print a result for machines; secrets are hidden, and what a terminal would obey escaped."""
    print(printable_json(redacted(value), indent=1, default=lambda other: redact(str(other))))


def print_removal(removal: Removal, given: argparse.Namespace) -> None:
    """Print what a removal took away, or would take."""
    if given.json:
        print_json(removal.to_json())
    elif not given.quiet:
        for line in removal.lines():
            print_line(line)


def picture_settings(given: argparse.Namespace) -> PictureSettings:
    """Formats and style of pictures, as they are asked for.

    Raises
    ------
    ConfigError
        If one is unknown.
    """
    from matdata.figures.formats import PictureSettings

    return PictureSettings(words(given.format), given.style)


def numbers_of(text: str, option: str, example: str) -> list[float]:
    """Numbers from a text that separates them by commas.

    Raises
    ------
    ConfigError
        If one is no number.
    """
    try:
        return [float(word) for word in words(text)]
    except ValueError:
        raise ConfigError(f"{option} {text}: expected numbers such as {example}") from None


def output_folder(given: argparse.Namespace, run: Run, name: str) -> Path:
    """Where an analysis of a run is written: the folder ``--output``, else one of the run.

    Raises
    ------
    ConfigError
        If ``--output`` names a file: called before anything is computed.
    """
    return folder_of(given.output, "--output") if given.output else run.folder / name


def write_numbers(
    folder: Path,
    name: str,
    record: Mapping[str, object],
    tables: Mapping[str, Mapping[str, list[Any]]] | None = None,
) -> None:
    """Write what an analysis found: ``<name>.json``, and a Parquet file for each table.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    from matdata.core.cache import storage_error
    from matdata.store.files import write_json
    from matdata.store.tables import write_table

    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / f"{name}.json", record)
        for table, columns in (tables or {}).items():
            write_table(folder / f"{table}.parquet", columns)
    except OSError as error:
        raise storage_error(error, folder) from error
