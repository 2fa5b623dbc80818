from __future__ import annotations

import pytest

from matdata.core.units import canonical_unit, unit_in_header, with_unit
from matdata.sources.matminer_data import UNITS as MATMINER
from matdata.sources.roles import UNITS as BY_NAME
from matdata.tables.jarvis_sets import TARGETS as JARVIS
from matdata.tables.optimade_providers import UNITS as OPTIMADE


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("eV", "eV"),
        ("eV/atom", "eV/atom"),
        ("eV per atom", "eV/atom"),
        ("eV atom^-1", "eV/atom"),
        ("eV·atom⁻¹", "eV/atom"),
        ("meV / atoms", "meV/atom"),
        ("Å³", "Å^3"),
        ("angstrom^3", "Å^3"),
        ("Å3/atom", "Å^3/atom"),
        ("cm-1", "1/cm"),
        ("cm^-1", "1/cm"),
        ("1/cm", "1/cm"),
        ("W m^-1 K^-1", "W/m/K"),
        ("W/(m K)", "W/m/K"),
        ("W/(m*K)", "W/m/K"),
        ("µB", "μB"),
        ("µV/K", "μV/K"),
        ("muB/f.u.", "μB/f.u."),
        ("log10(GPa)", "log10(GPa)"),
        ("10^21 V/m^2", "10^21 V/m^2"),
        ("at.%", "at%"),
        ("C/m^2", "C/m^2"),
        ("g/cm3", "g/cm^3"),
    ],
)
def test_one_spelling_of_a_unit(text, unit):
    assert canonical_unit(text) == unit
    assert canonical_unit(unit) == unit


@pytest.mark.parametrize(
    "text",
    [
        *("1", "", "total", "atom", "1/atom", "C", "N", "S", "GGA", "PBE", "max", "n", "e", "2"),
        *(
            "eV/",
            "/eV",
            "eV^",
            "eV eV2x",
            "10^3",
            "log10()",
            "eV" * 40,
            "((eV))",
            "eV/(m",
            "A",
            "x",
        ),
        *("TS", "GS", "eV/banana"),
    ],
)
def test_what_is_no_unit(text):
    assert canonical_unit(text) is None


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("gap (eV)", "eV"),
        ("gap(eV)", "eV"),
        ("K [GPa]", "GPa"),
        ("Tc (K)", "K"),
        ("e_form (eV/atom)", "eV/atom"),
        ("kappa (W/(m K))", "W/m/K"),
        ("log K [log10(GPa)]", "log10(GPa)"),
        ("x (1)", None),
        ("count (total)", None),
        ("fraction (C)", None),
        ("gap (PBE)", None),
        ("log10(GPa)", None),
        ("log10(K_VRH)", None),
        ("(eV)", None),
        ("gap", None),
        ("gap (eV) corrected", None),
        (")", None),
        ("a" * 10_000 + ")", None),
    ],
)
def test_the_unit_in_a_header(header, unit):
    assert unit_in_header(header) == unit


def test_the_units_that_matdata_names_itself_are_in_the_grammar():
    units = {*MATMINER.values(), *BY_NAME.values(), *JARVIS.values(), *OPTIMADE.values()} - {"1"}
    assert {unit: canonical_unit(unit) for unit in units} == {unit: unit for unit in units}


def test_a_label_has_its_unit_once():
    assert with_unit("gap", "eV") == "gap (eV)"
    assert with_unit("gap (eV)", "eV") == "gap (eV)"
    assert with_unit("K [GPa]", "MPa") == "K [GPa] (MPa)"
    assert with_unit("gap", "1") == with_unit("gap", "") == with_unit("gap", None) == "gap"
