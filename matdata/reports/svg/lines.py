"""Lines over an axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from matdata.reports.markup import Html
from matdata.reports.svg.canvas import BOTTOM, Plot, colour_of

Float = npt.NDArray[np.float64]
#: Points of a line that are drawn: more than a page has pixels are not seen.
POINTS = 400


def band(
    xs: Float, quantiles: Float, label: str, x_title: str, y_title: str, width: float = 680.0
) -> Html:
    """A line, and a band around it.

    Parameters
    ----------
    xs : (n,)
        Points of the axis.
    quantiles : (3, n)
        Lower end of the band, line, upper end.
    """
    step = max(1, len(xs) // POINTS)
    xs, quantiles = xs[::step], quantiles[:, ::step]
    ends = _ends(quantiles)
    picture = Plot(width, 260.0, label, (float(xs[0]), float(xs[-1])), ends, x_title, y_title)
    low, middle, high = quantiles.tolist()
    there, back = xs.tolist(), xs.tolist()[::-1]
    around = [(picture.x(a), picture.y(b)) for a, b in zip(there, low, strict=True)]
    around += [(picture.x(a), picture.y(b)) for a, b in zip(back, high[::-1], strict=True)]
    picture.path(around, "f1", closed=True, opacity=0.22)
    picture.line(there, middle, "l1")
    return picture.html()


def lines(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    label: str,
    x_title: str,
    y_title: str,
    *,
    width: float = 400.0,
    height: float = 280.0,
    diagonal: bool = False,
    mark: float | None = None,
    from_zero: bool = False,
) -> Html:
    """Several curves with a legend.

    Parameters
    ----------
    curves
        By name the numbers along both axes; points that are not finite are left out.
    diagonal
        Draw where both are equal.
    mark
        A number of the horizontal axis that a dashed line marks.
    from_zero
        Begin the vertical axis at zero.
    """
    kept = {name: _finite(*curve) for name, curve in curves.items()}
    kept = {name: curve for name, curve in kept.items() if len(curve[0])}
    if not kept:
        return Html("")
    xs = np.concatenate([x for x, _ in kept.values()])
    ys = np.concatenate([y for _, y in kept.values()])
    x_ends = _wide(float(xs.min()), float(xs.max()))
    y_ends = _ends(ys, from_zero)
    names = list(kept) if len(kept) > 1 else ()
    picture = Plot(width, height, label, x_ends, y_ends, x_title, y_title, names)
    if diagonal:
        low, high = max(x_ends[0], y_ends[0]), min(x_ends[1], y_ends[1])
        picture.path([(picture.x(one), picture.y(one)) for one in (low, high)], "d")
    if mark is not None:
        at = picture.x(mark)
        picture.add("line", "d", x1=at, x2=at, y1=picture.top, y2=height - BOTTOM)
    for place, (name, (x, y)) in enumerate(kept.items(), 1):
        k = colour_of(name, place)
        step = max(1, len(x) // POINTS)
        picture.line(x[::step].tolist(), y[::step].tolist(), f"l{k}")
        if len(x) == 1:
            picture.add("circle", f"f{k}", cx=picture.x(x[0]), cy=picture.y(y[0]), r=3)
    return picture.html()


def _finite(x: Sequence[float], y: Sequence[float]) -> tuple[Float, Float]:
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    known = np.isfinite(xs) & np.isfinite(ys)
    return xs[known], ys[known]


def _wide(low: float, high: float) -> tuple[float, float]:
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ends(values: Float, from_zero: bool = False) -> tuple[float, float]:
    low, high = _wide(float(np.nanmin(values)), float(np.nanmax(values)))
    room = 0.05 * (high - low)
    return (0.0 if from_zero and low >= 0 else low - room), high + room
