"""Element tables and composition inputs: digests, shapes, values by hand, and what is refused."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import numpy as np
import pytest
from support.crystals import few

from matdata.core.composition import Compositions, parse_formula
from matdata.core.errors import ConfigError, FeatureError, StoreError
from matdata.features import featurizer
from matdata.features.formula_graph import integer_formula
from matdata.features.formulas import ELEMNET
from matdata.materials.compute import compute
from matdata.tables import element_vectors


def one(spec: str, formula: str, **settings: object) -> np.ndarray:
    done = compute(spec, [formula], **settings)
    assert not done.rejects
    return done.values if done.offsets is not None else done.values[0]


@pytest.mark.parametrize("name", element_vectors.SHA256)
def test_every_table_has_its_digest(name: str):
    data = files("matdata.tables").joinpath("vectors", name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == element_vectors.SHA256[name]


def test_mat2vec_and_matscholar_are_not_confused():
    mat2vec, matscholar = element_vectors.vectors("mat2vec"), element_vectors.vectors("matscholar")
    assert mat2vec.shape == matscholar.shape == (119, 200)
    # First numbers of H as the two publications give them.
    assert mat2vec[1, 0] == np.float32(0.05714642256498337)
    assert matscholar[1, 0] == np.float32(0.016640299931168556)
    assert not np.isclose(mat2vec[1:104], matscholar[1:104]).all(axis=1).any()
    assert element_vectors.SHA256["mat2vec.npy"] != element_vectors.SHA256["matscholar.npy"]


def test_a_damaged_table_is_refused(monkeypatch):
    monkeypatch.setitem(element_vectors.SHA256, "mat2vec.npy", "0" * 64)
    with pytest.raises(StoreError, match=r"mat2vec\.npy has digest"):
        element_vectors.vectors.__wrapped__("mat2vec")


@pytest.mark.parametrize("name", element_vectors.NAMES)
def test_tables_expand_per_site(name: str):
    crystals = few().take([0, 1])
    done = compute(f"element:{name}", crystals)
    assert done.values.shape == (13, element_vectors.WIDTHS[name]) == (13, len(done.labels))
    assert len(done.units) == len(done.labels) == len(set(done.labels))
    np.testing.assert_array_equal(done.values, element_vectors.vectors(name)[crystals.numbers])
    assert done.values.dtype == np.float32


def test_what_a_table_lacks_is_named():
    (reject,) = compute("element:megnet16", ["AmO2"], per="element").rejects
    assert (reject.reason, reject.message) == (
        "unknown_element",
        "element:megnet16 does not know Am",
    )
    (reject,) = compute("element:jarvis438", ["XeF2"], per="element").rejects
    assert reject.message.endswith("Xe")
    filled = compute("element:jarvis438", ["XeF2"], per="element", unknown="mean")
    assert np.isfinite(filled.values).all()
    assert compute("element:jarvis438", ["RfO2"], per="element", unknown="mean").rejects


def test_jarvis_unknowns_are_the_21_elements_of_the_protocol():
    table = element_vectors.vectors("jarvis438")
    assert not (table == -9999).any()
    partial = np.flatnonzero(np.isnan(table[1:104]).any(axis=1)) + 1
    named = {54, 61, 63, *range(84, 90), 91, *range(93, 104)}
    assert set(partial.tolist()) == named
    labels = element_vectors.labels("jarvis438")
    np.testing.assert_array_equal(table[1:104, labels.index("Z")], np.arange(1, 104))


def test_sites_need_a_structure_and_an_unknown_table_is_refused():
    with pytest.raises(FeatureError, match="needs structures"):
        compute("element:mat2vec", ["NaCl"])
    with pytest.raises(ConfigError, match="mat2vec"):
        featurizer("element:mat2vek")


def test_fractions():
    row = one("fractions", "Fe2O3")
    assert row.shape == (103,)
    assert (row[25], row[7], row.sum()) == (np.float32(0.4), np.float32(0.6), 1.0)
    assert len(ELEMNET) == 86
    assert one("fractions", "Fe2O3", elements="86").shape == (86,)
    (reject,) = compute("fractions", ["HeO2"], elements="86").rejects
    assert reject.message == "fractions does not know He"


def test_composition_set_is_weights_and_vectors():
    rows = one("composition-set", "(Ca(OH)2)0.5")
    assert rows.shape == (3, 201)
    np.testing.assert_allclose(rows[:, 0], [0.4, 0.4, 0.2])
    np.testing.assert_array_equal(rows[:, 1:], element_vectors.vectors("matscholar")[[1, 8, 20]])


def test_edm_is_padded_and_ordered():
    done = compute("edm", ["OFe", "FeO", "NaCl2O4K", "D2O"], length=5)
    assert done.values.shape == (4, 5, 3)
    np.testing.assert_array_equal(done.values[0], done.values[1])
    np.testing.assert_allclose(done.values[0, :2], [[8, 0.5, 0.0025], [26, 0.5, 0.0025]])
    assert not done.values[0, 2:].any()
    assert done.values[3, 0, 0] == 1
    (reject,) = compute("edm", ["NaCl2O4K"], length=3).rejects
    assert reject.reason == "too_many_elements"
    assert compute("edm", ["NaCl", "LiFePO4"]).values.shape == (2, 4, 3)


def test_a_pure_element_has_log_fraction_zero_and_a_trace_one():
    made = featurizer("edm")
    amounts = [{26: 1.0}, {26: 1e-7, 8: 1.0}]
    block = made.featurize(Compositions.from_amounts(["Fe", "FeO"], amounts))
    values = made.dense(block.fields)
    assert values[0, 0].tolist() == [26, 1, 0]
    assert values[1, 1, 2] == 1


def test_formula_graph_rounds_to_small_integers():
    made = featurizer("formula-graph")
    texts = ["Fe4O6", "Ti0.33Al0.67", "La1.85Sr0.15CuO4", "Y0.5Zr0.5O2"]
    block = made.featurize(Compositions.from_amounts(texts, [parse_formula(t) for t in texts]))
    counts, error = block.fields["counts"], block.fields["error"]
    assert counts[0].tolist() == [3, 2]
    assert counts[1].tolist() == [2, 1]
    assert counts[3].tolist() == [4, 1, 1]
    assert error[0] == error[3] == 0
    assert error[1] == pytest.approx(1 / 3 - 0.33, abs=1e-6)
    assert 0 < error[2] <= 0.005
    nodes = made.dense(block.fields)
    assert nodes[0].ravel().tolist() == [8, 8, 8, 26, 26]


def test_formula_graph_keeps_every_element_and_the_limit():
    counts, error = integer_formula(np.array([1.0, 0.001]), 500, 0.005)
    assert counts.min() == 1
    assert error <= 0.005
    assert integer_formula(np.array([600.0, 1.0]), 500, 0.005) is None
    (reject,) = compute("formula-graph", ["C600H7"]).rejects
    assert reject.reason == "too_many_atoms"


@pytest.mark.parametrize("spec", ["fractions", "composition-set", "edm", "formula-graph"])
def test_bad_amounts_and_numbers_are_ledger_rows(spec: str):
    amounts = [{8: float("nan")}, {8: -1.0}, {200: 1.0}, {}, {8: 1.0}]
    batch = Compositions.from_amounts(list("abcde"), amounts)
    block = featurizer(spec).featurize(batch)
    assert block.rows.tolist() == [4]
    reasons = {reject.material_id: reject.reason for reject in block.rejects}
    assert reasons == {"a": "bad_amount", "b": "bad_amount", "c": "unknown_element", "d": "empty"}


@pytest.mark.parametrize("spec", ["fractions", "composition-set", "edm", "formula-graph"])
def test_nothing_at_all_is_fine(spec: str):
    block = featurizer(spec).featurize(Compositions.from_amounts([], []))
    assert len(block.rows) == 0
    assert len(featurizer(spec).dense(block.fields)) == 0
