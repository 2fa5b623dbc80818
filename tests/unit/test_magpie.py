"""Composition attributes: the table, values by hand, charges, and what is refused."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest

from matdata.core.composition import Compositions, parse_formula
from matdata.core.elements import atomic_number
from matdata.core.errors import ConfigError, StoreError
from matdata.features import featurizer
from matdata.features.kernels.charge import neutral_compounds
from matdata.features.magpie import COMPOSITION_FIELDS, WIDTH, Magpie, composition_labels
from matdata.materials.compute import compute
from matdata.tables import magpie

LABELS = composition_labels()


def of(*formulas: str) -> Compositions:
    return Compositions.from_amounts(formulas, [parse_formula(formula) for formula in formulas])


def dense(*formulas: str) -> np.ndarray:
    made = Magpie()
    return made.dense(made.featurize(of(*formulas)).fields)


def value(row: np.ndarray, label: str) -> float:
    return row[LABELS.index(label)]


def test_unknown_is_neither_zero_nor_forgotten():
    known, filled = magpie.known_properties(), magpie.properties()
    assert known.shape == filled.shape == (119, 22)
    melting = magpie.PROPERTIES.index("MeltingT")
    assert np.isnan(known[2, melting])
    assert filled[2, melting] == pytest.approx(np.nanmean(known[1:, melting]))
    assert known[2, magpie.PROPERTIES.index("NUnfilled")] == 0
    assert np.isnan(known[118]).all()
    assert np.isnan(filled[0]).all()
    assert np.isfinite(filled[1:]).all()
    assert not filled.flags.writeable


def test_a_damaged_table_is_refused(monkeypatch):
    monkeypatch.setattr(magpie, "SHA256", "0" * 64)
    with pytest.raises(StoreError, match=r"magpie\.csv has digest"):
        magpie._rows.__wrapped__()


def test_electronegativities_and_oxidation_states():
    assert np.isfinite(magpie.electronegativities()[1:]).all()
    assert magpie.electronegativities()[9] == 3.98
    states = magpie.oxidation_states()
    assert states[26] == (2, 3)
    assert states[2] == states[0] == ()
    table, counts = magpie.oxidation_state_table()
    for number, row in enumerate(states):
        assert tuple(table[number, : counts[number]]) == row


def test_iron_oxide_by_hand():
    (row,) = dense("Fe2O3")
    assert value(row, "0-norm") == 2
    assert value(row, "2-norm") == pytest.approx(np.sqrt(0.4**2 + 0.6**2))
    assert value(row, "10-norm") == pytest.approx((0.4**10 + 0.6**10) ** 0.1)
    found = [value(row, f"MagpieData {name} Number") for name in ("minimum", "maximum", "range")]
    assert found == [8, 26, 18]
    assert value(row, "MagpieData mean Number") == pytest.approx(0.4 * 26 + 0.6 * 8)
    assert value(row, "MagpieData avg_dev Number") == pytest.approx(0.4 * 10.8 + 0.6 * 7.2)
    assert value(row, "MagpieData mode Number") == 8
    # Fe has 2 s and 6 d electrons, O has 2 s and 4 p.
    shares = [value(row, f"frac {shell} valence electrons") for shell in "spdf"]
    np.testing.assert_allclose(shares, np.array([2.0, 2.4, 2.4, 0.0]) / 6.8)
    character = 1 - np.exp(-0.25 * (1.83 - 3.44) ** 2)
    np.testing.assert_allclose(row[-3:], [1, character, 0.24 * character])


def test_pure_elements_have_no_spread_and_count_as_possible():
    for row in dense("Si", "He", "Og"):
        assert np.all(row[:6] == 1)
        spread = [k for k, label in enumerate(LABELS) if "range" in label or "avg_dev" in label]
        assert np.all(row[spread] == 0)
        assert row[-3:].tolist() == [1, 0, 0]


def test_the_mode_is_the_smallest_value_of_the_most_frequent_elements():
    rows = dense("NaCl", "Na0.500004Cl0.5", "Na0.50002Cl0.5", "CaTiO3")
    modes = [value(row, "MagpieData mode Number") for row in rows]
    assert modes == [11, 11, 11, 8]
    assert value(dense("NaCl1.00002")[0], "MagpieData mode Number") == 17
    assert value(dense("NaCl1.000002")[0], "MagpieData mode Number") == 11


def test_scale_and_order_do_not_matter():
    whole = dense("Ca2Ti2O6", "La2CuO4", "C6H12O6")
    parts = dense("TiO3Ca", "CuO4La2", "CH2O")
    np.testing.assert_allclose(whole, parts, rtol=1e-12, atol=1e-12)


def test_a_batch_of_different_lengths_equals_single_rows():
    formulas = ["Si", "NaCl", "CoCrFeMnNi", "SrTiO3", "K2[Fe(CN)6]", "NaF", "Hg0.7Cd0.3Te", "Cu"]
    together = dense(*formulas)
    for row, formula in zip(together, formulas, strict=True):
        np.testing.assert_allclose(row, dense(formula)[0], rtol=1e-14)


@pytest.mark.parametrize(
    ("formula", "possible"),
    [
        ("Fe2O3", True),
        ("Fe3O4", False),  # needs both states of iron
        ("Fe0.6667O", False),  # charges count the amounts as they are written
        ("Fe0.66666666667O", True),
        ("CO2", True),
        ("CoCrFeMnNi", False),
        ("HeNa2", False),
        ("XeF4", True),
        ("LiMn2O4", False),
        ("Li0.1Na0.2Cl0.3", True),  # not zero in floating point
    ],
)
def test_charge_balance(formula, possible):
    assert value(dense(formula)[0], "compound possible") == possible


def test_charges_balance_as_often_as_brute_force_says():
    rng = np.random.default_rng(5)
    amounts = []
    for _ in range(400):
        numbers = rng.choice(np.arange(1, 104), rng.integers(1, 6), replace=False)
        amounts.append({int(z): float(rng.choice([1, 2, 3, 4, 0.5, 1.5])) for z in numbers})
    batch = Compositions.from_amounts([str(k) for k in range(len(amounts))], amounts)
    found = neutral_compounds(
        batch.numbers, batch.amounts, batch.offsets, *magpie.oxidation_state_table()
    )
    states = magpie.oxidation_states()
    for row, entry in enumerate(amounts):
        choices = itertools.product(*(states[z] for z in entry))
        sums = [np.dot(choice, list(entry.values())) for choice in choices]
        expected = len(entry) < 2 or any(abs(total) <= 1e-8 for total in sums)
        assert found[row] == expected, entry
    assert 20 < found.sum() < 380


def test_thirty_elements_take_no_time():
    rng = np.random.default_rng(0)
    some = {int(z): float(rng.random()) for z in [*range(11, 18), *range(19, 36), *range(37, 43)]}
    batch = Compositions.from_amounts(["many"], [some])
    made = Magpie()
    row = made.dense(made.featurize(batch).fields)[0]
    assert value(row, "0-norm") == 30
    assert np.isfinite(row).all()


@pytest.mark.slow
def test_a_search_without_end_is_given_up():
    rng = np.random.default_rng(0)
    states = magpie.oxidation_states()
    wide = {z: float(rng.random()) for z in range(1, 93) if states[z]}
    batch = Compositions.from_amounts(["wide", "less"], [wide, {6: 1.0, 8: 2.0}])
    block = Magpie().featurize(batch)
    assert block.rows.tolist() == [1]
    assert [(r.material_id, r.reason) for r in block.rejects] == [("wide", "too_many_charges")]


def test_what_cannot_be_featurized_goes_to_the_ledger():
    batch = Compositions(
        np.array(["fine", "none", "zero", "nan", "ghost", "beyond", "og"]),
        np.array([8, 11, 8, 0, 119, 118, 8], dtype=np.uint8),
        np.array([1.0, 0.0, np.nan, 1.0, 1.0, 1.0, 2.0]),
        np.array([0, 1, 1, 2, 3, 4, 5, 7]),
    )
    block = Magpie().featurize(batch)
    assert block.rows.tolist() == [0, 6]
    assert {r.material_id: r.reason for r in block.rejects} == {
        "none": "empty_composition",
        "zero": "bad_amount",
        "nan": "bad_amount",
        "ghost": "unknown_element",
        "beyond": "unknown_element",
    }
    strict = featurizer("magpie", {"unknown": "reject"}).featurize(batch.take([0, 6]))
    assert strict.rows.tolist() == [0]
    assert [(r.material_id, r.reason) for r in strict.rejects] == [("og", "unknown_property")]
    assert np.isfinite(Magpie().dense(block.fields)).all()


def test_shapes_labels_units_and_stored_types():
    made = featurizer("magpie")
    block = made.featurize(of("NaCl", "Si"))
    rows = made.dense(block.fields)
    assert rows.shape == (2, WIDTH) == (2, 145)
    assert rows.dtype == np.float64
    assert len(made.labels()) == len(set(made.labels())) == len(made.units()) == 145
    for field in COMPOSITION_FIELDS:
        stored = block.fields[field.name]
        values = stored if field.level == "crystal" else stored.values
        assert values.dtype == field.dtype
        assert len(stored) == 2
    assert made.units()[made.labels().index("MagpieData mean MeltingT")] == "K"


def test_no_compositions():
    made = Magpie()
    block = made.featurize(Compositions.from_amounts([], []))
    assert made.dense(block.fields).shape == (0, 145)


def test_unknown_settings_are_refused():
    with pytest.raises(ConfigError, match="reject"):
        featurizer("magpie", {"unknown": "rejekt"})


def test_in_memory_from_formulas():
    found = compute("magpie", ["Fe2O3", "NaCl"])
    np.testing.assert_array_equal(found.values, dense("Fe2O3", "NaCl"))


@pytest.mark.slow
def test_the_dense_form_needs_no_compiled_code():
    code = (
        "import sys, numpy as np\n"
        "from matdata.core.crystals import Ragged\n"
        "from matdata.features import featurizer\n"
        "offsets = np.array([0, 2])\n"
        "fields = {'elements': Ragged(np.array([11, 17], np.uint8), offsets),\n"
        "          'amounts': Ragged(np.ones(2), offsets), 'compound_possible': np.ones(1)}\n"
        "assert featurizer('magpie').dense(fields).shape == (1, 145)\n"
        "assert not {'numba', 'pymatgen', 'matminer'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_element_has_a_symbol_in_the_table():
    assert len(magpie.oxidation_states()) == 119
    assert magpie.known_properties()[atomic_number("Fe"), 0] == 26
