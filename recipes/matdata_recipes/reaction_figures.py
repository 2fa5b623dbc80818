"""Figures 5.5 to 5.9 of R. E. A. Goodall's thesis, of what models of reactions predict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from matdata.figures.confidence import ERRORS, draw_confidence
from matdata.figures.picture import Look, Picture
from matdata.training.scores.uncertainty import confidence_error
from matdata_recipes.reaction_scores import Predicted

ONE, PANEL = (5.4, 4.2), (3.4, 3.4)  # inches
FARTHEST = 15.0  # steps of the scale
#: A prediction as near as this is "chemically discriminative" (thesis, 5.4).
NEAR = 2.0


def draw(item: str, models: Mapping[str, Predicted], folder: Path, style: str) -> None:
    """Write the figure of an item, of its models by name; tables have the figure of theirs."""
    look = Look(style)
    if item in ("figure-5.5", "figure-5.9"):
        picture = _parity(models, look)
    elif item in ("figure-5.6", "figure-5.8"):
        picture = _coverage(models, look)
    elif item == "figure-5.7":
        picture = _confidence(models, look)
    else:
        return
    folder.mkdir(parents=True, exist_ok=True)
    picture.write(folder / f"{item}.png")


def _parity(models: Mapping[str, Predicted], look: Look) -> Picture:
    """Predicted over true amounts, coloured by the uncertainty of the composition."""
    count = len(models)
    size = (PANEL[0] * count + 0.8, PANEL[1]) if count > 1 else ONE
    picture = Picture(size, "Amounts of elements of products", look)
    for axes, (name, one) in zip(picture.panels(count), models.items(), strict=True):
        assert one.true is not None
        assert one.amounts is not None
        asked = (one.true > 0) | (one.amounts > 1e-6)
        rows = np.nonzero(asked)[0]
        true, guess = one.true[asked], one.amounts[asked]
        axes.plot((0, 1), (0, 1), color=picture.colours.muted, linewidth=1)
        style: dict[str, Any] = {"s": 3, "alpha": 0.5, "linewidths": 0, "rasterized": True}
        if one.deviation is None:
            axes.scatter(true, guess, color=picture.colours.cycle[0], **style)
        else:
            order = np.argsort(-one.deviation[rows], kind="stable")  # the most certain on top
            shown = axes.scatter(
                true[order], guess[order], c=one.deviation[rows][order], cmap="viridis_r", **style
            )
            picture.colour_bar(shown, "uncertainty of the composition", ax=axes)
        axes.set(xlabel="true atomic fraction", ylabel="predicted", xlim=(0, 1), ylim=(0, 1))
        picture.headline(axes, name)
    return picture


def _coverage(models: Mapping[str, Predicted], look: Look) -> Picture:
    """Share of reactions whose product is within an element mover's distance."""
    picture = Picture(ONE, "Products within a distance", look)
    axes, colours = picture.panel(), picture.colours
    axes.axvline(NEAR, color=colours.muted, linewidth=1, linestyle=":")
    for place, (name, one) in enumerate(models.items()):
        distance = np.sort(one.distance)
        share = 100.0 * np.arange(1, len(distance) + 1) / len(distance)
        colour = colours.cycle[place % len(colours.cycle)]
        axes.plot(distance, share, label=name, color=colour, linestyle=("-", "--")[place % 2])
    axes.set(xlabel="element mover's distance (steps)", ylabel="reactions within it (%)",
             xlim=(0, FARTHEST), ylim=(0, 100))  # fmt: skip
    picture.legend_beside(axes, loc="best")
    return picture


def _confidence(models: Mapping[str, Predicted], look: Look) -> Picture:
    """Mean EleMD of the most certain share, beside the best and a random order."""
    picture = Picture(ONE, "Distance of the most certain products", look)
    (one,) = models.values()
    if one.deviation is None:
        picture.headline(picture.panel(), "one network: there is no uncertainty")
        return picture
    known = np.isfinite(one.distance)
    curve = confidence_error(one.distance[known], one.deviation[known])
    lists = {name: values.tolist() for name, values in curve.items()}
    draw_confidence(picture, picture.panel(), lists, ERRORS["elemd"])
    return picture
