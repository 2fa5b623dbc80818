"""The funnel of a dataset as bars."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.core.documents import JsonMapping
from matdata.figures.histograms import horizontal_bars
from matdata.figures.picture import Look, Picture, plain

BAR = 0.42  # inches


def funnel(rows: Sequence[JsonMapping], title: str, look: Look | None = None) -> Picture:
    """Records that are left after each filter.

    Parameters
    ----------
    rows
        ``filter`` and ``number``, as `matdata.curate.funnel_report.table` gives them.
    """
    picture = Picture((8.4, 1.5 + BAR * max(2, len(rows))), title, look or Look())
    axes = picture.panel()
    bars = [(plain(row["filter"], 56), int(row["number"])) for row in rows]
    horizontal_bars(picture, axes, bars)
    axes.set(xlabel="records")
    return picture
