from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.crystals import few

from matdata.core import elements
from matdata.core.composition import Compositions, parse_formula, reduced_amounts, reduced_formula
from matdata.core.errors import StructureError


@pytest.mark.parametrize(
    ("formula", "reduced"),
    [
        ("Fe4O6", "Fe2O3"),
        ("Ca(OH)2", "CaH2O2"),
        ("[Co(NH3)6]Cl3", "CoH18N6Cl3"),
        ("K2{Fe[C1N1]6}", "K2FeC6N6"),
        ("D2O", "H2O"),
        ("Na+", "Na"),
        ("SO4^2-", "SO4"),
        ("SO4 2-", "SO4"),
        ("Ba0.4K0.6Fe2As2", "K3Ba2Fe10As10"),
        ("Pb0.97Se0.97Sn0.03Se0.03", "Sn3Pb97Se100"),
        (" Sr Ti O3 ", "SrTiO3"),
        ("CuO0.0", "Cu"),
    ],
)
def test_formulas(formula, reduced):
    assert reduced_formula(parse_formula(formula)) == reduced


@pytest.mark.parametrize(
    "formula",
    [
        "",
        "  ",
        "2",
        "Xx",
        "fe2O3",
        "Ca(OH",
        "Ca)",
        "Ca(OH]2",
        "Na-Cl",
        "SO42-",
        "C0",
        "()",
        "B1N+3",
    ],
)
def test_garbage_is_refused_with_the_formula_named(formula):
    with pytest.raises(StructureError, match="formula"):
        parse_formula(formula)


amounts = st.dictionaries(st.integers(1, 103), st.integers(1, 60), min_size=1, max_size=6)


@given(amounts, st.integers(1, 7))
def test_reduction_divides_out_the_common_factor(entry, factor):
    scaled = {z: float(n * factor) for z, n in entry.items()}
    assert reduced_amounts(scaled) == reduced_amounts(entry)
    assert np.gcd.reduce([int(n) for n in reduced_amounts(scaled).values()]) == 1


@given(amounts)
def test_a_written_formula_reads_back(entry):
    reduced = reduced_amounts(entry)
    assert parse_formula(reduced_formula(entry)) == reduced


any_amounts = st.one_of(
    st.integers(1, 10**10).map(float),
    st.floats(1e-6, 100.0),
    st.sampled_from([0.5, 1 / 3, 2.0**54, 12345678.0, 123456789.0]),
)


@given(st.lists(st.dictionaries(st.integers(1, 103), any_amounts, max_size=5), max_size=6))
def test_formulas_of_columns_are_those_of_each_row(rows):
    ids = [str(row) for row in range(len(rows))]
    columns = Compositions.from_amounts(ids, rows)
    each = [reduced_formula(dict(sorted(row.items()))) for row in rows]
    assert columns.reduced_formulas() == each


def test_compositions_of_crystals_count_sites():
    compositions = Compositions.from_crystals(few())
    assert compositions.reduced_formulas() == ["NaCl", "SrTiO3", "CsCl", "Po"]
    assert compositions.chemical_systems() == ["Cl-Na", "O-Sr-Ti", "Cl-Cs", "Po"]
    assert compositions.amounts_of(1) == {8: 3.0, 22: 1.0, 38: 1.0}
    assert compositions.take([3, 0]).ids.tolist() == ["po", "nacl"]


def test_element_table_is_the_periodic_table():
    assert elements.symbols()[26] == "Fe"
    assert elements.atomic_number("Og") == 118
    assert elements.atomic_number("D") == 1
    assert elements.configurations()[8] == ((1, "s", 2), (2, "s", 2), (2, "p", 4))
    for z in range(1, 104):
        assert sum(n for _, _, n in elements.configurations()[z]) == z
