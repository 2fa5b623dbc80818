"""Probabilities of ionic substitution as pymatgen distributes them, by element.

Hautier, Fischer, Ehrlacher, Jain, Ceder, Inorg. Chem. 50, 656 (2011): a model of pairs of ions,
fitted to compounds of the ICSD.
"""

from __future__ import annotations

import numpy as np

from matdata.core import elements
from matdata.core.crystals import Float
from matdata.core.packages import needed_for

CITATION = "Hautier et al., Inorg. Chem. 50, 656 (2011), doi:10.1021/ic102031h"


def ionic_substitutions() -> Float:
    """Joint probabilities of pairs of elements, (119, 119) by atomic number; they sum to one.

    The model's joint probability of two ions (eq. 5), summed over the oxidation states of both.
    """
    with needed_for("the substitution probabilities of pymatgen"):
        from pymatgen.analysis.structure_prediction.substitution_probability import (
            SubstitutionProbability,
        )
    model = SubstitutionProbability()
    ions = sorted(model.species, key=str)
    numbers = [elements.atomic_number(ion.symbol) for ion in ions]
    joint: Float = np.zeros((elements.N_ELEMENTS + 1, elements.N_ELEMENTS + 1))
    for a, first in zip(numbers, ions, strict=True):
        for b, second in zip(numbers, ions, strict=True):
            joint[a, b] += model.prob(first, second)
    return joint
