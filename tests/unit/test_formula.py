"""Formulas: what is read, what is refused because it can be read in two ways, and limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matdata.core import formula as module
from matdata.core.composition import formula_of
from matdata.core.errors import StructureError
from matdata.core.formula import MAX_LENGTH, parse_formula
from matdata.core.formula_grammar import MAX_DEPTH

HYDRATE = "CuH10SO9"


@pytest.mark.parametrize(
    ("formula", "amounts"),
    [
        ("CuSO4 5H2O", HYDRATE),
        ("CuSO4·5H2O", HYDRATE),
        ("CuSO4*5H2O", HYDRATE),
        ("CuSO4•5 H2O", HYDRATE),
        ("CuSO4 (H2O)5", HYDRATE),
        ("CuSO₄·5H₂O", HYDRATE),
        ("CaSO4·0.5H2O", "CaHSO4.5"),
        ("MgCl2 6 H2O", "MgH12Cl2O6"),
        ("Al2O3 2SiO2 2H2O", "Al2Si2H4O9"),
        ("LiFePO4 0.5C", "LiFePC0.5O4"),
        ("3CdSO4·8H2O", "Cd3H16S3O20"),
        ("(CuSO4·5H2O)2", "Cu2H20S2O18"),
        ("K2O.Al2O3", "K2Al2O4"),
        ("(NH4)2.HPO4", "PH9N2O4"),
        ("Fe₂O₃", "Fe2O3"),
        ("SO₄²⁻", "SO4"),
        ("Fe 3 O 4", "Fe3O4"),
        ("Fe2 O3", "Fe2O3"),
        ("TiO 2", "TiO2"),
        ("Y(NO3) 3", "YN3O9"),
        ("La (OH)3", "LaH3O3"),
        ("Ga1Sr2Ca3Cu4O11.", "Sr2Ca3GaCu4O11"),
        ("Ba0.4K0.6Fe2As2", "K0.6Ba0.4Fe2As2"),
        ("Y1.0Ba2.0Cu2.94Cu0.6O7.0", "Ba2YCu3.54O7"),
        ("La2Sr0CuO4", "La2CuO4"),
    ],
)
def test_amounts(formula, amounts):
    assert formula_of(parse_formula(formula)) == amounts


@pytest.mark.parametrize(
    "formula",
    [
        "CuSO4.5H2O",  # O4.5, or five waters
        "Co(NO3)2.6 H2O",
        "CoCl2.6H2O",
        "CoCl2.6NH3",
        "Co(NO3)2.6·H2O",
        "K2O.6SiO2",  # O0.6, or six SiO2
        "NiCO3.2Ni(OH)2",
        "LiOH 2H2O",  # (OH)2, or two waters
        "Co(NO3) 6H2O",
        "V 2O5",
        "CuSO4·5H2O NaCl",  # five of both?
        "La0.6 7SrMnO3",  # 0.67, or seven
        "Cu(I)Cl",
        "Fe(II)C2O4",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(formula):
    with pytest.raises(StructureError, match="can be read in two ways"):
        parse_formula(formula)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("2H2O", "begins with a number"),
        ("13C", "begins with a number"),
        ("CuSO₄5H₂O", "mixes subscript digits with others"),
        ("Bi4Ti3O1 2", "cannot be read from '2'"),
        ("Li1-xFePO4", "negative amount, a range"),
        ("LixFePO4", "a variable"),
        ("Ca-0.1Cu", "a negative amount"),
        ("Fe0,95O", "a decimal comma"),
        ("¹³CO", "an isotope"),
        ("C1e400", "cannot be read from 'e400'"),
        ("Fe٢O", "cannot be read from '٢O'"),
        ("CuSO4 .5H2O", "two ways|cannot be read"),
        ("NaCl (s)", "cannot be read from 's"),
        ("FeO1.5.2", "cannot be read from '.2'"),
        ("Na·", "cannot be read"),
        ("Na··Cl", "cannot be read"),
        ("NaCl\x00", "cannot be read"),
        ("Na" + "9" * 400, "holds inf Na"),
        ("H0.0000001O", "holds 1e-07 H"),
        ("(((Na999999)999999)999999)9", "outside 1e-06 to 1e"),
        ("Na" * MAX_LENGTH, "characters, more than"),
        ("(" * 10_000 + "Na" + ")" * 10_000, "characters, more than"),
        ("(" * (MAX_DEPTH + 1) + "Na" + ")" * (MAX_DEPTH + 1), "brackets within brackets"),
    ],
)
def test_refusals_name_the_formula_and_the_cause(formula, words):
    with pytest.raises(StructureError, match=words) as refusal:
        parse_formula(formula)
    assert "formula '" in str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_brackets_nest_up_to_the_limit():
    assert parse_formula("(" * MAX_DEPTH + "Na" + ")" * MAX_DEPTH) == {11: 1.0}


symbols = st.sampled_from(["H", "D", "O", "C", "Co", "Fe", "Na", "N", "S", "Og", "Xx", "Z"])
numbers = st.sampled_from(["", "2", "10", "0.5", ".5", "2.", "0", "0.0", "1.25", "6", "1000000000"])
plain = st.lists(st.tuples(symbols, numbers), min_size=1, max_size=6)


@given(plain)
def test_the_short_way_gives_what_the_grammar_gives(units):
    text = "".join(symbol + number for symbol, number in units)
    short = module._plain_amounts(text)
    if short is not None:
        assert list(short.items()) == list(module._general_amounts(text).items())


@given(st.text(alphabet="HOCuFe()[]{}0123456789. ·*+-x₂", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        amounts = parse_formula(text)
    except StructureError:
        return
    assert all(1e-6 <= amount <= 1e9 for amount in amounts.values())
    assert parse_formula(text + " ") == amounts


def test_small_and_large_amounts_are_written_without_an_exponent():
    assert formula_of({3: 0.001818, 70: 4.5e-5, 8: 0.6}) == "Li0.001818Yb0.000045O0.6"
    assert formula_of({26: 2.0, 8: 1e9}) == "Fe2O1000000000"
    text = formula_of({3: 1.2345678912e-5, 8: 1.0})
    assert parse_formula(text) == {3: 1.2345679e-5, 8: 1.0}
