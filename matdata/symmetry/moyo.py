"""The moyopy engine of `matdata.symmetry.search`."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Iterator

from matdata.core.packages import needed_for
from matdata.symmetry.cell import Cell, CellSymmetry, NoSymmetry, Search


def prepare(symprec: float, angle_tolerance: float | None) -> tuple[str, Search]:
    """Version of moyopy and a function that searches the symmetry of one cell.

    One search returns everything: number, letters, orbits and Pearson symbol. moyopy lowers
    `symprec` (Å) by itself until the operations form a group; `angle_tolerance` is in
    degrees.

    The function raises `NoSymmetry` where moyopy finds none or fails.

    Raises
    ------
    MissingPackageError
        If moyopy is not installed.
    """
    with needed_for("finding symmetry", "build with --symmetry none, without features of it"):
        import moyopy

    radians = None if angle_tolerance is None else math.radians(angle_tolerance)

    def search(cell: Cell) -> CellSymmetry:
        """Symmetry of a cell.

        Raises
        ------
        NoSymmetry
            If moyopy finds none, or fails.
        """
        try:
            data = moyopy.MoyoDataset(
                moyopy.Cell(*cell), symprec=symprec, angle_tolerance=radians, rotate_basis=True
            )
        except ValueError as error:
            raise NoSymmetry(str(error)) from None
        except BaseException as error:
            # A panic of the Rust side derives from BaseException and has no importable name.
            if type(error).__name__ != "PanicException":
                raise
            raise NoSymmetry(f"moyopy panicked: {error}") from None
        pearson = data.pearson_symbol
        return CellSymmetry(data.number, pearson[1], int(pearson[2:]), data.wyckoffs, data.orbits)

    return str(moyopy.__version__), search


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress moyopy's warning that a supercell breaks operations: letters do not need them."""
    logger = logging.getLogger("moyo")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
