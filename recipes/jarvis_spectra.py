"""Dielectric functions of JARVIS on one grid of energies, from its files.

Reads a JARVIS set (``dft_3d``, zip or JSON) and a folder with ``<jid>.xml``, pages of the database
or vaspruns, as ``matdata build jarvis:FILE --optics DIR`` does, and writes records with formula,
energies and both parts along one direction. As in the paper (Ihalage and Hao 2022, section 2.5, and
its code), spectra are interpolated linearly and keep their last value beyond their last energy;
materials of one element, with noble gases, or with 500 sites or more are left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions, parse_formula
from matdata.core.errors import SourceError
from matdata.sources.base import Chunk, Request
from matdata.sources.jarvis import Jarvis
from matdata.store import files

NOBLE_GASES = frozenset({2, 10, 18, 36, 54, 86})
MOST_SITES = 500
ENERGIES, REAL, IMAGINARY = "eps_energies", "eps_re", "eps_im"
ENERGY, HULL = "optb88vdw_total_energy", "ehull"  # of JARVIS, eV/atom both
Counts = Counter[str]


def write_records(
    path: Path, source: Path, optics: Path, energies: npt.NDArray[np.float64], component: str
) -> Counts:
    """Write the records of all materials that have a spectrum; whole or not at all.

    Returns
    -------
    Counter
        ``kept``, and why others are left out; ``held`` counts spectra that end before the grid.

    Raises
    ------
    SourceError
        If there is no such file or folder, or no material has a spectrum.
    """
    counts: Counts = Counter()
    jarvis = Jarvis(Request(argument=str(source), query={"optics": str(optics)}))
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        for raw in jarvis.raw_chunks():
            for record in _records(jarvis.parse(raw), energies, component, counts):
                file.write(json.dumps(record) + "\n")
        if not counts["kept"]:
            raise SourceError(
                f"no material of {source} has a dielectric function in {optics}",
                cause=", ".join(f"{why}: {count:,}" for why, count in counts.items()),
                next_step="files of the folder are called <jid>.xml",
            )
    return counts


def _records(
    chunk: Chunk, energies: npt.NDArray[np.float64], component: str, counts: Counts
) -> Iterator[dict[str, Any]]:
    counts["unreadable"] += len(chunk.rejects)
    table = chunk.table
    for row, amounts in enumerate(_amounts(chunk)):
        own = table.get(ENERGIES, [None] * len(table["material_id"]))[row]
        why = _left_out(own, amounts, energies)
        counts[why or "kept"] += 1
        if why:
            continue
        counts["held"] += own[-1] < energies[-1]
        parts = {
            name: np.interp(energies, own, table[f"{column}_{component}"][row]).tolist()
            for name, column in ((f"eps_re_{component}", REAL), (f"eps_im_{component}", IMAGINARY))
        }
        yield {
            "material_id": table["material_id"][row],
            "formula": Compositions.from_amounts(["one"], [amounts]).reduced_formulas()[0],
            "energies": energies.tolist(),
            **parts,
            "energy_per_atom": table.get(ENERGY, {row: None})[row],
            "energy_above_hull": table.get(HULL, {row: None})[row],
        }


def _amounts(chunk: Chunk) -> list[dict[int, float]]:
    """Atoms of each record: of its cell where it has one, else of its formula."""
    amounts: list[dict[int, float] | None] = [None] * len(chunk.table["material_id"])
    if chunk.crystals is not None:
        compositions = Compositions.from_crystals(chunk.crystals)
        rows = range(len(amounts)) if chunk.structure_rows is None else chunk.structure_rows
        for place, row in enumerate(rows):
            amounts[row] = compositions.amounts_of(place)
    formulas = chunk.table.get("formula", [])
    return [parse_formula(formulas[r]) if one is None else one for r, one in enumerate(amounts)]


def _left_out(
    own: list[float] | None, amounts: dict[int, float], energies: npt.NDArray[np.float64]
) -> str:
    """Why a material is left out; empty if it is not."""
    if own is None:
        return "no spectrum"
    if len(amounts) < 2 or NOBLE_GASES & set(amounts):
        return "one element, or a noble gas"
    if sum(amounts.values()) >= MOST_SITES:
        return f"{MOST_SITES} sites or more"
    if len(own) < 2 or np.any(np.diff(own) <= 0):
        return "energies that do not rise"
    return "begins above the grid" if own[0] > energies[0] else ""
