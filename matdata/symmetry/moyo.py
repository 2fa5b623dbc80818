"""The moyopy engine of `matdata.symmetry.search` and `matdata.symmetry.primitive`."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from matdata.core.packages import needed_for
from matdata.symmetry.cell import Cell, CellSymmetry, CellTranslations, NoSymmetry, Search

if TYPE_CHECKING:
    from moyopy import MoyoDataset


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
    version, found = _engine(symprec, angle_tolerance)

    def search(cell: Cell) -> CellSymmetry:
        data = found(cell)
        pearson = data.pearson_symbol
        return CellSymmetry(data.number, pearson[1], int(pearson[2:]), data.wyckoffs, data.orbits)

    return version, search


def prepare_translations(symprec: float) -> Callable[[Cell], CellTranslations]:
    """A function that finds the translations of one cell, within `symprec` (Å), as `prepare` does.

    Raises
    ------
    MissingPackageError
        If moyopy is not installed.
    """
    _, found = _engine(symprec, None)

    def search(cell: Cell) -> CellTranslations:
        data = found(cell)
        return CellTranslations(data.prim_std_linear, data.mapping_std_prim)

    return search


def _engine(
    symprec: float, angle_tolerance: float | None
) -> tuple[str, Callable[[Cell], MoyoDataset]]:
    """Version of moyopy, and its search, which raises `NoSymmetry` where it finds none or fails."""
    with needed_for("finding symmetry", "build with --symmetry none, without features of it"):
        import moyopy

    radians = None if angle_tolerance is None else math.radians(angle_tolerance)

    def found(cell: Cell) -> MoyoDataset:
        try:
            return moyopy.MoyoDataset(
                moyopy.Cell(*cell), symprec=symprec, angle_tolerance=radians, rotate_basis=True
            )
        except ValueError as error:
            raise NoSymmetry(str(error)) from None
        except BaseException as error:
            # A panic of the Rust side derives from BaseException and has no importable name.
            if type(error).__name__ != "PanicException":
                raise
            raise NoSymmetry(f"moyopy panicked: {error}") from None

    return str(moyopy.__version__), found


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
