"""Magpie's elemental properties and common oxidation states, by atomic number.

Source: the 22 properties of matminer 0.10.1's preset "magpie" (``MagpieData``; L. Ward et al.,
npj Comput. Mater. 2, 16028, 2016; most values from Mathematica's element data and OQMD), and
pymatgen-core 2026.10.16's ``Element.common_oxidation_states``, written by
``tools/make_magpie_table.py``. The data come under matminer's licence (modified BSD, The Regents of
the University of California), which lies in ``magpie.LICENSE``.

An empty entry of the table is an unknown value; a zero is a zero. Nothing is known of Nh to Og, and
little of Rf to Cn. Of lighter elements, unknown are the melting points of He and Fr, the covalent
radii from Bk on, the electronegativities of He, Ne, Ar, Rn and Lr, and the space groups of At, Rn,
Fr and those from Es on.
"""

from __future__ import annotations

import csv
import functools
import hashlib
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.errors import StoreError

SHA256 = "ca6966128f9525eeb70f525d01a6c1e445168dd1ee5df009cc4c19afade1c35b"
#: The properties in the order of Magpie's preset, each with its unit.
UNITS = {
    "Number": "1",
    "MendeleevNumber": "1",
    "AtomicWeight": "u",
    "MeltingT": "K",
    "Column": "1",
    "Row": "1",
    "CovalentRadius": "pm",
    "Electronegativity": "1",
    "NsValence": "1",
    "NpValence": "1",
    "NdValence": "1",
    "NfValence": "1",
    "NValence": "1",
    "NsUnfilled": "1",
    "NpUnfilled": "1",
    "NdUnfilled": "1",
    "NfUnfilled": "1",
    "NUnfilled": "1",
    "GSvolume_pa": "Å^3",
    "GSbandgap": "eV",
    "GSmagmom": "μ_B",
    "SpaceGroupNumber": "1",
}
PROPERTIES = tuple(UNITS)


@functools.cache
def _rows() -> tuple[dict[str, str], ...]:
    data = files("matdata.tables").joinpath("magpie.csv").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise StoreError(
            f"matdata/tables/magpie.csv has digest {digest[:12]}, expected {SHA256[:12]}",
            cause="the installed file was edited or damaged",
            next_step="reinstall matdata",
        )
    return tuple(csv.DictReader(data.decode("ascii").splitlines()))


def _locked(array: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    array.flags.writeable = False
    return array


@functools.cache
def known_properties() -> npt.NDArray[np.float64]:
    """Properties as tabulated, (119, 22); NaN where unknown, and at index 0."""
    values = [[float(row[name] or "nan") for name in PROPERTIES] for row in _rows()]
    return _locked(np.vstack([np.full(len(PROPERTIES), np.nan), values]))


@functools.cache
def properties() -> npt.NDArray[np.float64]:
    """Properties with unknown values replaced, (119, 22); index 0 is NaN.

    As in matminer (``impute_nan=True``, its default), an unknown value is the plain mean over all
    elements whose value is known: any such number is a guess (Og gets the atomic number 56.5).
    """
    return _imputed(known_properties())


@functools.cache
def electronegativities() -> npt.NDArray[np.float64]:
    """Pauling electronegativities of pymatgen with unknown values replaced, (119,).

    These, not the Magpie column, go into the ionic characters; as in matminer, an element without
    a value (He, Ne, Ar and those from Rf on) gets the mean over all elements that have one.
    """
    return _imputed(elements.electronegativities())


def _imputed(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    filled = np.where(np.isnan(table), np.nanmean(table, axis=0), table)
    filled[0] = np.nan
    return _locked(filled)


@functools.cache
def oxidation_states() -> tuple[tuple[int, ...], ...]:
    """Common oxidation states by atomic number, ascending; empty where there is none."""
    return ((), *(tuple(map(int, row["common_oxidation_states"].split())) for row in _rows()))


@functools.cache
def oxidation_state_table() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """`oxidation_states` as an array padded with zeros, (119, s), and its row lengths, (119,)."""
    states = oxidation_states()
    counts = np.array([len(row) for row in states], dtype=np.int64)
    table = np.zeros((len(states), counts.max()))
    for number, row in enumerate(states):
        table[number, : len(row)] = row
    return _locked(table), counts
