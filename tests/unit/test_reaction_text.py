"""Reactions as text: precursors, operations, products; each fault named."""

from __future__ import annotations

import pytest

from matdata.core.ledger import Unusable
from matdata.materials.reaction_text import MAX_LENGTH, parse_operations, parse_reaction


@pytest.mark.parametrize(
    ("text", "precursors"),
    [
        ("BaCO3 + TiO2", [("BaCO3", None), ("TiO2", None)]),
        ("BaCO3+TiO2", [("BaCO3", None), ("TiO2", None)]),
        ("2 BaCO3 + TiO2", [("BaCO3", 2.0), ("TiO2", 1.0)]),
        ("2BaCO3 + 0.5 mol TiO2", [("BaCO3", 2.0), ("TiO2", 0.5)]),
        ("1/2 Fe2O3 + 3/4*TiO2", [("Fe2O3", 0.5), ("TiO2", 0.75)]),
        (".5TiO2 + MoO3", [("TiO2", 0.5), ("MoO3", 1.0)]),
        ("2 (CaO·SiO2) + TiO2", [("(CaO·SiO2)", 2.0), ("TiO2", 1.0)]),
        ("2 CaO·SiO2 + TiO2", [("CaO·SiO2", 2.0), ("TiO2", 1.0)]),
        ("La0.6Ca0.4MnO3 + Ba(NO3)2", [("La0.6Ca0.4MnO3", None), ("Ba(NO3)2", None)]),
        ("O2 + Ti", [("O2", None), ("Ti", None)]),
    ],
)
def test_precursors_with_and_without_coefficients(text, precursors):
    assert list(parse_reaction(text).precursors) == precursors


@pytest.mark.parametrize(
    ("text", "products"),
    [
        ("BaCO3 + TiO2 -> BaTiO3 + CO2", ("BaTiO3", "CO2")),
        ("BaCO3 + TiO2 = BaTiO3", ("BaTiO3",)),
        ("BaCO3 + TiO2 == 2 BaTiO3 @ heat", ("BaTiO3",)),
        ("BaCO3 + TiO2 → BaTiO3", ("BaTiO3",)),
        ("BaCO3 + TiO2 → BaTiO3 + CO2↑", ("BaTiO3", "CO2")),
        ("BaCO3 + TiO2 ->", ()),
        ("BaCO3 + TiO2 = @ mix", ()),
        ("BaCO3 + TiO2", ()),
    ],
)
def test_products_may_be_left_out(text, products):
    read = parse_reaction(text)
    assert read.products == products
    assert [formula for formula, _ in read.precursors] == ["BaCO3", "TiO2"]


def test_one_precursor_is_a_reaction_where_more_is_written_than_its_formula():
    for text in ("CaCO3 @ heat", "CaCO3 ->", "CaCO3 -> CaO", "2 CaCO3"):
        assert [formula for formula, _ in parse_reaction(text).precursors] == ["CaCO3"]


def test_operations_are_words_with_blanks_or_commas_between():
    assert parse_operations("mix heat") == ("mix", "heat")
    assert parse_operations(" Mix, HEAT; liquid_grind ") == ("mix", "heat", "liquid-grind")
    assert parse_operations("") == ()
    assert parse_reaction("BaCO3 + TiO2 @ mix heat mix").operations == ("mix", "heat", "mix")


def test_cells_are_those_of_the_columns():
    assert parse_reaction("2 BaCO3 + TiO2 @ mix").cells() == {
        "precursors": [{"formula": "BaCO3", "amount": 2.0}, {"formula": "TiO2", "amount": 1.0}],
        "operations": ["mix"],
    }


@pytest.mark.parametrize(
    ("text", "reason", "message"),
    [
        ("", "no_precursors", "no precursors"),
        ("-> BaTiO3", "no_precursors", "no precursors"),
        (" @ mix", "no_precursors", "no precursors"),
        ("BaTiO3", "no_reaction", "a formula alone"),
        ("BaCO3 + + TiO2", "empty_term", "a precursor is missing"),
        ("BaCO3 + TiO2 -> BaTiO3 +", "empty_term", "a product is missing"),
        ("Ba2+ + O2-", "empty_term", "charges are not written"),
        ("Ba(CO3 + TiO2", "bad_formula", "Ba\\(CO3"),
        ("(Ba + Sr)CO3", "bad_formula", "\\(Ba"),
        ("Xx2O3 + TiO2", "bad_formula", "no element 'Xx'"),
        ("BaCO3 + TiO2 -> Qq", "bad_formula", "product 'Qq'"),
        ("Ba1-xCO3 + TiO2", "bad_formula", "Ba1-x"),
        ("2CaO·SiO2 + TiO2", "bad_formula", "write 2 \\(CaO·SiO2\\)"),
        ("BaCO3 - TiO2", "bad_formula", "BaCO3 - TiO2"),
        ("2 + TiO2", "bad_formula", "'2'"),
        ("-1 BaCO3 + TiO2", "bad_amount", "is -1, no positive number"),
        ("−2 BaCO3 + TiO2", "bad_amount", "no positive number"),
        ("0 BaCO3 + TiO2", "bad_amount", "is 0,"),
        ("1/0 BaCO3 + TiO2", "bad_amount", "is 1/0,"),
        (f"{'9' * 400} BaCO3 + TiO2", "bad_amount", "no positive number"),
        ("BaCO3 + TiO2 -> BaTiO3 = BaTiO3", "two_arrows", "2 arrows"),
        ("BaCO3 + TiO2 @ melt", "unknown_operation", "'melt' is not known; known ones: dry, heat"),
        ("BaCO3 + TiO2 @ mix @ heat", "unknown_operation", "'@' is not known"),
        ("BaCO3 + TiO2 @", "no_operations", "after @"),
        ("A" * (MAX_LENGTH + 1), "long_text", "at most 20,000"),
    ],
)
def test_faults_are_named(text, reason, message):
    with pytest.raises(Unusable, match=message) as raised:
        parse_reaction(text)
    assert raised.value.reason == reason
