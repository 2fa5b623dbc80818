"""Fields of the Materials Project's documents, and what pages of them look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PAGE = 500  # documents a page; the service allows 1,000, and a page is what a cut loses
DEPRECATED_PAGE = 1000  # ids a page
FIELDS = (
    "material_id", "formula_pretty", "structure", "deprecated", "energy_per_atom",
    "uncorrected_energy_per_atom", "formation_energy_per_atom", "energy_above_hull", "is_stable",
    "band_gap", "bulk_modulus", "shear_modulus", "universal_anisotropy", "n", "e_total", "symmetry",
    "theoretical",
)  # fmt: skip
NESTED = ("bulk_modulus", "shear_modulus", "symmetry")
THERMO_FIELDS = (
    "energy_per_atom", "uncorrected_energy_per_atom", "formation_energy_per_atom",
    "energy_above_hull", "is_stable", "thermo_type", "energy_type",
)  # fmt: skip
TARGETS = {
    "formation_energy_per_atom": "eV/atom",
    "energy_per_atom": "eV/atom",
    "energy_above_hull": "eV/atom",
    "band_gap": "eV",
    "bulk_modulus.vrh": "GPa",
    "shear_modulus.vrh": "GPa",
    "n": "1",
    "e_total": "1",
}
#: Levels of theory of the thermo endpoint; ``summary`` takes what the summary documents hold.
THERMO_TYPES = ("GGA_GGA+U", "R2SCAN", "GGA_GGA+U_R2SCAN", "summary")


def with_thermo(
    documents: Sequence[Mapping[str, Any]], found: Mapping[str, Mapping[str, object]]
) -> list[dict[str, Any]]:
    """The documents with the energies of `found`, by material id; None where there are none."""
    nothing = dict.fromkeys(THERMO_FIELDS)
    made = []
    for one in documents:
        identity = str(one["material_id"])
        energies = {key: found.get(identity, {}).get(key) for key in nothing}
        made.append({**one, **energies, "material_id": identity})
    return made


def deprecated_page(ids: Sequence[str]) -> dict[str, list[str]]:
    """A page of ids that the database deprecated; they have no document."""
    return {"deprecated": list(ids)}
