"""Derivations as texts (``power10``, ``conformal:alpha=0.1``); importable without torch."""

from __future__ import annotations

import re

from matdata.core.errors import ConfigError
from matdata.evaluation.derive import DERIVATIONS
from matdata.evaluation.derive.base import Derivation

#: A comma between options; one within a value, such as the name of a column, has no KEY= after it.
_NEXT_KEY = re.compile(r",(?=\s*\w+=|$)")


def parse_derivation(text: str) -> Derivation:
    """The derivation of ``NAME`` or ``NAME:KEY=VALUE,KEY=VALUE``.

    Of one with a `positional` option its value may stand first without a key: ``hull:REF``.

    Raises
    ------
    ConfigError
        If the name or an option is unknown.
    """
    name, _, rest = text.partition(":")
    kind = DERIVATIONS.get(name)
    options: dict[str, str] = {}
    for pair in filter(None, _NEXT_KEY.split(rest)):
        key, equals, value = pair.partition("=")
        if not equals and kind.positional and not options:
            key, equals, value = kind.positional, "=", pair
        if not equals or key in options:
            raise ConfigError(
                f"derivation {text!r}: expected NAME:KEY=VALUE,KEY=VALUE with each key once"
            )
        options[key] = value
    return kind(kind.Options.from_mapping(options))


def as_derivation(step: str | Derivation) -> Derivation:
    """A derivation, parsed where it is a text.

    Raises
    ------
    ConfigError
        If a name or an option is unknown.
    """
    return parse_derivation(step) if isinstance(step, str) else step
