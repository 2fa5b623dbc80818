"""Matrices as heat maps: confusion of classes, attributes of edges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_rgb

from matdata.figures.picture import Look, Picture, integer_axis, plain
from matdata.figures.styles import ink_on

#: Classes up to which their names and numbers have room.
FEW = 12
#: Letters of all names up to which they stand in one line.
LINE = 28


def confusion(
    counts: npt.ArrayLike, names: Sequence[str], score: str, title: str, look: Look | None = None
) -> Picture:
    """Materials by true and predicted class, (k, k); colours are shares of the true class."""
    matrix = np.asarray(counts)
    n = len(matrix)
    side = 3.9 + 0.32 * min(n, FEW)
    picture = Picture((side + 1.4, side), title, look or Look())  # room for the colour bar
    axes = picture.panel()
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    shown = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    picture.colour_bar(shown, "share of the true class", ax=axes, shrink=0.8)
    axes.set(xlabel="predicted class", ylabel="true class")
    picture.headline(axes, score)
    if n > FEW:
        integer_axis(axes, "x", "y")
        return picture
    for row, column in np.ndindex(matrix.shape):
        ink = ink_on(*to_rgb(shown.to_rgba(shares[row, column])))  # type: ignore[arg-type]
        text = f"{matrix[row, column]:,}"
        axes.text(column, row, text, ha="center", va="center", color=ink, size=8 if n <= 6 else 6)
    labels = [plain(name, 18) for name in names]
    if sum(map(len, labels)) > LINE:
        axes.set_xticks(range(n), labels, rotation=40, ha="right", rotation_mode="anchor")
    else:
        axes.set_xticks(range(n), labels)
    axes.set_yticks(range(n), labels)
    return picture


def heat_map(
    matrix: npt.ArrayLike, labels: Sequence[str], label: str, title: str, look: Look | None = None
) -> Picture:
    """A matrix (n, n) with names of rows and columns, such as edge attributes (Finder, 4c)."""
    values = np.asarray(matrix, dtype=np.float64)
    side = min(12.0, 3.6 + 0.22 * len(labels))
    picture = Picture((side + 1.4, side), title, look or Look())  # room for the colour bar
    axes = picture.panel()
    shown = axes.imshow(values, cmap=picture.colours.sequential)
    picture.colour_bar(shown, label, ax=axes, shrink=0.8)
    size = 7.5 if len(labels) <= 50 else 5
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(range(len(labels)), [plain(text, 12) for text in labels], size=size)
    axes.set(xlabel="to", ylabel="from")
    return picture
