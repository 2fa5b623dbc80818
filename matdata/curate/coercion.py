"""Numeric columns with some invalid cells: kept as numbers, the cells reported as missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from matdata.core.numerals import number_of_text

SHARE = 0.9  # of the present values; above it a column counts as numeric


class Coerced(NamedTuple):
    """A column of texts as numbers, and a note if some of them are none."""

    numbers: list[float | None]
    notes: list[str]


def as_numbers(name: str, column: Sequence[Any], ids: Sequence[Any]) -> Coerced | None:
    """A column (n,) with texts as numbers; None if most of them are not.

    A cell that is not a finite number in decimal notation becomes missing, and is counted.

    Parameters
    ----------
    name
        Name of the column, for the note.
    column
        Its cells.
    ids : (n,)
        Material ids.
    """
    numbers = numbers_of_texts(column)
    present = sum(value is not None for value in column)
    invalid = [k for k, value in enumerate(column) if value is not None and numbers[k] is None]
    if present - len(invalid) < SHARE * present:
        return None
    if not invalid:
        return Coerced(numbers, [])
    first, text = ids[invalid[0]], str(column[invalid[0]])[:40]
    verdict = "values is not a number" if len(invalid) == 1 else "values are not numbers"
    return Coerced(
        numbers,
        [
            f"{name}: {len(invalid):,} of {present:,} {verdict} and counted as missing "
            f"(first {first}: {text!r})"
        ],
    )


def numbers_of_texts(cells: Sequence[Any]) -> list[float | None]:
    """Cells as numbers, None where a cell is missing or no finite number in decimal notation."""
    return [_number(cell) for cell in cells]


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        value = number_of_text(value)
    try:
        number = None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None
