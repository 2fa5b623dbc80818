"""Metadata of a dataset beside its rows: units, licence, citation, description.

All of it is part of the dataset's identity, so that a corrected unit or licence is another
version and never replaces one in silence. No feature is computed from it: features belong to the
dataset without it (`matdata.store.dataset_folder.DatasetFolder.data_digest`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matdata.building.options import BuildOptions
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.licences import spdx_of
from matdata.core.printable import printable, printable_lines
from matdata.core.redaction import redacted
from matdata.core.units import MAX_LENGTH, canonical_unit, unit_in_header
from matdata.curate.rows import OWN_UNITS
from matdata.curate.source_names import GIVEN, RANK
from matdata.store.cells import NUMERIC
from matdata.store.user_metadata import MAX_LENGTHS, WORDS


@dataclass(frozen=True)
class DatasetMetadata:
    """What a dataset is and what its numbers mean.

    Attributes
    ----------
    units
        By column of the dataset's table, where they are known.
    licence, citation, description
        Empty where unknown.
    """

    units: dict[str, str]
    licence: str
    citation: str
    description: str


def user_metadata(origin: JsonMapping, options: BuildOptions) -> JsonObject:
    """Metadata from the options that differ from those of source and headers: in the identity.

    Parameters
    ----------
    origin
        The source's description of itself.
    options
        Of the build: ``unit``, ``licence``, ``citation``, ``description``.

    Raises
    ------
    ConfigError
        If a text is no unit, is too long, or holds letters that cannot be seen.
    """
    given = {column: _unit(column, unit) for column, unit in options.unit.items()}
    units = {
        column: unit
        for column, unit in sorted(given.items())
        if unit != (_of_source(column, _stated_units(origin)) or unit_in_header(column))
    }
    texts = {name: _text(name, getattr(options, name)) for name in WORDS}
    new = {name: text for name, text in texts.items() if text and text != origin.get(name, "")}
    return {**({"units": units} if units else {}), **new}


def dataset_metadata(
    origin: JsonMapping, kinds: Mapping[str, str], names: Mapping[str, str], options: BuildOptions
) -> DatasetMetadata:
    """Metadata of a dataset from source, headers and user; the user's win.

    Parameters
    ----------
    origin
        The source's description of itself.
    kinds
        By column of the source its kind (`matdata.store.cells`).
    names
        Under which names the dataset keeps them.
    options
        Of the build.

    Raises
    ------
    ConfigError
        As `user_metadata`; if a unit is given for a column that is not there or holds no numbers.
    """
    from_user = user_metadata(origin, options)
    units = _known_units(origin, kinds, names)
    for column, unit in options.unit.items():
        _require_numbers(column, str(unit), kinds, {kept: name for name, kept in names.items()})
    units |= from_user.get("units", {})
    energy = names.get(origin["energy_column"])
    if origin["energy_per"] == "cell" and energy in units:
        units.setdefault(RANK, f"{units[energy].removesuffix('/cell')}/atom")
    texts = {name: from_user.get(name) or origin.get(name, "") for name in WORDS}
    return DatasetMetadata(units, **texts)


def _stated_units(origin: JsonMapping) -> dict[str, str]:
    """Units that the source gives to its columns; origins of older snapshots know targets alone."""
    return {**origin.get("units", {}), **origin["targets"]}


def _of_source(column: str, units: Mapping[str, str]) -> str | None:
    """The unit that the source gives to a column of the dataset, which may have been renamed."""
    while column not in units and column.endswith(GIVEN):
        column = column.removesuffix(GIVEN)
    return units.get(column)


def _known_units(
    origin: JsonMapping, kinds: Mapping[str, str], names: Mapping[str, str]
) -> dict[str, str]:
    """Units by column of the dataset, as the source or else the columns' own names give them."""
    units, stated = dict(OWN_UNITS), _stated_units(origin)
    for name, kind in kinds.items():
        unit = stated.get(name) or (unit_in_header(name) if kind in NUMERIC else None)
        if unit and name in names:
            units[names[name]] = unit
    return units


def _require_numbers(
    column: str, unit: str, kinds: Mapping[str, str], names: Mapping[str, str]
) -> None:
    if column not in names:
        raise ConfigError(
            f"--unit names a column {column!r} that is not there{did_you_mean(column, names)}",
            next_step=f"columns: {', '.join(names)}",
        )
    if kinds[names[column]] not in NUMERIC:
        raise ConfigError(
            f"--unit {column}={unit}: the column holds no numbers",
            next_step="give units to columns of numbers",
        )


def _unit(column: str, value: object) -> str:
    """A unit in its one spelling, or as it is written; ``1`` for none."""
    text = str(value).strip()
    if not text or len(text) > MAX_LENGTH or text != printable(text) or _is_scale(text):
        raise ConfigError(
            f"--unit {column}={str(value)[:MAX_LENGTH]}: not a unit",
            next_step=f"at most {MAX_LENGTH} visible letters such as eV/atom; 1 for none",
        )
    return canonical_unit(text) or text


def _is_scale(text: str) -> bool:
    """Whether a text is a number other than 1, which alone is no unit."""
    try:
        return float(text) != 1.0
    except ValueError:
        return False


def _text(name: str, value: str | None) -> str:
    """A text of the user, bounded, without invisible characters and without secrets."""
    text = "" if value is None else str(value).strip()
    longest = MAX_LENGTHS[name]
    if len(text) > longest:
        raise ConfigError(
            f"--{name} has {len(text):,} letters; at most {MAX_LENGTHS[name]:,} are kept"
        )
    if text != printable_lines(text):
        raise ConfigError(f"--{name} holds letters that cannot be seen: {printable(text)[:200]}")
    return str(redacted(spdx_of(text) if name == "licence" else text))
