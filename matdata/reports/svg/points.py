"""Points over two axes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.reports.markup import Html
from matdata.reports.svg.canvas import Plot
from matdata.reports.svg.scale import place

Float = npt.NDArray[np.float64]
#: Points of a picture, at most.
POINTS = 1_500
LAYERS = 8


def parity(true: Float, mean: Float, label: str, unit_name: str) -> Html:
    """Predicted over true values, on one scale, with the line where they are equal.

    Parameters
    ----------
    true, mean : (n,)
        Finite numbers; of many every k-th is drawn, in the order of the true values.
    unit_name
        Name of the numbers, with their unit.
    """
    if not len(true):
        return Html("")
    order = np.argsort(true, kind="stable")[:: -(-len(true) // POINTS)]
    true, mean = true[order], mean[order]
    low, high = float(min(true.min(), mean.min())), float(max(true.max(), mean.max()))
    room = 0.03 * (high - low) or 0.5
    ends = (low - room, high + room)
    titles = (f"true {unit_name}", f"predicted {unit_name}")
    picture = Plot(400.0, 380.0, label, ends, ends, *titles)
    picture.path([(picture.x(one), picture.y(one)) for one in ends], "d")
    for start in range(LAYERS):  # where points of several layers lie over each other it is darker
        some = zip(true[start::LAYERS].tolist(), mean[start::LAYERS].tolist(), strict=True)
        dots = "".join(f"M{place(picture.x(a))} {place(picture.y(b))}h0" for a, b in some)
        picture.shape(dots, "dots")
    return picture.html()
