"""Spectra of one material from its file: columns with a line of names, or XML."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.core.ledger import Unusable
from matdata.core.units import canonical_unit, unit_in_header, without_unit
from matdata.sources import optics

Float = npt.NDArray[np.float64]
MOST_BYTES = 64 << 20


@dataclass(frozen=True, eq=False)
class FileSpectra:
    """Spectra of a file of one material.

    Attributes
    ----------
    axis
        Name of the axis, the first column.
    points : (k,) float64
        Where the numbers stand.
    values
        By column its numbers.
    units
        Units of axis and columns, where the file states them.
    """

    axis: str
    points: Float
    values: Mapping[str, Float]
    units: Mapping[str, str]


def units_in(header: Sequence[str]) -> dict[str, str]:
    """By column the unit that its name in a header states, in its one spelling."""
    stated = {without_unit(name): canonical_unit(unit_in_header(name) or "") for name in header}
    return {name: unit for name, unit in stated.items() if unit}


def header_of(path: Path) -> list[str]:
    """Names of the columns of a file of one material.

    Raises
    ------
    Unusable
        If it does not begin with them.
    """
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        words = _cells(file.readline(4096).lstrip("# "))
    if len(words) < 2 or any(_is_float(word) for word in words) or len({*words}) < len(words):
        raise Unusable("unreadable", f"{path.name}: no line of names such as: energy (eV),dos")
    return words


def read_spectra(path: Path, components: Sequence[str]) -> FileSpectra:
    """The spectra of a file; `components` are those of dielectric functions in XML.

    Raises
    ------
    Unusable
        If it cannot be read.
    """
    if path.stat().st_size > MOST_BYTES:
        raise Unusable("unreadable", f"{path.name}: more than {MOST_BYTES >> 20} MiB")
    if path.suffix.lower() == ".xml":
        arrays = optics.dielectric_function(path, components)
        points = arrays.pop(optics.ENERGIES)
        return FileSpectra(optics.ENERGIES, points, arrays, optics.units_of(components))
    header = header_of(path)
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    rows = [_cells(line) for line in text.splitlines()[1:] if line.strip() and line[0] != "#"]
    wrong = next((row for row in rows if len(row) != len(header)), None)
    if wrong is not None:
        raise Unusable(
            "unequal_lengths", f"{path.name}: {len(wrong)} numbers in a line, {len(header)} columns"
        )
    try:
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(header))
    except ValueError as error:
        raise Unusable("unreadable", f"{path.name}: {error}") from None
    names = [without_unit(name) for name in header]
    values = {name: table[:, place] for place, name in enumerate(names)}
    return FileSpectra(names[0], values.pop(names[0]), values, units_in(header))


def _cells(line: str) -> list[str]:
    """Cells of a line of a file with commas, or with blanks where it has none."""
    if "," in line:
        return [cell.strip() for cell in next(csv.reader([line]))]
    return line.split()


def _is_float(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
