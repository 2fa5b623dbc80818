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
import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from matdata.core.digest import digest_json
from matdata.core.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from typing import ClassVar, Protocol, TypeVar

    class _Dataclass(Protocol):
        __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    Preset = TypeVar("Preset", bound=_Dataclass)

#: Types whose values can be given as text.
_PLAIN = (bool, int, float, str, type(None))


def setting(
    default: object,
    help: str,
    *,
    choices: tuple[object, ...] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    view: bool = False,
    verbatim: bool = False,
    later: bool = False,
) -> Any:
    """A field of a `Settings` class: default, meaning, and the values it can take.

    `minimum` and `maximum` are values that it can take, `above` is none. A `view` says how a stored
    thing is looked at, not what is stored: it is no part of the identity. A `verbatim` text is a
    name, of which ``none`` is one like any other. A `later` one came when things were stored
    without it: at its default it is no part of the identity, so that they keep theirs.
    """
    metadata = {
        "help": help,
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
        "above": above,
        "view": view,
        "verbatim": verbatim,
        "later": later,
    }
    if isinstance(default, Mapping):  # one that could be changed would be shared
        return dataclasses.field(default_factory=lambda: dict(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Base of all settings. Values are checked, and coerced from text, when one is made."""

    #: Whether numbers, truth values and lists can be given as text, as a command line does, and
    #: whole numbers with a point.
    from_text: typing.ClassVar[bool] = True

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not self.from_text:
                _require_exact(hints[field.name], value, field.name)
            if not (field.metadata.get("verbatim") and isinstance(value, str)):
                value = _coerce(value, hints[field.name], field.name)
            _check(value, field)
            object.__setattr__(self, field.name, value)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Self:
        """Make settings from a mapping.

        Raises
        ------
        ConfigError
            If a key is unknown (with the closest known one) or a value has the wrong type.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        for key in values:
            if key not in names:
                raise ConfigError(
                    f"unknown setting {key!r} for {cls.__name__}{did_you_mean(key, names)}",
                    next_step=f"known settings: {', '.join(names) or 'none'}",
                )
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return dataclasses.asdict(self)

    def identity(self) -> dict[str, Any]:
        """The settings on which what is stored depends: no views, no later ones at a default."""
        views = {field.name for field in dataclasses.fields(self) if field.metadata.get("view")}
        values, later = self.to_dict(), self.later()
        return {
            name: value
            for name, value in values.items()
            if name not in views and (name not in later or value != later[name])
        }

    @classmethod
    def later(cls) -> dict[str, Any]:
        """The defaults of later settings: what one that an identity does not name was."""
        chosen = (field for field in dataclasses.fields(cls) if field.metadata.get("later"))
        return {field.name: _default(field) for field in chosen}

    def digest(self) -> str:
        """SHA-256 (hex) of the identity."""
        return digest_json(self.identity())

    def applied_to(self, preset: Preset) -> Preset:
        """A preset, any dataclass, with the values of its fields that are not None here."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(preset)}
        given = {name: value for name, value in values.items() if value is not None}
        return dataclasses.replace(preset, **given)

    @classmethod
    def describe(cls) -> list[tuple[str, Any, str]]:
        """Each setting's name, default and meaning, for help texts and documentation."""
        return [(field.name, _default(field), meaning(field)) for field in dataclasses.fields(cls)]


def _texts(choices: Iterable[object]) -> list[str]:
    """Choices as a command line and a file take them: None is ``none``."""
    return ["none" if one is None else str(one) for one in choices]


def meaning(field: dataclasses.Field[Any]) -> str:
    """The meaning of a setting, with its choices where the text does not name them all."""
    text: str = field.metadata.get("help", "")
    choices = _texts(field.metadata.get("choices") or ())
    if set(choices) <= set(re.findall(r"[\w.+-]+", text)):
        return text
    return f"{text} ({', '.join(choices)})"


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _coerce(value: Any, hint: Any, name: str) -> Any:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        options = typing.get_args(hint)
        if type(None) in options and (value is None or value in ("none", "null")):
            return None
        classes = tuple(one for one in options if isinstance(one, type) and one not in _PLAIN)
        if isinstance(value, classes):
            return value
        hint = next(option for option in options if option is not type(None))
    if hint in (Any, object):
        return value
    origin = typing.get_origin(hint)
    if origin is tuple:
        return _coerce_tuple(value, typing.get_args(hint)[0], name)
    if origin is not None:
        return _coerce_mapping(value, origin, name)
    if isinstance(value, np.generic):
        value = value.item()
    if hint is bool:
        return _coerce_bool(value, name)
    if hint in (int, float, str):
        return _coerce_scalar(value, hint, name)
    if not isinstance(value, hint):
        raise _wrong_type(value, hint.__name__, name)
    return value


def _require_exact(hint: object, value: object, name: str) -> None:
    """Refuse text, and a number with a point, where something else or a whole number belongs."""
    takes = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    text = isinstance(value, str) and str not in takes
    pointed = isinstance(value, (float, np.floating)) and int in takes and float not in takes
    if (text or pointed) and not {Any, object} & {*takes}:
        kinds = " or ".join(getattr(one, "__name__", str(one)) for one in takes)
        raise _wrong_type(value, kinds, name)


def _coerce_mapping(value: object, kind: object, name: str) -> Any:
    if kind is not Mapping:
        raise TypeError(f"setting {name!r} has a type that settings do not know: {kind}")
    if not isinstance(value, Mapping):
        raise _wrong_type(value, "a mapping", name)
    return value


def _coerce_tuple(value: object, item: object, name: str) -> tuple[Any, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise _wrong_type(value, "list", name)
    return tuple(_coerce(part, item, name) for part in value)


def _coerce_bool(value: object, name: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if not isinstance(value, bool):
        raise _wrong_type(value, "true or false", name)
    return value


def _coerce_scalar(value: object, hint: type, name: str) -> Any:
    wants_number = hint in (int, float)
    if isinstance(value, bool) or (hint is str and not isinstance(value, str)):
        raise _wrong_type(value, hint.__name__, name)
    if wants_number and not isinstance(value, (int, float, str)):
        raise _wrong_type(value, hint.__name__, name)
    if hint is int and isinstance(value, float) and not value.is_integer():
        raise _wrong_type(value, "int", name)
    try:
        number = hint(value)
    except (ValueError, OverflowError):
        raise _wrong_type(value, hint.__name__, name) from None
    if hint is float and not math.isfinite(number):
        raise _wrong_type(value, "a finite float", name)
    return number


def _check(value: object, field: dataclasses.Field[Any]) -> None:
    choices = field.metadata.get("choices")
    if choices is not None and value not in choices:
        raise ConfigError(
            f"setting {field.name!r} is {value!r}{did_you_mean(str(value), _texts(choices))}",
            next_step=f"choose one of: {', '.join(_texts(choices))}",
        )
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    above = field.metadata.get("above")
    if value is not None and above is not None and not value > above:
        raise ConfigError(f"setting {field.name!r} is {value!r}; expected above {above}")
    if value is not None and low is not None and value < low:
        raise ConfigError(f"setting {field.name!r} is {value!r}; expected at least {low}")
    if value is not None and high is not None and value > high:
        raise ConfigError(f"setting {field.name!r} is {value!r}; expected at most {high}")


def _wrong_type(value: object, expected: str, name: str) -> ConfigError:
    return ConfigError(
        f"setting {name!r} expected {expected}, got {value!r:.200} ({type(value).__name__})",
        next_step=f"give {name} as {expected}",
    )
