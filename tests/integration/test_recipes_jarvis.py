"""Recipes of JARVIS: its sets of targets, and dielectric functions of its files."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from support.crystals import many
from support.recipes import counts

import matdata as md
from matdata.adapters.pymatgen import to_structure

pytestmark = pytest.mark.slow


def _jarvis(path: Path) -> Path:
    crystals = many(20)
    records = []
    for row in range(20):
        part = crystals.sites(row)
        records.append(
            {
                "jid": f"JVASP-{row}",
                "atoms": {
                    "lattice_mat": crystals.lattice[row].tolist(),
                    "coords": crystals.frac_coords[part].tolist(),
                    "elements": [s.symbol for s in to_structure(crystals, row).species],
                    "cartesian": False,
                },
                "optb88vdw_bandgap": 1.0,
                "formation_energy_peratom": -0.1 * row,
                "optb88vdw_total_energy": -1.0 - row,
                "mbj_bandgap": "na" if row % 2 else 2.0,
                "bulk_modulus_kv": 3.0,
                "shear_modulus_gv": "na",
                "eps_re_xx": [1.0, 2.0],
            }
        )
    path.write_text(json.dumps(records))
    return path


def test_jarvis_sets(run, tmp_path):
    path = _jarvis(tmp_path / "dft_3d.json")
    (result,) = run("ocrystalnet_jarvis", "--from", path)
    found = counts(result)
    assert found["in split opt-80-10-10"] == (55712, 20)
    assert found["in split mbj-80-10-10"] == (18167, 10)
    assert found["with bulk_modulus_kv and shear_modulus_gv"] == (18300, 0)
    (dielectric,) = run("finder_jarvis_dielectric", "--from", path)
    dataset = md.open(dielectric["dataset"])
    assert len(dataset) == len(set(dataset.columns["formula"]))
    assert dataset.columns["eps_re_xx"][0] == [1.0, 2.0]
    assert len(dielectric["splits"]) == 2


def _page(low, high):
    """A page of the database with three energies; the imaginary part has no negative number."""
    parts = "".join(
        f"<{part}_{k}>'{k},{k + 1},{k + 2}'</{part}_{k}>"
        for part in ("real", "imag")
        for k in range(1, 7)
    )
    return (
        "<basic_info><main_optics_semilocal><main_optics_info>"
        f"<energies>'{low},5.0,{high}'</energies>{parts}"
        "</main_optics_info></main_optics_semilocal></basic_info>"
    )


def _vasprun(high):
    rows = "".join(f"<r> {e} {k} 2 3 4 5 6 </r>" for k, e in enumerate((0.0, 5.0, high), 1))
    part = f"<array><set>{rows}</set></array>"
    return (
        "<modeling><calculation><dielectricfunction>"
        f"<imag>{part}</imag><real>{part}</real></dielectricfunction></calculation></modeling>"
    )


def test_dielectric_functions_are_read_from_the_files_of_the_database(run, tmp_path):
    path = _jarvis(tmp_path / "dft_3d.json")
    records = json.loads(path.read_text())
    for record in records:
        del record["eps_re_xx"]
    path.write_text(json.dumps(records))
    folder = tmp_path / "optics"
    folder.mkdir()
    jids = [str(record["jid"]) for record in records]
    for place, jid in enumerate(jids[:-2]):
        (folder / f"{jid}.xml").write_text(_page(0.0, 20.0) if place % 2 else _vasprun(40.0))
    (folder / f"{jids[-2]}.xml").write_text("<basic_info/>")
    (result,) = run("finder_jarvis_dielectric", "--from", path, folder)
    dataset = md.open(result["dataset"])
    assert dataset.axes == {"eps_re_xx": "eps_energies", "eps_im_xx": "eps_energies"}
    spectra = dataset.columns.spectrum("eps_re_xx")
    values = dict(zip(dataset.ids.tolist(), spectra.take(np.arange(len(dataset))), strict=True))
    grid = np.linspace(0.0, 30.0, 3000)
    for jid, found in values.items():
        end = 20.0 if jids.index(jid) % 2 else 40.0
        expected = np.interp(grid, [0.0, 5.0, end], [1.0, 2.0, 3.0])
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    reasons = dict(zip(dataset.ledger["material_id"], dataset.ledger["reason"], strict=True))
    assert reasons[jids[-2]] == "unreadable"
    assert reasons[jids[-1]] == "no_spectrum"
    presets = importlib.import_module("matdata_recipes.preset_data").DATA
    wanted = [presets[f"finder-jarvis-dielectric-{part}"].split(0) for part in ("eps-re", "eps-im")]
    assert result["splits"] == wanted
