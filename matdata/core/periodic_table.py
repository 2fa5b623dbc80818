"""Where elements stand in the periodic table of 18 columns, and numbers that fit into its cells."""

from __future__ import annotations

#: Cells of group 3 that stand for the f elements below.
SERIES = {(6, 3): "57–71", (7, 3): "89–103"}


def table_position(number: int) -> tuple[int, int]:
    """Row and column of an element in the 18-column table; f elements are in rows 8 and 9."""
    for first, row in ((57, 8), (89, 9)):
        if first <= number <= first + 14:
            return row, number - first + 3
    starts = (1, 3, 11, 19, 37, 55, 87, 119)
    row = next(k for k, start in enumerate(starts) if number < start)
    inside, size = number - starts[row - 1], starts[row] - starts[row - 1]
    if size == 32 and inside >= 17:
        inside -= 14
    column = inside + 1
    if row == 1 and inside == 1:
        column = 18
    elif size == 8 and inside >= 2:
        column = inside + 11
    return row, column


def short(value: float) -> str:
    """At most six letters: ``12``, ``3.4k``, ``-0.12``, ``1e-05``."""
    size = abs(value)
    if value == int(value) and size < 10_000:
        return f"{value:.0f}"
    for scale, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if scale <= size < 1e12:
            return f"{value / scale:.3g}{letter}"
    return f"{value:.2g}" if size < 10 else f"{value:.3g}"
