"""Numeric columns with some invalid cells: kept as numbers, the cells reported as missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matdata.core.numerals import number_of_text

SHARE = 0.9  # of the present values; above it a column counts as numeric


def numeric_columns(
    table: Mapping[str, Sequence[Any]], names: Iterable[str]
) -> tuple[dict[str, list[Any]], list[str]]:
    """The table with the columns `names` as numbers, and one note per column with invalid cells.

    A cell that is not a finite number in decimal notation becomes missing, and is counted. A column
    of mostly text stays text.

    Parameters
    ----------
    table
        Columns, ``material_id`` among them.
    names
        Targets, and the column of energies.
    """
    converted = {name: list(column) for name, column in table.items()}
    notes = []
    for name in dict.fromkeys(names):
        column = converted.get(name, [])
        if not any(isinstance(value, str) for value in column):
            continue
        numbers = [_number(value) for value in column]
        present = sum(value is not None for value in column)
        invalid = [k for k, value in enumerate(column) if value is not None and numbers[k] is None]
        if present - len(invalid) < SHARE * present:
            continue
        converted[name] = numbers
        if invalid:
            first, text = converted["material_id"][invalid[0]], str(column[invalid[0]])[:40]
            verdict = "values is not a number" if len(invalid) == 1 else "values are not numbers"
            notes.append(
                f"{name}: {len(invalid):,} of {present:,} {verdict} and counted as missing "
                f"(first {first}: {text!r})"
            )
    return converted, notes


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        value = number_of_text(value)
    try:
        number = None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None
