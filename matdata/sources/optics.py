"""Frequency-dependent dielectric functions from XML: pages of JARVIS-DFT, and VASP's vasprun.

Both contain the energies in eV and six components (xx, yy, zz, xy, yz, zx) of the real and the
imaginary part. The parser rejects document types, so no entity is ever expanded.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.ledger import Unusable

COMPONENTS = ("xx", "yy", "zz", "xy", "yz", "zx")
#: Mean of xx, yy and zz: what a powder shows.
AVERAGE = "average"
PARTS = {"re": "real", "im": "imag"}  # by the word of a column that of the files
ENERGIES = "eps_energies"
Array = npt.NDArray[np.float64]


def column(part: str, component: str) -> str:
    """Column of a part, ``re`` or ``im``, of a component: ``eps_re_xx``."""
    return f"eps_{part}_{component}"


def components_of(words: Sequence[str]) -> tuple[str, ...]:
    """Components that are asked for; all six if none is.

    Raises
    ------
    ConfigError
        If one is unknown, or named twice.
    """
    known = (*COMPONENTS, AVERAGE)
    for word in words:
        if word not in known or list(words).count(word) > 1:
            raise ConfigError(
                f"a dielectric tensor has no component {word!r}{did_you_mean(word, known)}"
                if word not in known
                else f"the component {word!r} is named twice",
                next_step=f"choose among: {', '.join(known)}",
            )
    return tuple(words) or COMPONENTS


def units_of(components: Sequence[str]) -> dict[str, str]:
    """Units of the columns that `dielectric_function` returns."""
    return {ENERGIES: "eV", **dict.fromkeys(axes_of(components), "1")}


def axes_of(components: Sequence[str]) -> dict[str, str]:
    """By column of a dielectric function the column of its energies."""
    return {column(part, one): ENERGIES for part in PARTS for one in components}


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, *_: str | None) -> None:
        """Refuse a document type, whose entities can be as large as they like.

        Raises
        ------
        Unusable
            Always.
        """
        raise Unusable("unreadable", "the XML declares a document type, which is not read")


def dielectric_function(path: Path, components: Sequence[str] = COMPONENTS) -> dict[str, Array]:
    """``eps_energies`` (eV), ``eps_re_xx``, …, ``eps_im_zx``, (k,) each.

    Parameters
    ----------
    path
        The file.
    components
        From `components_of`.

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
    for part in PARTS:
        diagonal = [arrays[column(part, one)] for one in ("xx", "yy", "zz")]
        arrays[column(part, AVERAGE)] = np.mean(diagonal, axis=0)
    return {name: arrays[name] for name in (ENERGIES, *axes_of(components))}


def _jarvis_page(root: ET.Element) -> dict[str, Array]:
    info = root.find(".//main_optics_semilocal/main_optics_info")
    if info is None:
        raise ValueError("no main_optics_semilocal: this material has no dielectric function")
    arrays = {ENERGIES: _numbers(info, "energies")}
    for part, tag in PARTS.items():
        for number, component in enumerate(COMPONENTS, start=1):
            arrays[column(part, component)] = _numbers(info, f"{tag}_{number}")
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
    for part, tag in PARTS.items():
        rows = [(row.text or "").split() for row in element.findall(f"{tag}/array/set/r")]
        table = np.array([[float(word) for word in row] for row in rows])
        if table.ndim != 2 or table.shape[1] != 1 + len(COMPONENTS):
            raise ValueError(f"the {tag} part has shape {table.shape}, expected (n, 7)")
        arrays[ENERGIES] = table[:, 0]
        arrays |= {column(part, c): table[:, k] for k, c in enumerate(COMPONENTS, start=1)}
    return arrays
