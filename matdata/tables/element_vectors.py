"""Vectors of the elements by name of their table: ``mat2vec``, ``matscholar``, ``megnet16``, ….

============  =====  ==============================================================================
table         width  source
============  =====  ==============================================================================
mat2vec         200  V. Tshitoyan et al., Nature 571, 95 (2019); ElementEmbeddings 0.8.0 (MIT)
matscholar      200  L. Weston et al., J. Chem. Inf. Model. 59, 3692 (2019); ElementEmbeddings 0.8.0
megnet16         16  C. Chen et al., Chem. Mater. 31, 3564 (2019); ElementEmbeddings 0.8.0
cgcnn92          92  T. Xie and J. C. Grossman, PRL 120, 145301 (2018); matminer 0.10.1 (BSD)
jarvis438       438  K. Choudhary et al., Phys. Rev. Mater. 2, 083801 (2018); jarvis-tools 2026.6.12
onehot          118  the atomic number
magpie           22  `matdata.tables.magpie`
============  =====  ==============================================================================

Files are float32 arrays by atomic number, NaN where nothing is known, written by
``tools/make_element_vectors.py``. mat2vec and Matscholar are different tables of one shape: each is
identified by its digest. The JARVIS attributes are in the key order of its entry for Al (other
entries have other orders, which jarvis-tools' own lists follow), its -9999 are unknown.
"""

from __future__ import annotations

import functools
import hashlib
import io
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.errors import StoreError
from matdata.tables import magpie

SHA256 = {
    "mat2vec.npy": "8376d9108ab2ccb7b472fd100be83057b55ed409c6ecbe007e556a735765599b",
    "matscholar.npy": "422f7044f7b2f574378d44f781b5175727dfff2066b55acdf5df385118331237",
    "megnet16.npy": "d5fe626ca88faa27d08ce0d910c80d5ec455c7a4db49ec8f55f28f4a59f55eb8",
    "cgcnn92.npy": "244b760396b0a707f357f53253f818bf3a522dc217025872f541c47405257ec7",
    "jarvis438.npy": "9f73d822e9e9223d8f4febb0288007d08402558318f87dc54986822e28d07706",
    "jarvis438.txt": "c8ee2f7fa4cef1fb908069cad66114852703f7f3d8ab30083879e9ac86fd3e9e",
}
#: Tables by name, each with its width.
WIDTHS = {
    "mat2vec": 200,
    "matscholar": 200,
    "megnet16": 16,
    "cgcnn92": 92,
    "onehot": elements.N_ELEMENTS,
    "magpie": len(magpie.PROPERTIES),
    "jarvis438": 438,
}
NAMES = tuple(WIDTHS)


def _checked(name: str) -> bytes:
    data = files("matdata.tables").joinpath("vectors", name).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256[name]:
        raise StoreError(
            f"matdata/tables/vectors/{name} has digest {digest[:12]}, expected {SHA256[name][:12]}",
            cause="the installed file was edited or damaged",
            next_step="reinstall matdata",
        )
    return data


@functools.cache
def vectors(name: str) -> npt.NDArray[np.float32]:
    """A table by atomic number, (119, width) float32; NaN where unknown, and at index 0."""
    if name == "onehot":
        table = np.eye(elements.N_ELEMENTS + 1, dtype=np.float32)[:, 1:].copy()
        table[0] = np.nan
    elif name == "magpie":
        table = magpie.known_properties().astype(np.float32)
    else:
        table = np.load(io.BytesIO(_checked(f"{name}.npy")), allow_pickle=False)
    assert table.shape == (elements.N_ELEMENTS + 1, WIDTHS[name])
    table.flags.writeable = False
    return table


@functools.cache
def filled(name: str) -> npt.NDArray[np.float32]:
    """`vectors` in which a gap is the mean over the elements whose value is known, (119, width).

    Elements that the table lacks altogether stay NaN.
    """
    table = vectors(name)
    present = ~np.asarray(np.isnan(table).all(axis=1))
    means = np.nanmean(table, axis=0, dtype=np.float64)
    out = np.where(np.isnan(table) & present[:, None], means, table).astype(np.float32)
    out.flags.writeable = False
    return out


@functools.cache
def labels(name: str) -> tuple[str, ...]:
    """Names of the columns of a table."""
    if name == "onehot":
        return elements.symbols()[1:]
    if name == "magpie":
        return magpie.PROPERTIES
    if name == "jarvis438":
        return tuple(_checked("jarvis438.txt").decode("ascii").split())
    return tuple(f"{name} {column}" for column in range(WIDTHS[name]))
