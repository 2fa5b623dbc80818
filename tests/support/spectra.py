"""Spectra of made-up materials: one Lorentz oscillator per composition, smooth in its elements."""

from __future__ import annotations

import csv

import numpy as np

import matdata as md
from support.toy import ELEMENTS

ENERGIES = np.linspace(0.0, 12.0, 80)  # eV
#: What `build` resamples to.
GRID = np.linspace(0.0, 10.0, 50)


def oscillator(a: int, b: int) -> np.ndarray:
    """A complex dielectric function on `ENERGIES`."""
    pole, strength = 3.0 + 0.3 * (a + b), 6.0 + a
    return 1.0 + strength / (pole**2 - ENERGIES**2 - 1j * 0.8 * ENERGIES)


def pairs():
    return [(a, b) for a in range(12) for b in range(12) if a != b]


def identity(a: int, b: int) -> str:
    return f"m{a}-{b}"


def write_materials(path):
    """A table of formulas, without spectra."""
    with open(path, "w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["material_id", "formula"])
        lines.writerows([identity(a, b), f"{ELEMENTS[a]}{ELEMENTS[b]}2"] for a, b in pairs())
    return path


def arrays():
    """Arrays of an NPZ file."""
    eps = np.array([oscillator(a, b) for a, b in pairs()])
    ids = np.array([identity(a, b) for a, b in pairs()])
    return {"material_id": ids, "energy": ENERGIES, "eps_re_xx": eps.real, "eps_im_xx": eps.imag}


def build(tmp_path, spectra, name="osc", **options):
    materials = tmp_path / "materials.csv"
    if not materials.exists():
        write_materials(materials)
    given = {"split": None, "workers": 1, "grid": "0:10:50", **options}
    if isinstance(spectra, dict):
        if spectra["energy"].ndim == 2:
            given["axis"] = ["eps_re_xx=energy", "eps_im_xx=energy"]
        path = tmp_path / f"{name}.npz"
        np.savez(path, **spectra)
        spectra = path
    return md.build(materials, cache=tmp_path / "cache", name=name, spectra=spectra, **given)


def block(dataset, column="eps_re_xx"):
    return dataset.columns.spectrum(column).take(np.arange(len(dataset)))
