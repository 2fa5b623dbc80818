"""Measures of drawn figures: what a reader would see overlap, leave the page, or fade."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from matdata.figures.styles import contrast, luminance


def drawn_texts(figure):
    """Visible texts that are not empty, each with its box (pixels)."""
    figure.settle()  # as writing it does
    renderer = figure.canvas.get_renderer()
    hidden = _ticks_beyond_limits(figure)
    found = []
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden:
            box = text.get_window_extent(renderer)
            found += [(text, box)] if box.width > 0 and box.height > 0 else []
    return found


def _ticks_beyond_limits(figure):
    """Labels that matplotlib keeps and does not draw: of ticks outside the limits, or axes off."""
    hidden = set()
    for axes in figure.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-9 * (high - low)
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not axes.axison or not low - slack <= tick.get_loc() <= high + slack:
                    hidden |= {id(tick.label1), id(tick.label2)}
    return hidden


def outside(figure, slack=1.0):
    """Texts that are not wholly on the page."""
    page = figure.bbox
    return [
        text.get_text()
        for text, box in drawn_texts(figure)
        if box.x0 < page.x0 - slack
        or box.x1 > page.x1 + slack
        or box.y0 < page.y0 - slack
        or box.y1 > page.y1 + slack
    ]


def overlapping(figure, slack=1.0):
    """Pairs of texts whose boxes overlap; those that are rotated are measured by `outside`."""
    upright = [(t, b) for t, b in drawn_texts(figure) if t.get_rotation() % 90 == 0]
    return [
        (one.get_text(), other.get_text())
        for (one, a), (other, b) in itertools.combinations(upright, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > slack and min(a.y1, b.y1) - max(a.y0, b.y0) > slack
    ]


def faint(figure, least=4.5):
    """Texts outside axes' own patches that contrast too little with the page."""
    page = luminance(*to_rgb(figure.get_facecolor()))
    inside = {id(text) for axes in figure.axes for text in axes.texts}
    inside |= {
        id(text) for axes in figure.axes for child in axes.child_axes for text in child.texts
    }
    return [
        text.get_text()
        for text, _ in drawn_texts(figure)
        if id(text) not in inside and contrast(page, luminance(*to_rgb(text.get_color()))) < least
    ]


def page_of(figure):
    """Pixels (h, w, 3) of a figure as it is drawn."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]


def words_of(figure):
    """All that is written on a figure, in one text."""
    return "\n".join(text.get_text() for text, _ in drawn_texts(figure))
