"""The spglib engine of `matdata.symmetry.search`."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

from matdata.core.packages import needed_for
from matdata.symmetry.cell import Cell, CellSymmetry, NoSymmetry, Search


def prepare(symprec: float, angle_tolerance: float | None) -> tuple[str, Search]:
    """Version of spglib and a function that searches the symmetry of one cell (Å and degrees).

    The function raises `NoSymmetry` where spglib finds none or fails.

    Raises
    ------
    MissingPackageError
        If spglib is not installed.
    """
    with needed_for("finding symmetry with spglib"):
        import spglib

    # A negative angle selects spglib's own test, by lengths only.
    angle = -1.0 if angle_tolerance is None else angle_tolerance

    def search(cell: Cell) -> CellSymmetry:
        """Symmetry of a cell.

        Raises
        ------
        NoSymmetry
            If spglib finds none, or fails.
        """
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
    """Suppress spglib's note on how a coming release will raise its errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
