"""Frozen, strict settings: typed dataclasses that refuse unknown keys and wrong types.

A settings class is a frozen dataclass; the meaning of each field stands in its metadata, so that
help texts, validation and digests come from one place::

    @dataclass(frozen=True)
    class Cutoff(Settings):
        radius: float = setting(5.0, "cutoff radius in Å", minimum=0.0)
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, Self

from matdata.core.digest import digest_json
from matdata.core.errors import ConfigError, did_you_mean


def setting(
    default: Any,
    help: str,
    *,
    choices: tuple[Any, ...] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    view: bool = False,
    later: bool = False,
) -> Any:
    """A field of a `Settings` class: default, meaning, and the values it can take.

    A `view` says how a stored thing is looked at, not what is stored: it is no part of the
    identity. A setting that came `later` than what is stored already is one only where it differs
    from its default, so that what was stored keeps its identity.
    """
    return dataclasses.field(
        default=default,
        metadata={
            "help": help,
            "choices": choices,
            "minimum": minimum,
            "maximum": maximum,
            "view": view,
            "later": later,
        },
    )


@dataclasses.dataclass(frozen=True)
class Settings:
    """Base of all settings. Values are checked, and coerced from text, when one is made."""

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value = _coerce(getattr(self, field.name), hints[field.name], field.name)
            _check(value, field)
            object.__setattr__(self, field.name, value)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Make settings from a mapping.

        Raises
        ------
        ConfigError
            If a key is unknown (with the closest known one) or a value has the wrong type.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for key in values:
            if key not in known:
                raise ConfigError(
                    f"unknown setting {key!r} for {cls.__name__}{did_you_mean(key, known)}",
                    next_step=f"known settings: {', '.join(known) or 'none'}",
                )
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return dataclasses.asdict(self)

    def identity(self) -> dict[str, Any]:
        """The settings on which what is stored depends: no views, nor what came later unused."""
        idle = {
            f.name
            for f in dataclasses.fields(self)
            if f.metadata.get("view")
            or (f.metadata.get("later") and getattr(self, f.name) == f.default)
        }
        return {name: value for name, value in self.to_dict().items() if name not in idle}

    def digest(self) -> str:
        """SHA-256 (hex) of the identity."""
        return digest_json(self.identity())

    @classmethod
    def describe(cls) -> list[tuple[str, Any, str]]:
        """Each setting's name, default and meaning, for help texts and documentation."""
        return [
            (field.name, field.default, field.metadata.get("help", ""))
            for field in dataclasses.fields(cls)
        ]


def _coerce(value: Any, hint: Any, name: str) -> Any:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        options = typing.get_args(hint)
        if type(None) in options and (value is None or value in ("none", "null")):
            return None
        hint = next(option for option in options if option is not type(None))
    origin = typing.get_origin(hint)
    if origin is tuple:
        return _coerce_tuple(value, typing.get_args(hint)[0], name)
    if hint is bool:
        return _coerce_bool(value, name)
    if hint in (int, float, str):
        return _coerce_scalar(value, hint, name)
    if not isinstance(value, hint):
        raise _wrong_type(value, hint.__name__, name)
    return value


def _coerce_tuple(value: Any, item: Any, name: str) -> tuple[Any, ...]:
    if isinstance(value, str):
        value = [part for part in value.split(",") if part]
    if not isinstance(value, (list, tuple)):
        raise _wrong_type(value, "list", name)
    return tuple(_coerce(part, item, name) for part in value)


def _coerce_bool(value: Any, name: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if not isinstance(value, bool):
        raise _wrong_type(value, "true or false", name)
    return value


def _coerce_scalar(value: Any, hint: type, name: str) -> Any:
    wants_number = hint in (int, float)
    if isinstance(value, bool) or (hint is str and not isinstance(value, str)):
        raise _wrong_type(value, hint.__name__, name)
    if wants_number and not isinstance(value, (int, float, str)):
        raise _wrong_type(value, hint.__name__, name)
    if hint is int and isinstance(value, float) and not value.is_integer():
        raise _wrong_type(value, "int", name)
    try:
        found = hint(value)
    except (ValueError, OverflowError):
        raise _wrong_type(value, hint.__name__, name) from None
    if hint is float and not math.isfinite(found):
        raise _wrong_type(value, "a finite float", name)
    return found


def _check(value: Any, field: dataclasses.Field[Any]) -> None:
    choices = field.metadata.get("choices")
    if choices is not None and value not in choices:
        raise ConfigError(
            f"setting {field.name!r} is {value!r}{did_you_mean(str(value), map(str, choices))}",
            next_step=f"choose one of: {', '.join(map(str, choices))}",
        )
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    if value is not None and low is not None and value < low:
        raise ConfigError(f"setting {field.name!r} is {value!r}; expected at least {low}")
    if value is not None and high is not None and value > high:
        raise ConfigError(f"setting {field.name!r} is {value!r}; expected at most {high}")


def _wrong_type(value: Any, expected: str, name: str) -> ConfigError:
    return ConfigError(
        f"setting {name!r} expected {expected}, got {value!r} ({type(value).__name__})"
    )
