"""The spglib engine of `matdata.symmetry.search`."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

from matdata.symmetry.cell import Cell, CellSymmetry, NoSymmetry, Search


def prepare(symprec: float, angle_tolerance: float | None) -> tuple[str, Search]:
    """Version of spglib and a function that searches one cell."""
    import spglib

    # spglib takes a negative angle for its own test of lengths alone.
    angle = -1.0 if angle_tolerance is None else angle_tolerance

    def search(cell: Cell) -> CellSymmetry:
        try:
            data = spglib.get_symmetry_dataset(cell, symprec=symprec, angle_tolerance=angle)
        except (RuntimeError, ValueError, TypeError) as error:
            raise NoSymmetry(str(error)) from None
        if data is None:
            raise NoSymmetry("spglib found no symmetry")
        return CellSymmetry(
            int(data.number),
            data.international[0],
            len(data.std_types),
            list(data.wyckoffs),
            data.crystallographic_orbits.tolist(),
        )

    return str(spglib.__version__), search


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold back spglib's note on how its errors will be raised in a coming release."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
