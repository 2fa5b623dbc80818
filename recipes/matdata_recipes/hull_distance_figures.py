"""Figures 6.3 to 6.5 of R. E. A. Goodall's thesis, of what `hull_distances` computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from matdata.figures.parity import limits, score_line
from matdata.figures.picture import Look, Picture

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
#: Space groups at which crystal systems begin, and their names.
SYSTEMS = {
    1: "triclinic", 3: "monoclinic", 16: "orthorhombic", 75: "tetragonal", 143: "trigonal",
    168: "hexagonal", 195: "cubic",
}  # fmt: skip
SIDE = 3.7  # inches of a panel
COLUMNS = 2
#: Shares of all distances at which the axes end: single ones lie far out.
TAILS = (0.005, 0.995)


@dataclass(frozen=True, eq=False)
class Panel:
    """Distances of n materials by one model.

    Attributes
    ----------
    model, role
        The model, and which structures it saw: relaxed, initial, or empty without pairs.
    ids, formulas : (n,)
        Of the materials.
    true, predicted : (n,)
        Distances to the hull, eV/atom; NaN where unknown.
    space_groups : (n,)
        Numbers; 0 where unknown.
    """

    model: str
    role: str
    ids: npt.NDArray[np.str_]
    true: Float
    predicted: Float
    space_groups: Int
    formulas: npt.NDArray[np.str_]

    def errors(self) -> dict[str, float | None]:
        """MAE, RMSE and mean error in eV/atom, and R², of those that are known."""
        keep = np.isfinite(self.true) & np.isfinite(self.predicted)
        true, error = self.true[keep], (self.predicted - self.true)[keep]
        if not len(error):
            return dict.fromkeys(("mae", "rmse", "r2", "mean_error"))
        spread = float(((true - true.mean()) ** 2).sum())
        return {
            "mae": float(np.abs(error).mean()),
            "rmse": float(np.sqrt((error**2).mean())),
            "r2": 1 - float((error**2).sum()) / spread if spread else None,
            "mean_error": float(error.mean()),
        }


def draw(
    panels: Sequence[Panel], relaxation: Mapping[str, Any] | None, ref: str, folder: Path,
    style: str,
) -> None:  # fmt: skip
    """Write the pictures into a folder."""
    look = Look(style, (ref,))
    _distances(panels, look).write(folder / "hull_distances.png")
    if relaxation is not None and relaxation["pairs"]:
        _symmetry(relaxation, look).write(folder / "symmetry.png")


def _distances(panels: Sequence[Panel], look: Look) -> Picture:
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    size = (SIDE * columns + 1.2, (SIDE + 0.5) * rows)
    picture = Picture(size, "Distances to the hull by space group", look)
    grid = [picture.panel(rows, columns, place + 1) for place in range(len(panels))]
    values = np.concatenate([v for one in panels for v in (one.true, one.predicted)])
    values = values[np.isfinite(values)]
    ends = limits(np.quantile(values, TAILS)) if len(values) else (-0.1, 0.1)
    for axes, panel in zip(grid, panels, strict=True):
        _panel(picture, axes, panel, ends)
    return picture


def _panel(picture: Picture, axes: Axes, panel: Panel, ends: tuple[float, float]) -> None:
    axes.set_box_aspect(1)
    axes.plot(ends, ends, color=picture.colours.muted, linewidth=1, zorder=1)
    starts = np.array(list(SYSTEMS))
    system = np.searchsorted(starts, panel.space_groups, side="right") - 1
    cycle = picture.colours.cycle
    for place, name in enumerate(SYSTEMS.values()):
        own = system == place
        if own.any():
            colour, marker = cycle[place % len(cycle)], "os^Dvp*"[place]
            axes.scatter(
                panel.true[own], panel.predicted[own], s=8, color=colour, marker=marker,
                linewidths=0, alpha=0.8, label=name,
            )  # fmt: skip
    unit = "distance to the hull (eV/atom)"
    axes.set(xlim=ends, ylim=ends, xlabel=f"true {unit}", ylabel=f"predicted {unit}")
    title = " ".join(filter(None, (panel.model, panel.role and f"({panel.role})")))
    errors = {"mae": panel.errors()["mae"]}  # a line has no room for more; the rest is in the JSON
    inside = np.logical_and.reduce(
        [(v >= ends[0]) & (v <= ends[1]) for v in (panel.true, panel.predicted)]
    )
    beyond = int((~inside).sum())
    shown = score_line(errors, "eV/atom", len(panel.true), "materials")
    picture.headline(axes, f"{title}: {shown}{f' ({beyond} outside)' if beyond else ''}")
    picture.legend_beside(axes, loc="upper left")


def _symmetry(relaxation: Mapping[str, Any], look: Look) -> Picture:
    """Space groups before and after relaxation; the area of a point is the number of pairs."""
    picture = Picture((5.4, 5.2), "Space groups before and after relaxation", look)
    axes = picture.panel()
    axes.set_box_aspect(1)
    both = np.stack([relaxation["before"], relaxation["after"]], 1)
    places, counts = np.unique(both, axis=0, return_counts=True)
    axes.plot([0, 231], [0, 231], color=picture.colours.muted, linewidth=1, zorder=1)
    area = 6 + 120 * counts / counts.max()
    axes.scatter(places[:, 0], places[:, 1], s=area, color=picture.colours.cycle[0], alpha=0.7)
    axes.set(xlim=(0, 231), ylim=(0, 231), xlabel="space group before", ylabel="after relaxation")
    share = relaxation["protostructure_changed"] / relaxation["pairs"]
    picture.headline(
        axes,
        f"{relaxation['pairs']:,} pairs: {relaxation['space_group_rises']:,} rise, "
        f"{relaxation['space_group_falls']:,} fall; protostructure of {share:.1%} changes",
    )
    return picture
