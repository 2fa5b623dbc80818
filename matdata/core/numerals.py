"""Which texts are numbers, by plain decimal notation and not all of Python's, and which cells."""

from __future__ import annotations

import math
import re
from typing import TypeGuard

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MAX_INT = 2**63 - 1


def number_of_text(text: str) -> int | float | None:
    """The number of a text in decimal notation, or None.

    ``5``, ``-0.5``, ``.5`` and ``1e-3`` are numbers, with blanks around them or not. ``1_000``,
    ``0x10``, ``١٢``, ``5,1``, ``inf`` and ``1e400`` (which no float64 holds) are not.
    """
    stripped = text.strip()
    if not _DECIMAL.fullmatch(stripped):
        return None
    if stripped.lstrip("+-").isdigit() and len(stripped) < 20:
        whole = int(stripped)
        if abs(whole) <= _MAX_INT:
            return whole
    number = float(stripped)
    return number if math.isfinite(number) else None


def is_number(cell: object) -> TypeGuard[int | float]:
    """Whether a cell of a table is a number, which true and false are not."""
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)
