"""Columns of numbers in which a cell is text: kept as numbers, and the cell told."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SHARE = 0.9  # of the values that are there; above it a column is one of numbers


def numeric_columns(
    table: Mapping[str, Sequence[Any]], names: Iterable[str]
) -> tuple[dict[str, list[Any]], list[str]]:
    """The table with the columns `names` as numbers, and one line for each that held text.

    A cell that is no number is missing then. A column whose values are mostly text stays text.

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
            what = "value is" if len(odd) == 1 else "values are"
            notes.append(
                f"{name}: {len(odd):,} {what} text and taken as missing (first {first}: {text!r})"
            )
    return made, notes


def _number(value: Any) -> float | None:
    try:
        number = None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
    return number if number is not None and math.isfinite(number) else None
