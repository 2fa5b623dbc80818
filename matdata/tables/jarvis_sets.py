"""Where the data sets of JARVIS lie: file number at figshare, and the member of the zip archive.

Numbers and names as published by NIST (JARVIS documentation, "Databases"; checked against
jarvis-tools 2026.6.12). Only sets whose records hold crystals are listed.

`PINNED` holds SHA-256 digests of archives, each stated alike by two unrelated public projects that
downloaded the file. For the other sets figshare provides its MD5, by the article that holds the
file (`ARTICLES`); where it has none, the digest of the first download is kept beside the file and
demanded from then on.
"""

from __future__ import annotations

URL = "https://ndownloader.figshare.com/files/{number}"

#: File number to SHA-256 of the archive.
PINNED: dict[int, str] = {
    64391379: "f9e0a3309f0000d5de1ec9e49c93963109ea45e63f451103f8f6595d2eabf7f5",
    38521619: "d4c64660e9e1fa45c82bd8868a96ec10162195eed69636445972c05550d8d0d6",
}

#: Set to the number of its article at figshare (the last part of its DOI).
ARTICLES: dict[str, int] = {
    "dft_3d": 6815699,
    "dft_3d_2022": 6815699,
    "dft_3d_2021": 6815699,
    "dft_2d": 6815705,
    "dft_2d_2021": 6815705,
    "c2db": 14960157,
    "cod": 14912820,
    "halide_peroskites": 25256236,
    "hmof": 15127758,
    "megnet": 14177630,
    "megnet2": 14745435,
    "omdb": 14812050,
    "oqmd_3d_no_cfid": 14206169,
    "qmof": 14812044,
    "snumat": 21713885,
    "twod_matpd": 14205083,
}

#: Licences that figshare states, by article.
LICENCES: dict[int, str] = {6815699: "CC BY 4.0", 6815705: "CC BY 4.0"}

SETS: dict[str, tuple[int, str]] = {
    "dft_3d": (64391379, "jdft_3d-9-24-2025.json"),
    "dft_3d_2022": (38521619, "jdft_3d-12-12-2022.json"),
    "dft_3d_2021": (29204826, "jdft_3d-8-18-2021.json"),
    "dft_2d": (38521268, "d2-12-12-2022.json"),
    "dft_2d_2021": (26808917, "d2-3-12-2021.json"),
    "alex_pbe_hull": (49622718, "alexandria_convex_hull_pbe_2023.12.29_jarvis_tools.json"),
    "alex_pbe_3d_all": (49622946, "alexandria_pbe_3d_2024.10.1_jarvis_tools.json"),
    "alex_pbe_2d_all": (49622988, "alexandria_pbe_2d_2024.10.1_jarvis_tools.json"),
    "alex_pbe_1d_all": (49622991, "alexandria_pbe_1d_2024.10.1_jarvis_tools.json"),
    "alex_pbesol_3d_all": (49623096, "alexandria_ps_3d_2024.10.1_jarvis_tools.json"),
    "alex_scan_3d_all": (49623090, "alexandria_scan_3d_2024.10.1_jarvis_tools.json"),
    "alex_supercon": (55551155, "alex_supercon.json"),
    "c2db": (28682010, "c2db_atoms.json"),
    "cod": (28715301, "cod_db.json"),
    "halide_peroskites": (44619562, "halide_peroskites.json"),
    "hmof": (30972655, "hmof_db_9_18_2021.json"),
    "megnet": (26724977, "megnet.json"),
    "megnet2": (28332741, "megnet-mp-2019-04-01.json"),
    "mp_3d_2020": (26791259, "all_mp.json"),
    "omdb": (28501761, "omdbv1.json"),
    "oqmd_3d_no_cfid": (26790182, "all_oqmd.json"),
    "qmof": (30972640, "qmof_db.json"),
    "snumat": (38521736, "snumat.json"),
    "supercon_2d": (38950433, "jarvis_epc_data_2d.json"),
    "supercon_3d": (38307921, "jarvis_epc_data_figshare_1058.json"),
    "twod_matpd": (26789006, "twodmatpd.json"),
}

#: Units of the columns that can be learned.
TARGETS = {
    "formation_energy_peratom": "eV/atom",
    "optb88vdw_total_energy": "eV/atom",
    "ehull": "eV/atom",
    "optb88vdw_bandgap": "eV",
    "mbj_bandgap": "eV",
    "hse_gap": "eV",
    "bulk_modulus_kv": "GPa",
    "shear_modulus_gv": "GPa",
    "exfoliation_energy": "meV/atom",
    "magmom_oszicar": "μB",
    "epsx": "1",
    "epsy": "1",
    "epsz": "1",
    "mepsx": "1",
    "mepsy": "1",
    "mepsz": "1",
    "max_efg": "10^21 V/m^2",
    "avg_elec_mass": "m_e",
    "avg_hole_mass": "m_e",
    "slme": "%",
    "spillage": "1",
    "dfpt_piezo_max_eij": "C/m^2",
    "dfpt_piezo_max_dij": "C/N",
    "max_ir_mode": "1/cm",
    "min_ir_mode": "1/cm",
}
