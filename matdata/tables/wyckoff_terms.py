"""Vectors of the 1,731 Wyckoff positions: family, centring, algebraic and offset terms.

Each site of a position, centring translations included, is a linear map of free coordinates and an
offset (R. E. A. Goodall, thesis 2022, 6.3.3 and eq. 6.1); a vector counts how often each of the 185
linear maps and of the 326 offsets occurs among the sites of the conventional cell, after one-hots
of the crystal family (6) and of the centring (5). Written by ``tools/make_wyckoff_terms.py`` from
space-group operations and the coordinates of `matdata.tables.wyckoff`.

Notes
-----
The thesis has 185 algebraic and 248 offset terms, and 1,038 different vectors. The positions and
algebraic terms are the same here. Offsets are not: over all sites there are 326, and 1,056
different vectors, also when counted from the coordinates of pyxtal, which come from the Bilbao
server. The table that aviary ships counts, of sites that differ by a centring translation, one as
often as there are translations (f of Fm-3m has 32 offsets 0,0,0, not 8 of each translation as the
thesis says), so it depends on which one a list happens to show. Here no such choice is made.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from matdata.errors import StoreError
from matdata.tables import wyckoff

SHA256 = {
    "wyckoff_terms.npy.gz": "6f0bba56d5e19ee54171384768c0c487325f63fa0231b925cab9511b048b703f",
    "wyckoff_terms.txt": "f08eabc8e5ae65b3773cf34226c50bac5ef4ce7e8c9a8f064f315265040db1e6",
}
N_FAMILIES, N_CENTRINGS, N_ALGEBRAIC, N_OFFSETS = 6, 5, 185, 326
WIDTH = N_FAMILIES + N_CENTRINGS + N_ALGEBRAIC + N_OFFSETS


def _checked(name: str) -> bytes:
    data = files("matdata.tables").joinpath(name).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256[name]:
        raise StoreError(
            f"matdata/tables/{name} has digest {found[:12]}, expected {SHA256[name][:12]}",
            cause="the installed file was edited or damaged",
            next_step="reinstall matdata",
        )
    return data


@functools.cache
def terms() -> npt.NDArray[np.uint8]:
    """Vectors of all positions, in the order of `matdata.tables.wyckoff`, (1731, 522)."""
    packed = gzip.decompress(_checked("wyckoff_terms.npy.gz"))
    table: npt.NDArray[np.uint8] = np.load(io.BytesIO(packed), allow_pickle=False)
    assert table.shape == (wyckoff.N_POSITIONS, WIDTH)
    table.flags.writeable = False
    return table


@functools.cache
def labels() -> tuple[str, ...]:
    """Names of the columns: ``family cubic``, ``centring F``, ``term x,x,z``, ``offset …``."""
    return tuple(_checked("wyckoff_terms.txt").decode("ascii").split("\n")[:-1])


@functools.cache
def group_of_position() -> npt.NDArray[np.int64]:
    """Space-group number of each position, (1731,)."""
    return np.repeat(np.arange(1, wyckoff.N_GROUPS + 1), np.diff(wyckoff.starts()))
