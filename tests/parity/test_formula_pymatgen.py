"""Formulas and the element table against pymatgen."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest
from pymatgen.core import Composition, Element
from support.crystals import real

from matdata.core import elements
from matdata.core.errors import StructureError
from matdata.core.formula import parse_formula


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("roost/expt-non-metals.csv.gz", "composition"),
        ("crabnet/mp_e_hull/val.csv.gz", "formula"),
        ("matbench/steels_yield.csv.gz", "formula"),
        ("supercon/supercon.csv.gz", "name"),
    ],
)
def test_amounts_equal_pymatgen(name, column):
    with gzip.open(real(name), "rt", newline="") as file:
        formulas = [row[column] for row in csv.DictReader(file)][::2]
    for formula in formulas:
        try:
            theirs = {e.Z: float(n) for e, n in Composition(formula).items() if n}
        except ValueError:
            with pytest.raises(StructureError):
                parse_formula(formula)
            continue
        ours = parse_formula(formula)
        assert set(ours) == set(theirs), formula
        np.testing.assert_allclose([ours[z] for z in theirs], list(theirs.values()), rtol=1e-12)


@pytest.mark.filterwarnings("ignore:No Pauling")
def test_element_table_equals_pymatgen():
    for z in range(1, 119):
        element = Element.from_Z(z)
        assert elements.symbols()[z] == element.symbol
        assert elements.masses()[z] == float(element.atomic_mass)
        np.testing.assert_equal(elements.electronegativities()[z], float(element.X))
        assert elements.rows()[z] == element.row
