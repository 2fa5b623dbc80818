"""Principal components of one run over those of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.figures.latent_map import VECTORS, size_of
from matdata.figures.picture import Look, Picture, counted, plain

Float: TypeAlias = "npt.NDArray[np.float64]"
SIZE = (9.0, 4.4)  # inches
ORDER = ("first", "second")


def components(
    own: Float,
    other: Float,
    names: tuple[str, str],
    correlations: Sequence[float | None],
    look: Look | None = None,
) -> Picture:
    """The first components in one panel, the second in another.

    Parameters
    ----------
    own, other : (n, 2)
        Components of the same materials by two runs.
    names
        Of the runs.
    correlations
        Of each component; None where one is constant.
    """
    title = f"Principal components of {plain(names[0], 30)} and {plain(names[1], 30)}"
    picture = Picture(SIZE, title, look or Look())
    for k, axes in enumerate(picture.panels(2)):
        axes.scatter(
            own[:, k], other[:, k], s=size_of(len(own)), color=picture.colours.cycle[0],
            alpha=0.8, linewidths=0, rasterized=len(own) > VECTORS,
        )  # fmt: skip
        axes.set(
            xlabel=f"{ORDER[k]} of {plain(names[0], 24)}",
            ylabel=f"{ORDER[k]} of {plain(names[1], 24)}",
        )
        found = correlations[k]
        said = "one is constant" if found is None else f"correlation {found:.3f}"
        picture.headline(axes, f"{said}, {counted(len(own), 'materials')}")
    return picture
