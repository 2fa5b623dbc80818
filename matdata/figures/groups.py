"""A score of each group of materials, with its standard error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from matdata.figures.picture import Look, Picture, counted, plain

#: Groups up to which each has a row; of more the largest.
MOST = 30
ROW = 0.26  # inches


class Group(NamedTuple):
    """Its name, its score and standard error (NaN where there is none), and how many it has."""

    label: str
    score: float
    error: float
    materials: int


def scores_of_groups(
    groups: Sequence[Group], column: str, score: str, whole: float, title: str,
    look: Look | None = None,
) -> Picture:  # fmt: skip
    """Scores from top to bottom in the order of the groups, beside how many materials each has.

    Parameters
    ----------
    groups
        In their order.
    column
        What they are groups of.
    score
        What is drawn, with its unit.
    whole
        The score of all materials.
    """
    largest = sorted(groups, key=lambda one: -one.materials)[:MOST]
    kept = {one.label for one in largest}
    shown = [one for one in groups if one.label in kept]
    picture = Picture((7.4, 1.9 + ROW * max(3, len(shown))), title, look or Look())
    first, second = picture.panels(2, width_ratios=(2, 1), sharey=True)
    places = np.arange(len(shown))
    scores = np.array([one.score for one in shown])
    errors = np.nan_to_num(np.array([one.error for one in shown]))
    colours = picture.colours
    first.errorbar(
        scores, places, xerr=errors, linestyle="", marker="o", markersize=5, capsize=2.5,
        color=colours.cycle[0], label="mean, standard error",
    )  # fmt: skip
    first.axvline(whole, color=colours.muted, linestyle=":", label="all materials")
    first.set_yticks(places, [plain(one.label, 28) for one in shown])
    first.set(xlabel=plain(score, 50), ylabel=plain(column, 40), ylim=(len(shown) - 0.5, -0.5))
    first.set_xlim(left=0.0)
    more = f", the largest {len(shown)} shown" if len(shown) < len(groups) else ""
    picture.headline(first, f"{counted(len(groups), 'groups')}{more}")
    picture.legend_beside(first, loc="best")
    counts = [one.materials for one in shown]
    bars = second.barh(places, counts, color=colours.cycle[5], height=0.7)
    labels = [f"{count:,}" for count in counts]
    second.bar_label(bars, labels=labels, padding=3, size=7, color=colours.ink)
    second.margins(x=0.25)
    second.set(xlabel="materials", xlim=(0, None), xticks=())
    second.tick_params(labelleft=False)
    second.spines[["top", "right"]].set_visible(False)
    return picture
