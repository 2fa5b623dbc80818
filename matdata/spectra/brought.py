"""Spectra as a source or a file brings them, before they are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matdata.core.ledger import Unusable

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Brought:
    """Spectra of one material on one axis, as a file has them.

    Attributes
    ----------
    key
        The material: its id, or its place among the records of a snapshot.
    axis
        Name of the axis.
    points : (k,) float64 or None
        Where the numbers stand; None if that is missing.
    values
        By column its numbers, None where they are missing.
    unit
        Of the points; empty where it is not known.
    fault
        Why it could not be read.
    """

    key: str | int
    axis: str
    points: Float | None = None
    values: Mapping[str, Float | None] = field(default_factory=dict)
    unit: str = ""
    fault: Unusable | None = None


def brought(
    keys: Sequence[str | int],
    cells: Mapping[str, Sequence[Float | Unusable | None]],
    axis_of: Mapping[str, str],
    units: Mapping[str, str],
) -> Iterator[Brought]:
    """Spectra of n materials from cells of their columns; of one without any there is none."""
    for row, key in enumerate(keys):
        for axis in dict.fromkeys(axis_of.values()):
            names = [name for name, of in axis_of.items() if of == axis]
            own = {name: cells[name][row] for name in (axis, *names) if name in cells}
            if all(own.get(name) is None for name in names):
                continue
            fault = next((one for one in own.values() if isinstance(one, Unusable)), None)
            numbers = {
                name: one if isinstance(one, np.ndarray) else None for name, one in own.items()
            }
            values = {name: numbers.get(name) for name in names}
            yield Brought(key, axis, numbers.get(axis), values, units.get(axis, ""), fault)
