"""What the picture of scores by group is drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdata.core.documents import JsonMapping
from matdata.core.units import with_unit
from matdata.figures import require_matplotlib
from matdata.training.scores.shown import IN_UNIT, few_scores

if TYPE_CHECKING:
    from matdata.figures.picture import Look, Picture


def draw_groups(groups: JsonMapping, column: str, target: str, title: str, look: Look) -> Picture:
    """The deciding score of each group of materials.

    Parameters
    ----------
    groups
        Of one column and target (`matdata.evaluation.grouped_scores.scores_by`).
    """
    require_matplotlib()
    from matdata.figures.curves import number
    from matdata.figures.groups import Group, scores_of_groups

    name = few_scores(next(iter(groups.values())))[0]
    shown, total, weight = [], 0.0, 0
    for label, scored in groups.items():
        score = number(scored["metrics"][name])
        error = number(scored.get("mean_absolute_error", {}).get("standard_error"))
        shown.append(Group(label, score, error, scored["materials"]))
        if score == score:
            total, weight = total + score * scored["materials"], weight + scored["materials"]
    unit = next(iter(groups.values()))["unit"] if name in IN_UNIT else "1"
    whole = total / weight if weight else float("nan")
    label = with_unit(f"{name} of {target}", unit)
    return scores_of_groups(shown, column, label, whole, title, look)
