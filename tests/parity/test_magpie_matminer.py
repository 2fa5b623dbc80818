"""Composition attributes against matminer's, and where pymatgen reads a formula otherwise."""

from __future__ import annotations

import csv
import gzip
import warnings

import numpy as np
import pytest
from support.crystals import real

from matdata.core.composition import Compositions, parse_formula
from matdata.features.magpie import Magpie
from matdata.tables import magpie

composition = pytest.importorskip("matminer.featurizers.composition")

MADE = [
    "Si", "He", "Og", "NaCl", "Fe2O3", "Fe3O4", "Fe0.6667O", "Li0.5CoO2", "Ca(OH)2", "Al2(SO4)3",
    "K2[Fe(CN)6]", "Ca3[Al(OH)6]2", "K{Fe[(CN)2]3}", "Ba0.5Sr0.5Co0.8Fe0.2O3", "CoCrFeMnNi",
    "YBa2Cu3O6.93", "Hg0.7Cd0.3Te", "HeNa2", "XeF4", "OgH4", "Rf2O", "UO2", "Nd2Fe14B", "C60",
    "CO2", "CH4", "D2O", "Li0.1Na0.2Cl0.3", "Bi1.7Pb0.3Sr2Ca2Cu3O10", "C6H12O6", "LaFe0.99999999O3",
    "Na0.500001Cl0.5", "U0.00001Pb0.99999", "NaCl1.00001", "(Mg0.5)2Nd", "Es2O3", "RnF2", "PuO2",
]  # fmt: skip


def oracle():
    from matminer.featurizers.base import MultipleFeaturizer

    return MultipleFeaturizer(
        [
            composition.Stoichiometry(),
            composition.ElementProperty.from_preset("magpie"),
            composition.ValenceOrbital(props=["frac"]),
            composition.IonProperty(fast=True),
        ]
    )


def assert_agrees(formulas: list[str]) -> None:
    from pymatgen.core import Composition

    made, theirs = Magpie(), oracle()
    amounts = [parse_formula(formula) for formula in formulas]
    block = made.featurize(Compositions.from_amounts(formulas, amounts))
    assert len(block.rows) == len(formulas)
    rows = made.dense(block.fields)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row, formula in zip(rows, formulas, strict=True):
            expected = np.array(theirs.featurize(Composition(formula)), dtype=float)
            np.testing.assert_allclose(row, expected, 1e-6, 1e-9, err_msg=formula)


def test_labels():
    assert list(Magpie().labels()) == oracle().feature_labels()


def test_made_formulas():
    assert_agrees(MADE)


def test_tables_equal_their_sources():
    from matminer.utils.data import MagpieData, PymatgenData
    from pymatgen.core import Element

    data, states = MagpieData(), PymatgenData()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(1, 119):
            element = Element.from_Z(number)
            expected = [data.get_elemental_property(element, name) for name in magpie.PROPERTIES]
            np.testing.assert_allclose(magpie.properties()[number], expected, rtol=1e-14)
            x = states.get_elemental_property(element, "X")
            np.testing.assert_allclose(magpie.electronegativities()[number], x, rtol=1e-14)
            assert magpie.oxidation_states()[number] == tuple(states.get_oxidation_states(element))


def test_pymatgen_drops_amounts_below_1e_8_and_matdata_does_not():
    from pymatgen.core import Composition

    made = Magpie()
    tiny = Compositions.from_amounts(["tiny"], [{11: 1.0, 17: 1e-9}])
    assert made.dense(made.featurize(tiny).fields)[0, 0] == 2
    assert oracle().featurize(Composition({"Na": 1.0, "Cl": 1e-9}))[0] == 1


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["expt-non-metals", "mp-non-metals"])
@pytest.mark.slow
def test_real_formulas(name):
    with gzip.open(real(f"roost/{name}.csv.gz"), "rt", newline="") as file:
        formulas = [row["composition"] for row in csv.DictReader(file)]
    assert_agrees(formulas[:: len(formulas) // 400])


@pytest.mark.slow
@pytest.mark.real_data
def test_real_superconductors_with_many_elements_and_fractions():
    with gzip.open(real("supercon/supercon.csv.gz"), "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    column = next(name for name in rows[0] if name in ("composition", "formula", "name"))
    assert_agrees([row[column] for row in rows[:: len(rows) // 300]])
