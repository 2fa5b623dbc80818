"""Embeddings of materials as points of a plane, coloured by a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from matdata.figures.picture import Look, Picture, counted, integer_axis, plain

Float: TypeAlias = "npt.NDArray[np.float64]"
SIZE = (7.2, 5.6)  # inches
#: Points up to which each is part of the vector graphics, and large.
VECTORS, FEW = 3_000, 500
#: Shares of the numbers at which colours end: a few are often far from the others.
ENDS = (0.01, 0.99)


def latent_map(
    points: Float,
    cells: Sequence[object] | None,
    label: str,
    method: str,
    title: str,
    look: Look | None = None,
    grey: str = "without a value",
) -> Picture:
    """A scatter of points.

    Parameters
    ----------
    points : (n, 2)
        Places on the plane.
    cells
        What colours them: numbers a colour bar, texts the most frequent classes; None for no value,
        whose points are grey. No colours if not given.
    label
        What the cells are, with their unit.
    method
        How the plane was found, in words.
    grey
        What grey points are.
    """
    picture = Picture(SIZE, title, look or Look())
    axes = picture.panel()
    axes.set(xticks=(), yticks=(), xlabel=f"{method} 1", ylabel=f"{method} 2")
    picture.headline(axes, counted(len(points), "materials"))
    if cells is None:
        _scatter(picture, axes, points, picture.colours.cycle[0], len(points))
        return picture
    known = np.array([cell is not None for cell in cells], dtype=np.bool_)
    if not known.all():
        _scatter(picture, axes, points[~known], picture.colours.muted, len(points),
                 alpha=0.35, label=f"{grey} ({int((~known).sum()):,})")  # fmt: skip
    values = [cell for cell in cells if cell is not None]
    if values and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
        _by_number(picture, axes, points[known], np.array(values, dtype=np.float64), label)
    else:
        _by_class(picture, axes, points[known], [str(v) for v in values], label)
    if axes.get_legend_handles_labels()[0]:
        picture.legend_beside(axes, loc="best", markerscale=2.0 if len(points) > FEW else 1.0)
    return picture


def _by_number(picture: Picture, axes: Axes, points: Float, values: Float, label: str) -> None:
    low, high = np.quantile(values, ENDS)
    colours = matplotlib.colormaps[picture.colours.sequential]
    order = np.argsort(values, kind="stable")
    shown = axes.scatter(
        points[order, 0], points[order, 1], c=values[order], cmap=colours, vmin=low,
        vmax=high if high > low else low + 1.0, s=size_of(len(points)), linewidths=0,
        rasterized=len(points) > VECTORS,
    )  # fmt: skip
    bar = picture.colour_bar(shown, label, ax=axes)
    if bool((values == np.round(values)).all()):
        integer_axis(bar.ax, "y")


def _by_class(
    picture: Picture, axes: Axes, points: Float, values: Sequence[str], label: str
) -> None:
    named = [name for name, _ in Counter(values).most_common(len(picture.colours.cycle))]
    all_of = np.array(values, dtype=object)
    rest = ~np.isin(all_of.astype(np.str_), named)
    if rest.any():
        _scatter(picture, axes, points[rest], picture.colours.muted, len(points),
                 alpha=0.6, label="others")  # fmt: skip
    for name, colour in zip(named, picture.colours.cycle, strict=False):
        inside = all_of == name
        _scatter(picture, axes, points[inside], colour, len(points), label=plain(name, 24))
    picture.headline(axes, f"{counted(len(values), 'materials')} by {plain(label, 40)}")


def _scatter(
    picture: Picture, axes: Axes, points: Float, colour: str, count: int, alpha: float = 0.8,
    label: str | None = None,
) -> None:  # fmt: skip
    axes.scatter(
        points[:, 0], points[:, 1], s=size_of(count), color=colour, alpha=alpha, linewidths=0,
        label=label, rasterized=count > VECTORS,
    )  # fmt: skip


def size_of(count: int) -> float:
    """Area of the points of so many, in square points."""
    return 18.0 if count <= FEW else 7.0 if count <= VECTORS else 3.0
