"""Data sets of Finder's table 2, OCrystalNet's tables 2 and 3, and of the JARVIS leaderboard.

Each property of a table is a data set of its own name; those of one recipe share a dataset. Moduli
of the Materials Project are learnt and scored as decimal logarithms of GPa, as both papers print
them, those of JARVIS in GPa.
"""

from __future__ import annotations

from collections.abc import Mapping

from matdata_recipes.data_set import DataSet, recipe_command
from matdata_recipes.leaderboards import COLUMNS, WHERE
from matdata_recipes.properties import (
    BULK_MODULUS,
    G_VRH,
    JARVIS_FORMATION_ENERGY,
    K_VRH,
    MBJ_GAP,
    MP_ENERGY,
    MP_FORMATION_ENERGY,
    MP_GAP,
    MP_INDEX,
    OPT_GAP,
    SHEAR_MODULUS,
)

#: Prefixes of the data sets of a table, which are names of datasets and, with underscores, recipes.
OCRYSTALNET_MP, OCRYSTALNET_JARVIS, FINDER_MP = "ocrystalnet-mp", "ocrystalnet-jarvis", "finder-mp"
FINDER_JARVIS = "finder-jarvis-dielectric"
LEADERBOARD_MP, LEADERBOARD_JARVIS = "leaderboard-mp", "leaderboard-jarvis"

_MP_2018 = ("mp.2018.6.1.json", "https://figshare.com/ndownloader/files/15087992, unpacked")
_JARVIS_2021 = (
    "jdft_3d-8-18-2021.json",
    "dft_3d of https://figshare.com/articles/dataset/6815699, unpacked",
)
#: The file of structures, and where it is to be had.
_STRUCTURES = {
    OCRYSTALNET_MP: _MP_2018,
    OCRYSTALNET_JARVIS: _JARVIS_2021,
    FINDER_MP: ("summary.jsonl.gz", "summary documents of https://materialsproject.org"),
    LEADERBOARD_MP: _MP_2018,
    LEADERBOARD_JARVIS: _JARVIS_2021,
}


def _log10(modulus: str) -> str:
    return f"log10({modulus})"


#: By table and property the target, and the recipe's split without its seed.
_OF_PAPERS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    OCRYSTALNET_MP: {
        "band-gap": (MP_GAP.name, "60000-4619-4620"),
        "formation-energy": (MP_FORMATION_ENERGY.name, "60000-4619-4620"),
        "log-bulk-modulus": (_log10(K_VRH.name), "KG-80-10-10"),
        "log-shear-modulus": (_log10(G_VRH.name), "KG-80-10-10"),
    },
    OCRYSTALNET_JARVIS: {
        "opt-gap": (OPT_GAP.name, "opt-80-10-10"),
        "mbj-gap": (MBJ_GAP.name, "mbj-80-10-10"),
        "formation-energy": (JARVIS_FORMATION_ENERGY.name, "opt-80-10-10"),
        "bulk-modulus": (BULK_MODULUS.name, "KG-80-10-10"),
        "shear-modulus": (SHEAR_MODULUS.name, "KG-80-10-10"),
    },
    FINDER_MP: {
        "formation-energy": (MP_FORMATION_ENERGY.name, "70-15-15"),
        "total-energy": (MP_ENERGY.name, "70-15-15"),
        "band-gap": (MP_GAP.name, "70-15-15"),
        "refractive-index": (MP_INDEX.name, "n-70-15-15"),
        "log-bulk-modulus": (_log10(K_VRH.name), "log-KG-70-15-15"),
        "log-shear-modulus": (_log10(G_VRH.name), "log-KG-70-15-15"),
    },
}
#: By leaderboard and property the file of ids without its suffixes.
_OF_LEADERBOARDS: Mapping[str, Mapping[str, str]] = {
    LEADERBOARD_MP: {"formation-energy": "megnet_e_form", "band-gap": "megnet_gappbe"},
    LEADERBOARD_JARVIS: {
        "formation-energy": "dft_3d_formation_energy_peratom",
        "opt-gap": "dft_3d_optb88vdw_bandgap",
        "mbj-gap": "dft_3d_mbj_bandgap",
        "bulk-modulus": "dft_3d_bulk_modulus_kv",
        "shear-modulus": "dft_3d_shear_modulus_gv",
        "energy-above-hull": "dft_3d_ehull",
    },
}


def _of_paper(table: str, target: str, split: str) -> DataSet:
    file, where = _STRUCTURES[table]
    words = ("--from", "{first}", "--seed", "{seed}")
    build = recipe_command(table.replace("-", "_"), *words)
    return DataSet(table, target, (file,), where, build, recipe_split=f"{split}-seed{{seed}}")


def _of_leaderboard(table: str, ids: str) -> DataSet:
    file, where = _STRUCTURES[table]
    build = recipe_command(table.replace("-", "_"), "--from", "{first}", "--ids", "{second}")
    files = (file, f"{ids}.json.zip")
    where = f"{where}; the ids: {WHERE}"
    return DataSet(table, COLUMNS[ids], files, where, build, recipe_split=f"leaderboard-{ids}")


def _of_dielectric(target: str, split: str) -> DataSet:
    words = ("--from", "{first}", "{second}", "--seed", "{seed}")
    where = "https://jarvis.nist.gov: dft_3d, and the page of each material as <jid>.xml"
    build = recipe_command("finder_jarvis_dielectric", *words)
    files = ("dft_3d.json", "optics")
    return DataSet(FINDER_JARVIS, target, files, where, build, recipe_split=split)


#: The splits of the two functions differ by their seeds.
DIELECTRIC: Mapping[str, DataSet] = {
    f"{FINDER_JARVIS}-eps-re": _of_dielectric("eps_re_xx", "eps-re-80-10-10-seed{seed}"),
    f"{FINDER_JARVIS}-eps-im": _of_dielectric("eps_im_xx", "eps-im-80-10-10-seed{next}"),
}
TABLES: Mapping[str, DataSet] = {
    f"{table}-{name}": _of_paper(table, *what)
    for table, properties in _OF_PAPERS.items()
    for name, what in properties.items()
}
LEADERBOARDS: Mapping[str, DataSet] = {
    f"{table}-{name}": _of_leaderboard(table, ids)
    for table, properties in _OF_LEADERBOARDS.items()
    for name, ids in properties.items()
}
