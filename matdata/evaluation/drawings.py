"""Plots for interpretation: CECV, periodic tables, binaries, matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.evaluation.cecv import Curve, Region
from matdata.evaluation.pictures import write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_cecv(path: Path, curves: Mapping[str, Curve], region: Region | None) -> Path:
    """Number of clusters over the threshold, with the region between the references (figure 3)."""

    def draw(axes: Axes) -> None:
        for name, curve in curves.items():
            axes.plot(curve.thresholds, curve.counts, marker="o", markersize=3, label=name)
        if region is not None:
            grid = next(iter(curves.values())).thresholds
            axes.fill_between(grid, region.low, region.high, color="0.85", label="references")
            axes.plot(grid, region.target, color="black", linestyle=":", label="target")
        axes.set(xlabel="threshold", ylabel="clusters", yscale="log")
        axes.legend(fontsize="small")

    return write_picture(path, draw)


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


def draw_table(path: Path, values: Mapping[int, float], label: str) -> Path:
    """One number per element, as colours on a periodic table."""
    symbols = elements.symbols()

    def draw(axes: Axes) -> None:
        grid = np.full((9, 18), np.nan)
        for number, value in values.items():
            row, column = table_position(number)
            grid[row - 1, column - 1] = value
        shown = axes.imshow(grid, cmap="viridis")
        for number in range(1, len(symbols)):
            row, column = table_position(number)
            colour = "black" if number in values else "0.75"
            axes.text(
                column - 1, row - 1, symbols[number], ha="center", va="center", size=5, color=colour
            )
        axes.figure.colorbar(shown, ax=axes, shrink=0.5, label=label)
        axes.set_axis_off()

    return write_picture(path, draw)


def draw_binary(
    path: Path, curves: Mapping[str, Sequence[float]], symbols: tuple[str, str], label: str
) -> Path:
    """Prediction with its standard deviation, and contributions, along a binary (figure 8)."""

    def draw(axes: Axes) -> None:
        x, mean = np.array(curves["x"]), np.array(curves["prediction"])
        deviation = np.nan_to_num(np.array(curves["spread"]))
        axes.fill_between(x, mean - deviation, mean + deviation, color="0.85")
        axes.plot(x, mean, color="black", label="prediction")
        for symbol in symbols:
            axes.plot(x, curves[symbol], label=symbol)
        axes.set(xlabel=f"x in {symbols[0]}$_x${symbols[1]}$_{{1-x}}$", ylabel=label)
        axes.legend(fontsize="small")

    return write_picture(path, draw)


def draw_matrix(path: Path, matrix: npt.ArrayLike, labels: Sequence[str], title: str) -> Path:
    """A matrix (n, n) as a heat map, such as the edge attributes of Finder (its figure 4c)."""

    def draw(axes: Axes) -> None:
        shown = axes.imshow(np.asarray(matrix), cmap="viridis")
        axes.figure.colorbar(shown, ax=axes)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(range(len(labels)), labels)
        axes.set_title(title)

    return write_picture(path, draw)
