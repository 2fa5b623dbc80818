"""SYNTHETIC dielectric functions: Lorentz oscillators that depend smoothly on composition.

Nothing here is calculated or measured. Each composition has two oscillators,

    eps(w) = 1 + sum_k S_k w_k^2 / (w_k^2 - w^2 - i g_k w_k w),

whose poles w_k, widths g_k and strengths S_k are smooth functions of mean and standard deviation of
the electronegativities and of the mean period of its elements. All poles lie in the lower half of
the complex plane, so real and imaginary part are Hilbert transforms of each other (Kramers-Kronig)
exactly, not on a grid; Im eps is positive at positive energies, and the sum rule of each oscillator
holds. What the set is for: to try a pipeline where the truth is known in closed form. The energy
above the hull is a smooth function as well, and means nothing.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.composition import reduced_formula
from matdata.core.errors import ConfigError
from matdata.store import files

Float = npt.NDArray[np.float64]
CATIONS = (
    "Li", "Na", "K", "Rb", "Mg", "Ca", "Sr", "Ba", "Sc", "Y", "La", "Ti", "Zr", "Hf", "V", "Nb",
    "Ta", "Cr", "Mo", "W", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Al", "Ga", "In", "Si", "Ge", "Sn",
)  # fmt: skip
ANIONS = ("O", "F", "S", "Se", "Cl", "Br", "N")
STATED = (
    "synthetic Lorentz oscillators of matdata_recipes.oscillators; no calculation, no measurement"
)


@dataclass(frozen=True)
class Oscillators:
    """Oscillators of n materials, (n, k) each: poles in eV, widths relative to them, strengths."""

    poles: Float
    widths: Float
    strengths: Float

    def dielectric(self, energies: Float) -> npt.NDArray[np.complex128]:
        """The dielectric functions at energies in eV, (n, L)."""
        w, w0 = energies[None, None], self.poles[..., None]
        below = w0**2 - w**2 - 1j * self.widths[..., None] * w0 * w
        return np.asarray(1.0 + (self.strengths[..., None] * w0**2 / below).sum(1))

    @property
    def static(self) -> Float:
        """Limits at zero energy, (n,): the squares of refractive indices."""
        return np.asarray(1.0 + self.strengths.sum(1))


def oscillators_of(compositions: list[Mapping[int, float]]) -> Oscillators:
    """Oscillators of compositions, from three smooth functions of each."""
    chi, period = elements.electronegativities(), elements.rows()
    features = []
    for amounts in compositions:
        numbers = np.array(list(amounts))
        share = np.array(list(amounts.values())) / sum(amounts.values())
        mean = float(share @ chi[numbers])
        deviation = float(np.sqrt(share @ (chi[numbers] - mean) ** 2))
        features.append((mean, deviation, float(share @ period[numbers])))
    mean, deviation, periods = np.array(features).T
    pole = 2.0 + 2.5 * deviation**1.5 + 0.4 * (mean - 2.0)
    width = 0.26 + 0.06 * np.sin(2.5 * mean) + 0.02 * (periods - 3.0)
    strength = 0.95 + 0.25 * np.cos(4.0 * deviation) + 0.06 * (periods - 3.0)
    return Oscillators(
        np.stack([pole, 2.2 * pole + 3.0], 1),
        np.stack([width, np.full_like(width, 0.5)], 1),
        np.stack([strength, 0.25 + 0.1 * strength], 1),
    )


def above_hull(compositions: list[Mapping[int, float]]) -> Float:
    """Numbers in the place of energies above the hull, eV/atom, (n,): they mean nothing."""
    z = np.array([sum(z * a for z, a in one.items()) / sum(one.values()) for one in compositions])
    return np.asarray(0.02 + 0.02 * np.sin(0.9 * z))


def compositions(count: int, seed: int) -> list[Mapping[int, float]]:
    """Different compositions of two cations and an anion, drawn without replacement.

    Raises
    ------
    ConfigError
        If there are not as many.
    """
    cations = itertools.combinations(CATIONS, 2)
    all_of_them = list(itertools.product(cations, ANIONS, ((1, 1, 2), (1, 2, 4), (2, 1, 3))))
    if not 1 <= count <= len(all_of_them):
        raise ConfigError(f"{count:,} materials: there are 1 to {len(all_of_them):,} compositions")
    order = np.random.default_rng(seed).permutation(len(all_of_them))[:count]
    number = elements.atomic_number
    return [
        {number(a): float(m), number(b): float(n), number(x): float(k)}
        for (a, b), x, (m, n, k) in (all_of_them[place] for place in order)
    ]


def write_records(path: Path, count: int, energies: Float, seed: int) -> None:
    """A file with a record a line: formula, energies, both parts; written whole or not at all."""
    chosen = compositions(count, seed)
    eps, hull = oscillators_of(chosen).dielectric(energies), above_hull(chosen)
    records = [
        {
            "formula": reduced_formula(amounts),
            "energies": energies.tolist(),
            "eps_re_xx": np.round(eps[row].real, 6).tolist(),
            "eps_im_xx": np.round(eps[row].imag, 6).tolist(),
            "energy_above_hull": round(float(hull[row]), 6),
        }
        for row, amounts in enumerate(chosen)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(path) as temporary:
        lines = "".join(f"{json.dumps(record)}\n" for record in records)
        temporary.write_text(lines, encoding="utf-8")
