"""Columns of numbers in which a cell is none: kept as numbers, and the cell told."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matdata.core.numerals import number_of_text

SHARE = 0.9  # of the values that are there; above it a column is one of numbers


def numeric_columns(
    table: Mapping[str, Sequence[Any]], names: Iterable[str]
) -> tuple[dict[str, list[Any]], list[str]]:
    """The table with the columns `names` as numbers, and one line for each that held others.

    A cell that is no finite number in decimal notation is missing then, and counted. A column
    whose values are mostly text stays text.

    Parameters
    ----------
    table
        Columns; ``material_id`` is one.
    names
        Targets, and the column of energies.
    """
    made = {name: list(column) for name, column in table.items()}
    notes = []
    for name in dict.fromkeys(names):
        column = made.get(name, [])
        if not any(isinstance(value, str) for value in column):
            continue
        numbers = [_number(value) for value in column]
        present = sum(value is not None for value in column)
        odd = [k for k, value in enumerate(column) if value is not None and numbers[k] is None]
        if present - len(odd) < SHARE * present:
            continue
        made[name] = numbers
        if odd:
            first, text = made["material_id"][odd[0]], str(column[odd[0]])[:40]
            what = "values is no number" if len(odd) == 1 else "values are no numbers"
            notes.append(
                f"{name}: {len(odd):,} of {present:,} {what} and taken as missing "
                f"(first {first}: {text!r})"
            )
    return made, notes


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        value = number_of_text(value)
    try:
        number = None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None
