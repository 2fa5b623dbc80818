"""Scores of runs as a table of text: a line of heads, and one per run."""

from __future__ import annotations

from collections.abc import Sequence


def score_table(
    heads: Sequence[str], rows: Sequence[tuple[str, int | None, Sequence[str]]], width: int
) -> list[str]:
    """The line of heads, then a line per row.

    Parameters
    ----------
    heads
        Titles of the columns of scores.
    rows
        Per line its name, the number of members if there are any, and a cell per head.
    width
        Letters of a column of scores.
    """
    wide = max(len(name) for name, _, _ in rows)
    lines = [
        ("", "members", heads),
        *((name, members or "", cells) for name, members, cells in rows),
    ]
    return [
        f"  {name:<{wide}}  {members:>7}" + "".join(f"  {cell:>{width}}" for cell in cells)
        for name, members, cells in lines
    ]
