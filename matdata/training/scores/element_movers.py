"""The element mover's distance (EleMD): how far elements move from one composition to another.

C. J. Hargreaves, M. S. Dyer, M. W. Gaultois, V. A. Kurlin and M. J. Rosseinsky, Chem. Mater. 32,
10610 (2020): the least work that moves the shares of the elements of one composition to those of
the other along the modified Pettifor scale, in steps of the scale. On a line it is the sum over the
steps of the difference of the cumulated shares, so nothing has to be optimised.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.elements import N_ELEMENTS
from matdata.tables.pettifor import SCALE, places

Float = npt.NDArray[np.float64]
#: Numbers of columns that are shares of the elements by atomic number from 1: to Lr, and to Og.
WIDTHS = (len(SCALE), N_ELEMENTS)
#: The most of a predicted composition that may lie on elements without a place on the scale.
NOWHERE = 0.01
#: EleMD up to which a prediction is counted as right (Goodall 2022, 5.4.3 takes 2).
THRESHOLDS = np.arange(0.0, 20.5, 0.5)


def element_movers_distance(true: Float, predicted: Float) -> Float:
    """EleMD of compositions (n, k), (n,).

    Parameters
    ----------
    true, predicted : (n, k)
        Amounts of the elements by atomic number from 1, k one of `WIDTHS`; each row is scaled to
        the sum 1.

    Returns
    -------
    (n,)
        0 for equal compositions, 102 for pure He and pure H; NaN where a true element has no place
        on the scale, or more than a hundredth of what is predicted has none. A smaller part is
        left out.
    """
    order, outside = _columns(true.shape[1])
    parts = []
    for amounts, most in ((true, 0.0), (predicted, NOWHERE)):
        whole = amounts.sum(1)
        placed = amounts[:, order]
        lost = amounts[:, outside].sum(1) > most * whole
        sums = np.where(lost | (whole <= 0), np.nan, placed.sum(1))
        parts.append(placed / sums[:, None])
    moved = np.cumsum(parts[0] - parts[1], axis=1)
    distance: Float = np.abs(moved[:, :-1]).sum(1)
    return distance


def _columns(width: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Columns in the order of the scale, and those of elements that are not on it."""
    own = places()[1 : width + 1]
    order = np.argsort(own, kind="stable")
    outside = int((own < 0).sum())
    return order[outside:], order[:outside]


def coverage(distance: Float) -> Float:
    """Share of compositions with an EleMD of at most each of `THRESHOLDS` (figure 5.6 there)."""
    ordered = np.sort(distance)
    counts = np.searchsorted(ordered, THRESHOLDS, side="right")
    share: Float = counts / max(len(distance), 1)
    return share
