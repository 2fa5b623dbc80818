"""Sizes of cells: sites, volumes per atom, Wyckoff positions."""

from __future__ import annotations

import numpy as np

from matdata.core.units import with_unit
from matdata.reports.dataset.facts import Facts, Float
from matdata.reports.intervals import counted, intervals
from matdata.reports.markup import Html, Section, count, figure, number, side_by_side
from matdata.reports.svg.bars import histogram

COLUMNS = {
    "n_sites": "sites in the cell",
    "volume_per_atom": "volume per atom",
    "n_wyckoff": "occupied Wyckoff positions",
}


def sizes(facts: Facts) -> Section:
    """Histograms of what says how large a cell is."""
    pictures = [
        _picture(facts, name, title, values)
        for name, title in COLUMNS.items()
        if (values := facts.numbers(name)) is not None and np.isfinite(values).any()
    ]
    return Section("sizes", "Sizes", [side_by_side(*pictures)] if pictures else [])


def _picture(facts: Facts, name: str, title: str, values: Float) -> Html:
    edges, outside = intervals(values)
    label = with_unit(title, facts.unit(name))
    known = values[np.isfinite(values)]
    low, middle, high = (float(q) for q in np.quantile(known, (0.0, 0.5, 1.0)))
    caption = f"{number(low)} to {number(high)}, median {number(middle)}"
    if outside:
        caption += f"; {count(outside, 'material')} outside of the picture"
    picture = histogram(edges, {"all": counted(values, edges)}, f"Histogram of {title}", label)
    return figure(picture, caption)
