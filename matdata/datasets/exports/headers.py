"""Headers with units, for formats that have no other place for them: ``gap (eV)``.

A source reads such a header (`matdata.core.units`), and knows the units of some names without
(`matdata.sources.roles.UNITS`), which therefore stay as they are.
"""

from __future__ import annotations

from matdata.core.errors import ConfigError
from matdata.core.units import unit_in_header, with_unit
from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.kinds import is_number
from matdata.sources.roles import UNITS


def headers_of(content: Exported) -> dict[str, str]:
    """By column that is written its header.

    Raises
    ------
    ConfigError
        If two columns would have one header.
    """
    headers = {
        name: _header(name, content.units.get(name, ""), content) for name in content.names.values()
    }
    seen: dict[str, str] = {}
    for name, header in headers.items():
        if seen.setdefault(header, name) != name:
            raise ConfigError(
                f"{seen[header]!r} and {name!r} would both be written as {header!r}",
                next_step="write parquet or hf, whose columns have units beside their names",
            )
    return headers


def renamed(content: Exported) -> dict[str, str]:
    """Columns whose header holds a unit that their name does not, with the header."""
    return {name: text for name, text in headers_of(content).items() if name != text}


def without_place(content: Exported) -> list[str]:
    """Columns whose unit a rebuild does not find: no header can state it."""
    headers = headers_of(content)
    return [
        name
        for name in content.names.values()
        if _read_again(headers[name], name, content) != content.units.get(name, "")
    ]


def _header(name: str, unit: str, content: Exported) -> str:
    implied = _read_again(name, name, content)
    if implied == unit:
        return name
    header = with_unit(name, unit)
    # A unit of no table is lost, and another one that the name alone implies would be wrong.
    return header if implied or _read_again(header, name, content) == unit else name


def _read_again(header: str, name: str, content: Exported) -> str:
    """The unit that a rebuild gives a column of this header."""
    kind = content.types.get(name)
    if kind is None:  # id and formula
        return ""
    is_target = is_number(kind) and name in content.targets
    of_target = UNITS.get(header, "") if is_target else ""
    return of_target or unit_in_header(header) or ""
