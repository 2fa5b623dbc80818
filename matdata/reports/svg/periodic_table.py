"""Counts of elements on a periodic table."""

from __future__ import annotations

import math
from collections.abc import Mapping

from matdata.core import elements
from matdata.core.periodic_table import SERIES, short, table_position
from matdata.reports.markup import Html
from matdata.reports.svg.canvas import Canvas

_CELL, _GAP = 46.0, 12.0
#: From these strengths of the colour on letters are dark on dark pages, and light on light ones.
_MIDDLE, _STRONG = 0.58, 0.8
_LEAST = 0.07


def periodic_table(
    values: Mapping[int, float], label: str, unit: str = "", digits: int = 0
) -> Html:
    """A cell per element, coloured by the logarithm of its number.

    Parameters
    ----------
    values
        By atomic number; elements without one are grey, as those with a count of 0 are.
    label
        What the numbers are.
    unit
        Of the numbers, for the hints.
    digits
        Significant digits that are shown; 0 for counts.
    """
    picture = Canvas(18 * _CELL + 4, 9 * _CELL + _GAP + 4, label)
    finite = {z: v for z, v in values.items() if math.isfinite(v) and v > 0}
    low, high = (min(finite.values()), max(finite.values())) if finite else (1.0, 1.0)
    symbols = elements.symbols()
    for z in range(1, len(symbols)):
        row, column = table_position(z)
        x = 2 + (column - 1) * _CELL
        y = 2 + (row - 1) * _CELL + (_GAP if row > 7 else 0)
        value = finite.get(z, 0.0 if digits and values.get(z) == 0 else None)
        if value is None:
            picture.rect(x, y, _CELL - 3, _CELL - 3, "z", f"{symbols[z]}: none")
            picture.text(x + 5, y + 18, symbols[z], "m")
            continue
        wide = math.log(high / low)
        part = 0.0 if not value else 1.0 if wide == 0 else math.log(value / low) / wide
        strength = _LEAST + (0.92 - _LEAST) * part
        shown = short(value) if not digits else f"{value:.{digits}g}"
        exact = f"{value:,.0f}" if not digits else shown
        picture.rect(x, y, _CELL - 3, _CELL - 3, "z")
        picture.rect(
            x, y, _CELL - 3, _CELL - 3, "f1", f"{symbols[z]}: {exact} {unit}".strip(), strength
        )
        ink = " on" if strength > _STRONG else " mid" if strength > _MIDDLE else ""
        picture.text(x + 5, y + 18, symbols[z], f"t{ink}")
        picture.text(x + 5, y + 35, shown, f"s{ink}")
    for (row, column), text in SERIES.items():
        middle = 2 + (column - 0.5) * _CELL - 1.5
        picture.text(middle, 2 + (row - 0.5) * _CELL + 2, text, "m x c")
    return picture.html()
