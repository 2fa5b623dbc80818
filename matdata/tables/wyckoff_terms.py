"""Vectors of the 1,731 Wyckoff positions: family, centring, algebraic and offset terms.

Each site of a position is a linear map of free coordinates and an offset (R. E. A. Goodall, thesis
2022, 6.3.3 and eq. 6.1); a vector counts how often each map and each offset occurs, after one-hots
of the crystal family (6) and of the centring (5). There are two counts.

``thesis``: the 444 terms of the thesis (185 maps, 248 offsets, 1,038 different vectors), equal to
the table that aviary ships but for the order of columns. ``sites``: what its text describes, the
maps and offsets of all sites of the conventional cell (185 maps, 326 offsets, 1,056 vectors).

Notes
-----
The numbers of the thesis come from three things that its text leaves out, inferred by comparing the
two tables: of sites that centring translations relate the first in the list of the Bilbao server is
counted, as often as there are translations; the third offset of the last listed site is added to
all offsets of a position, so that 0,0,0 and 1/2,1/2,1/2 of P-1 have one vector; and offsets are
reduced in floating point, which sets eight pairs of equal ones in hexagonal groups apart (their
names end in ``#2``). Fields learnt from published models need this table; the other depends on no
list. Written by ``tools/make_wyckoff_thesis.py`` and ``tools/make_wyckoff_terms.py``.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from matdata.core.errors import StoreError
from matdata.tables import wyckoff

SHA256 = {
    "wyckoff_thesis.npy.gz": "8e0271ed5e6b2320e59ab741f87a99f3ff107fce5c0b62cf5d8dc8de0fb09fbe",
    "wyckoff_thesis.txt": "1d184d25040b76c625f48b8707e4e805736ea579c79fec3242fd1502d3c2835e",
    "wyckoff_terms.npy.gz": "6f0bba56d5e19ee54171384768c0c487325f63fa0231b925cab9511b048b703f",
    "wyckoff_terms.txt": "f08eabc8e5ae65b3773cf34226c50bac5ef4ce7e8c9a8f064f315265040db1e6",
}
N_FAMILIES, N_CENTRINGS, N_ALGEBRAIC = 6, 5, 185
N_OFFSETS = {"thesis": 248, "sites": 326}
WIDTH = {count: N_FAMILIES + N_CENTRINGS + N_ALGEBRAIC + n for count, n in N_OFFSETS.items()}
_FILES = {"thesis": "wyckoff_thesis", "sites": "wyckoff_terms"}


def _checked(name: str) -> bytes:
    data = files("matdata.tables").joinpath(name).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256[name]:
        raise StoreError(
            f"matdata/tables/{name} has digest {digest[:12]}, expected {SHA256[name][:12]}",
            cause="the installed file was edited or damaged",
            next_step="reinstall matdata",
        )
    return data


@functools.cache
def terms(count: str = "thesis") -> npt.NDArray[np.uint8]:
    """Vectors of all positions, in the order of `matdata.tables.wyckoff`.

    Parameters
    ----------
    count
        ``thesis``, (1731, 444), or ``sites``, (1731, 522).
    """
    packed = gzip.decompress(_checked(f"{_FILES[count]}.npy.gz"))
    table: npt.NDArray[np.uint8] = np.load(io.BytesIO(packed), allow_pickle=False)
    assert table.shape == (wyckoff.N_POSITIONS, WIDTH[count])
    table.flags.writeable = False
    return table


@functools.cache
def labels(count: str = "thesis") -> tuple[str, ...]:
    """Names of the columns: ``family cubic``, ``centring F``, ``term x,x,z``, ``offset …``."""
    return tuple(_checked(f"{_FILES[count]}.txt").decode("ascii").split("\n")[:-1])


@functools.cache
def group_of_position() -> npt.NDArray[np.int64]:
    """Space-group number of each position, (1731,)."""
    return np.repeat(np.arange(1, wyckoff.N_GROUPS + 1), np.diff(wyckoff.starts()))
