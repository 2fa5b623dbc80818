"""Frequency-dependent dielectric functions from XML: pages of JARVIS-DFT, and VASP's vasprun.

Both contain the energies in eV and six components (xx, yy, zz, xy, yz, zx) of the real and the
imaginary part. The parser rejects document types, so no entity is ever expanded.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.core.ledger import Unusable

COMPONENTS = ("xx", "yy", "zz", "xy", "yz", "zx")
NAMES = ("energies", *(f"{part}_{c}" for part in ("real", "imag") for c in COMPONENTS))
PREFIX = "dielectric."
UNITS = {PREFIX + name: "eV" if name == "energies" else "1" for name in NAMES}
AXES = {name: f"{PREFIX}energies" for name in UNITS if name != f"{PREFIX}energies"}
Array = npt.NDArray[np.float64]


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, *_: str | None) -> None:
        """Refuse a document type, whose entities can be as large as they like.

        Raises
        ------
        Unusable
            Always.
        """
        raise Unusable("unreadable", "the XML declares a document type, which is not read")


def dielectric_function(path: Path) -> dict[str, list[float]]:
    """``dielectric.energies`` (eV), ``dielectric.real_xx``, …, ``dielectric.imag_zx``.

    Raises
    ------
    Unusable
        If the file is not XML, holds no dielectric function, or its arrays differ in length.
    """
    try:
        root = ET.parse(path, ET.XMLParser(target=_NoDoctype())).getroot()
        extract = _vasprun if root.tag == "modeling" else _jarvis_page
        arrays = extract(root)
    except (ET.ParseError, ValueError) as error:
        raise Unusable("unreadable", f"{path.name}: {error}") from None
    lengths = {len(array) for array in arrays.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise Unusable("unreadable", f"{path.name}: spectra of lengths {sorted(lengths)}")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise Unusable("unreadable", f"{path.name}: a spectrum is not finite")
    return {PREFIX + name: arrays[name].tolist() for name in NAMES}


def _jarvis_page(root: ET.Element) -> dict[str, Array]:
    info = root.find(".//main_optics_semilocal/main_optics_info")
    if info is None:
        raise ValueError("no main_optics_semilocal: this material has no dielectric function")
    arrays = {"energies": _numbers(info, "energies")}
    for part in ("real", "imag"):
        for number, component in enumerate(COMPONENTS, start=1):
            arrays[f"{part}_{component}"] = _numbers(info, f"{part}_{number}")
    return arrays


def _numbers(info: ET.Element, tag: str) -> Array:
    text = (info.findtext(tag) or "").strip().strip("'\"")
    if not text:
        raise ValueError(f"no {tag}")
    return np.array([float(word) for word in text.split(",") if word.strip()])


def _vasprun(root: ET.Element) -> dict[str, Array]:
    # With LOPTICS the first one is the density-density response, the one needed here.
    element = root.find(".//dielectricfunction")
    if element is None:
        raise ValueError("no dielectricfunction: a calculation without LOPTICS")
    arrays: dict[str, Array] = {}
    for part in ("real", "imag"):
        rows = [(row.text or "").split() for row in element.findall(f"{part}/array/set/r")]
        table = np.array([[float(word) for word in row] for row in rows])
        if table.ndim != 2 or table.shape[1] != 1 + len(COMPONENTS):
            raise ValueError(f"the {part} part has shape {table.shape}, expected (n, 7)")
        arrays["energies"] = table[:, 0]
        arrays |= {f"{part}_{c}": table[:, k] for k, c in enumerate(COMPONENTS, start=1)}
    return arrays
