"""A picture of the numbers of an item: ours over the paper's, less one."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.figures.picture import Look, Picture
from matdata_recipes.reproduce.statuses import TOLERANCE, Number

MOST = 40  # rows of a picture
WIDTH, ROW, REST = 8.4, 0.22, 1.1  # inches


def differences(numbers: Sequence[Number], title: str, style: str) -> Picture | None:
    """Relative differences with two standard errors; None where there is none to draw."""
    rows = [n for n in numbers if n.counted and n.difference is not None and n.slack is None][:MOST]
    if not rows:
        return None
    picture = Picture((WIDTH, REST + ROW * len(rows)), title, Look(style))
    axes, colours = picture.panel(), picture.colours
    places = range(len(rows))
    axes.axvspan(-100 * TOLERANCE, 100 * TOLERANCE, color=colours.grid, alpha=0.5, linewidth=0)
    axes.axvline(0.0, color=colours.muted, linewidth=1)
    for place, number in zip(places, rows, strict=True):
        assert number.difference is not None
        assert number.paper is not None
        bars = 200 * (number.error or 0.0) / abs(number.paper)
        good = number.status != "differs"
        axes.errorbar(
            100 * number.difference, place, xerr=bars or None, fmt="o" if good else "D",
            color=colours.cycle[0 if good else 1], markersize=4, linewidth=1,
        )  # fmt: skip
    axes.set_yticks(list(places), [number.label for number in rows])
    axes.invert_yaxis()
    axes.set_xlabel("ours over the paper's, less one (%); band: reproduced")
    return picture
