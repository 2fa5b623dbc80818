"""Fields of the Materials Project's documents, and the form of their pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matdata.core.documents import JsonMapping, JsonObject


class PageSizes(NamedTuple):
    """Records per page; the service allows 1,000 documents, but an interruption loses a page."""

    documents: int = 500
    deprecated: int = 1000


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
#: Levels of theory of the thermo endpoint; ``summary`` takes those of the summary documents.
THERMO_TYPES = ("GGA_GGA+U", "R2SCAN", "GGA_GGA+U_R2SCAN", "summary")


def with_thermo(
    documents: Sequence[JsonMapping], energies_by_id: Mapping[str, Mapping[str, object]]
) -> list[JsonObject]:
    """The documents with energies merged by material id; None where there are none."""
    no_energies = dict.fromkeys(THERMO_FIELDS)
    merged = []
    for document in documents:
        identity = str(document["material_id"])
        energies = {key: energies_by_id.get(identity, {}).get(key) for key in no_energies}
        merged.append({**document, **energies, "material_id": identity})
    return merged


def deprecated_page(ids: Sequence[str]) -> dict[str, list[str]]:
    """A page of ids that the database deprecated, which have no documents."""
    return {"deprecated": list(ids)}
