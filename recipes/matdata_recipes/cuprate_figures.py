"""Figures 3.1, 3.3 and 3.4 of R. E. A. Goodall's thesis, of what `cuprates` computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from matdata.figures.picture import Look, Picture
from matdata_recipes.calibration import by_group

if TYPE_CHECKING:
    from matdata_recipes.cuprates import Row, Study

WIDE, SQUARE = (8.4, 4.3), (5.6, 4.4)  # inches
APICAL, IN_PLANE, WARMTH = (
    "apical Cu-O distance (Å)",
    "in-plane Cu-O distance (Å)",
    "critical temperature (K)",
)


def draw(tables: Mapping[str, Sequence[Row]], results: Study, folder: Path, style: str) -> None:
    """Write the pictures into a folder."""
    look = Look(style)
    pictures = {
        "figure-3.1": _calibrated(tables["icsd_cleaned"], results, look),
        "figure-3.3": _strained(tables, look),
        "figure-3.4ab": _trends(tables["super_apical"], results, "cu-o_p", IN_PLANE, look),
        "figure-3.4cd": _trends(tables["super_apical"], results, "cu-o_a", APICAL, look),
        "figure-3.4e": _map(tables["super_apical"], results, look),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        picture.write(folder / f"{name}.png")


def _calibrated(rows: Sequence[Row], results: Study, look: Look) -> Picture:
    from matdata_recipes.cuprates import columns

    picture = Picture(WIDE, "Apical distances by the calibration of each family", look)
    first, second = picture.panels(2)
    for place, (family, numbers) in enumerate(by_group(rows, "str3").items()):
        own = [rows[number] for number in numbers]
        measured = columns(own, "cu-o_a")[:, 0]
        inputs = columns(own, "latc", "lata*")
        cycle = picture.colours.cycle
        marker = "osd"[place // len(cycle) % 3]
        style: dict[str, Any] = {"color": cycle[place % len(cycle)], "s": 9, "marker": marker}
        first.scatter(inputs[:, 0], measured, **style)
        second.scatter(measured, results.families[family](inputs), label=family, **style)
    ends = second.get_xlim()
    second.plot(ends, ends, color=picture.colours.muted, linewidth=1)
    first.set(xlabel="c (Å)", ylabel=APICAL)
    second.set(xlabel=f"measured {APICAL}", ylabel="predicted (Å)")
    second.legend(ncols=2, fontsize=6, frameon=False)
    return picture


def _strained(tables: Mapping[str, Sequence[Row]], look: Look) -> Picture:
    from matdata_recipes.cuprates import STRAINED, columns

    picture = Picture(WIDE, "Apical distances of strained cells by DFT", look)
    panels = picture.panels(len(STRAINED))
    for axes, name in zip(panels, STRAINED, strict=True):
        c, a, apical = columns(tables[f"dft-{name}-all"], "c", "a", "cuoa").T
        for place, value in enumerate(np.unique(a.round(6))[::2]):
            there = np.isclose(a, value, atol=1e-6)
            order = np.argsort(c[there])
            colour = picture.colours.cycle[place % len(picture.colours.cycle)]
            label = f"a = {value:.2f} Å"
            axes.plot(c[there][order], apical[there][order], marker="o", markersize=3,
                      color=colour, label=label)  # fmt: skip
        axes.set(xlabel="c (Å)", ylabel=APICAL)
        picture.headline(axes, name)
        axes.legend(fontsize=6, frameon=False)
    return picture


def _trends(rows: Sequence[Row], results: Study, column: str, label: str, look: Look) -> Picture:
    from matdata_recipes.cuprates import WARM, columns

    picture = Picture(WIDE, "Critical temperature, by planes and by cation", look)
    chosen = [rows[row] for row in results.chosen]
    for axes, stratum in zip(picture.panels(2), ("layers", "types"), strict=True):
        for place, (name, numbers) in enumerate(by_group(chosen, stratum).items()):
            x, temperature = columns([chosen[k] for k in numbers], column, "tc").T
            colour = picture.colours.cycle[place]
            axes.scatter(x, temperature, s=9, color=colour, label=name)
            warm = temperature > WARM
            if len(np.unique(x[warm])) > 1:
                ends = np.array([x[warm].min(), x[warm].max()])
                axes.plot(
                    ends, np.polyval(np.polyfit(x[warm], temperature[warm], 1), ends), color=colour
                )
        axes.set(xlabel=label, ylabel=WARMTH)
        picture.legend_beside(axes, loc="best")
    return picture


def _map(rows: Sequence[Row], results: Study, look: Look) -> Picture:
    from matdata_recipes.cuprates import DRAWN, VAN, columns

    picture = Picture(SQUARE, "Explored and unexplored distances", look)
    axes = picture.panel()
    chosen = [rows[row] for row in results.chosen]
    in_plane, apical, temperature = columns(chosen, "cu-o_p", "cu-o_a", "tc").T
    region, colours = results.region, picture.colours
    empty, shade = region.empty.astype(float), [colours.cycle[2]]
    axes.contourf(region.x, region.y, empty, levels=[0.5, 1.5], colors=shade, alpha=0.2)
    points = axes.scatter(in_plane, apical, c=temperature, s=10, cmap="viridis")
    for x, y, warmth in VAN:
        axes.scatter([x], [y], marker="*", s=90, color=colours.cycle[1])
        axes.annotate(f"nanocomposite, {warmth:g} K", (x, y), xytext=(6, 5), fontsize=7,
                      textcoords="offset points", color=colours.ink)  # fmt: skip
    axes.annotate("unexplored", DRAWN, ha="center", fontsize=8, color=colours.ink)
    axes.set(xlabel=IN_PLANE, ylabel=APICAL)
    picture.colour_bar(points, WARMTH, ax=axes)
    return picture
