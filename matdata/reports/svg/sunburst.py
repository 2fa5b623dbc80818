"""Groups of groups as rings."""

from __future__ import annotations

import math
from collections.abc import Mapping

from matdata.reports.markup import Html, share
from matdata.reports.svg.canvas import Canvas, shortened, text_width
from matdata.reports.svg.scale import place

_SIZE, _HOLE, _MIDDLE, _EDGE = 460.0, 62.0, 138.0, 212.0
_COLOURS = 6


def sunburst(groups: Mapping[str, Mapping[str, int]], label: str) -> Html:
    """Groups on the inner ring, their members on the outer one, by their counts.

    Parameters
    ----------
    groups
        Counts of members by group.
    label
        What the picture shows.
    """
    total = sum(sum(members.values()) for members in groups.values())
    if not total:
        return Html("")
    picture = Canvas(_SIZE, _SIZE, label)
    at = 0.0
    for k, (group, members) in enumerate(groups.items()):
        size = sum(members.values())
        colour = f"f{1 + k % _COLOURS} b"
        part = (at / total, (at + size) / total)
        hint = f"{group}: {size:,} ({share(size, total)})"
        faint = 0.9 if k < _COLOURS else 0.55
        _sector(picture, (_HOLE, _MIDDLE), part, colour, hint, faint)
        _label(picture, (_HOLE + _MIDDLE) / 2, part, group, _MIDDLE - _HOLE - 6, "c mid")
        for name, count in members.items():
            part = (at / total, (at + count) / total)
            hint = f"{group}, {name}: {count:,} ({share(count, total)})"
            _sector(picture, (_MIDDLE + 2, _EDGE), part, colour, hint, 0.5 * faint)
            _label(picture, (_MIDDLE + _EDGE) / 2, part, name, _EDGE - _MIDDLE - 8, "c s")
            at += count
    middle = _SIZE / 2
    picture.text(middle, middle - 2, f"{total:,}", "c t")
    picture.text(middle, middle + 15, "materials", "c m")
    return picture.html()


def _sector(
    picture: Canvas, radii: tuple[float, float], part: tuple[float, float], colour: str,
    hint: str, opacity: float,
) -> None:  # fmt: skip
    low, high = part
    if high - low >= 1.0:  # a whole ring has no ends: two halves
        _sector(picture, radii, (0.0, 0.5), colour, hint, opacity)
        _sector(picture, radii, (0.5, 0.9999999), colour, hint, opacity)
        return
    inner, outer = radii
    large = int(high - low > 0.5)
    a, b, c, d = (
        _point(outer, low), _point(outer, high), _point(inner, high), _point(inner, low),
    )  # fmt: skip
    way = (
        f"M{a}A{place(outer)} {place(outer)} 0 {large} 1 {b}"
        f"L{c}A{place(inner)} {place(inner)} 0 {large} 0 {d}Z"
    )
    picture.shape(way, colour, hint, opacity)


def _point(radius: float, part: float) -> str:
    x, y = _place(radius, part)
    return f"{place(x)} {place(y)}"


def _place(radius: float, part: float) -> tuple[float, float]:
    angle = 2 * math.pi * (part - 0.25)
    return _SIZE / 2 + radius * math.cos(angle), _SIZE / 2 + radius * math.sin(angle)


def _label(
    picture: Canvas, radius: float, part: tuple[float, float], text: str, wide: float, class_: str
) -> None:
    """A name where the sector has room for it: level if it is wide, else along the radius."""
    along = (part[1] - part[0]) * 2 * math.pi * radius
    if along < 14:
        return
    shown = shortened(text, wide, 6.0)
    if shown != text:
        return
    middle = (part[0] + part[1]) / 2
    x, y = _place(radius, middle)
    turn = 360 * middle - 90
    turn = turn - 180 if turn > 90 else turn
    level = along > text_width(shown) + 16
    picture.turned(x, y, shown, class_, 0.0 if level else turn)
