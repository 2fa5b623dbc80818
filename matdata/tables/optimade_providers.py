"""Base addresses of databases that speak OPTIMADE, and what their own fields mean.

Addresses as in the providers' list of OPTIMADE (https://providers.optimade.org). Fields that rank
polymorphs come in order of preference; units stand here where the services do not give them.
"""

from __future__ import annotations

PROVIDERS = {
    "mp": "https://optimade.materialsproject.org",
    "jarvis": "https://jarvis.nist.gov/optimade/jarvisdft",
    "oqmd": "https://oqmd.org/optimade",
    "cod": "https://www.crystallography.net/cod/optimade",
    "tcod": "https://www.crystallography.net/tcod/optimade",
    "alexandria": "https://alexandria.icams.rub.de/pbe",
    "odbx": "https://optimade.odbx.science",
    "nmd": "https://nomad-lab.eu/prod/v1/optimade",
}

ENERGIES = (
    "_mp_stability.gga_gga+u.formation_energy_per_atom",
    "_oqmd_delta_e",
    "_jarvis_optb88vdw_total_energy",
    "_jarvis_formation_energy_peratom",
    "_mp_energy_per_atom",
    "_mp_formation_energy_per_atom",
)

UNITS = {
    "_oqmd_delta_e": "eV/atom",
    "_oqmd_stability": "eV/atom",
    "_oqmd_band_gap": "eV",
    "_jarvis_formation_energy_peratom": "eV/atom",
    "_jarvis_optb88vdw_total_energy": "eV/atom",
    "_jarvis_ehull": "eV/atom",
    "_jarvis_optb88vdw_bandgap": "eV",
    "_jarvis_mbj_bandgap": "eV",
    "_jarvis_hse_gap": "eV",
    "_jarvis_bulk_modulus_kv": "GPa",
    "_jarvis_shear_modulus_gv": "GPa",
    "_mp_band_gap": "eV",
    "_mp_energy_per_atom": "eV/atom",
}

#: Units by the last part of a field's name, for nested fields such as ``_mp_stability``.
UNITS_BY_ENDING = {
    "energy_above_hull": "eV/atom",
    "formation_energy_per_atom": "eV/atom",
    "energy_per_atom": "eV/atom",
}
