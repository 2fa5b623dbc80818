"""The periodic table: symbols, masses, electronegativities, positions, electron configurations.

Source: pymatgen-core 2026.10.16 (``Element``), written by ``tools/make_element_table.py``. Masses
in atomic mass units; Pauling electronegativities; ``row`` and ``group`` as pymatgen counts them
(lanthanides in row 6, actinides in row 7, both in group 3); configurations list every occupied
subshell in Madelung order.
"""

from __future__ import annotations

import csv
import functools
import hashlib
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from matdata.core.errors import StoreError, StructureError, did_you_mean

SHA256 = "eafe53a7b0a785ce3a4d95674a1c4237b1fc2712bbcae74ba2d24b0bfa8f331b"
N_ELEMENTS = 118
# Isotopes of hydrogen have their own symbols; chemically they are hydrogen.
ISOTOPES = {"D": 1, "T": 1}


@functools.cache
def _columns() -> dict[str, list[str]]:
    data = files("matdata.tables").joinpath("elements.csv").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise StoreError(
            f"matdata/tables/elements.csv has digest {digest[:12]}, expected {SHA256[:12]}",
            cause="the installed file was edited or damaged",
            next_step="reinstall matdata",
        )
    rows = list(csv.DictReader(data.decode("ascii").splitlines()))
    return {name: [row[name] for row in rows] for name in rows[0]}


@functools.cache
def symbols() -> tuple[str, ...]:
    """Element symbols by atomic number; index 0 is an empty string."""
    return ("", *_columns()["symbol"])


@functools.cache
def _numbers() -> dict[str, int]:
    return {symbol: z for z, symbol in enumerate(symbols()) if z} | ISOTOPES


def atomic_number(symbol: str) -> int:
    """Atomic number of an element symbol; D and T count as hydrogen.

    Raises
    ------
    StructureError
        If there is no such element.
    """
    number = _numbers().get(symbol)
    if number is None:
        raise StructureError(f"no element {symbol!r}{did_you_mean(symbol, _numbers())}")
    return number


def _floats(name: str) -> npt.NDArray[np.float64]:
    return np.array([np.nan] + [float(x) if x else np.nan for x in _columns()[name]])


@functools.cache
def masses() -> npt.NDArray[np.float64]:
    """Atomic masses in u by atomic number, (119,); index 0 is NaN."""
    return _floats("mass")


@functools.cache
def electronegativities() -> npt.NDArray[np.float64]:
    """Pauling electronegativities by atomic number, (119,); NaN where none is known."""
    return _floats("electronegativity")


@functools.cache
def rows() -> npt.NDArray[np.int64]:
    """Period (1 to 7) by atomic number, (119,); index 0 is 0."""
    return np.array([0] + [int(x) for x in _columns()["row"]])


@functools.cache
def configurations() -> tuple[tuple[tuple[int, str, int], ...], ...]:
    """Occupied subshells ``(n, letter, electrons)`` in Madelung order by atomic number.

    Index 0, and elements without a known configuration, hold an empty tuple.
    """
    parsed = [
        tuple((int(shell[0]), shell[1], int(shell[2:])) for shell in text.split(".") if shell)
        for text in _columns()["configuration"]
    ]
    return ((), *parsed)
