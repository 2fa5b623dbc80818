"""The feature `reaction`: what it stores, what it refuses, and that vectors are made once."""

from __future__ import annotations

import numpy as np
import pytest
from support import reactions

from matdata.core.errors import FeatureError
from matdata.features import featurizer, precursors
from matdata.features.reaction import MAX_OPERATIONS, MAX_PRECURSORS
from matdata.materials.compute import compute

WHOLE = reactions.rows(1)[0]


def featurized(change=None, **settings):
    table = reactions.table_of([{**WHOLE, **(change or {})}])
    return featurizer("reaction", settings).featurize(table)


def test_vectors_are_those_of_the_feature_magpie():
    made = featurizer("reaction")
    block = made.featurize(reactions.table_of(reactions.rows(8)))
    dense = made.dense(block.fields)
    formulas = [one["formula"] for row in reactions.rows(8) for one in row["precursors"]]
    np.testing.assert_allclose(dense.values[:, 1:], compute("magpie", formulas).values, rtol=1e-6)
    sums = np.add.reduceat(dense.values[:, 0], dense.offsets[:-1])
    np.testing.assert_allclose(sums, 1.0, rtol=1e-6)


def test_a_distinct_precursor_is_expanded_once(monkeypatch):
    computed = []
    original = precursors.dense_compositions

    def counting(fields):
        computed.append(len(fields["elements"]))
        return original(fields)

    monkeypatch.setattr(precursors, "_KEPT", {})
    monkeypatch.setattr(precursors, "dense_compositions", counting)
    made = featurizer("reaction")
    block = made.featurize(reactions.table_of(reactions.rows(60)))
    first = made.dense(block.fields).values
    assert computed == [len(reactions.CARBONATES) + len(reactions.OXIDES) + 1]
    np.testing.assert_array_equal(made.dense(block.fields).values, first)
    assert len(computed) == 1


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(precursors, "_KEPT", {})
    monkeypatch.setattr(precursors, "MAX_KEPT", 4)
    made = featurizer("reaction", {"table": "magpie"})
    blocks = [made.featurize(reactions.table_of([row])) for row in reactions.rows(20)]
    values = [made.dense(block.fields).values for block in blocks]
    assert 0 < len(precursors._KEPT) <= 4
    monkeypatch.setattr(precursors, "_KEPT", {})
    again = [made.dense(block.fields).values for block in blocks]
    for one, other in zip(values, again, strict=True):
        np.testing.assert_array_equal(one, other)


TITANIA = {"formula": "TiO2", "amount": 1.0}


@pytest.mark.parametrize(
    ("change", "reason", "message"),
    [
        ({"precursors": None}, "no_precursors", "no precursors"),
        ({"precursors": []}, "no_precursors", "no precursors"),
        ({"precursors": [{"formula": "TiXx2"}]}, "bad_formula", "precursor 'TiXx2'"),
        ({"precursors": [{"formula": "Ti(O2"}]}, "bad_formula", "'Ti(O2'"),
        ({"precursors": [TITANIA, {"amount": 1.0}]}, "bad_formula", "no formula"),
        ({"precursors": [{**TITANIA, "amount": 0}]}, "bad_amount", "TiO2 is 0"),
        ({"precursors": [{**TITANIA, "amount": -0.5}]}, "bad_amount", "TiO2 is -0.5"),
        ({"precursors": [{**TITANIA, "amount": float("nan")}]}, "bad_amount", "TiO2 is nan"),
        ({"precursors": [{**TITANIA, "amount": 10**400}]}, "bad_amount", "no usable positive"),
        ({"precursors": [{**TITANIA, "amount": 1e308}] * 2}, "bad_amount", "TiO2 is 1e+308"),
        ({"precursors": [{**TITANIA, "amount": "x"}]}, "bad_amount", "TiO2 is 'x'"),
        ({"precursors": [TITANIA] * (MAX_PRECURSORS + 1)}, "many_precursors", "65 precursors"),
        ({"operations": ["stir"]}, "unknown_operation", "'stir' is not known; known ones: dry, h"),
        ({"operations": ["mix"] * (MAX_OPERATIONS + 1)}, "many_operations", "257 operations"),
    ],
)
def test_what_cannot_be_read_is_a_ledger_row(change, reason, message):
    block = featurized(change)
    assert not len(block.rows)
    (reject,) = block.rejects
    assert (reject.material_id, reject.stage, reject.reason) == ("r000", "featurize", reason)
    assert message in reject.message
    assert all(len(column) == 0 for column in block.fields.values())


def test_an_amount_that_is_not_known_can_be_refused():
    (reject,) = featurized({"precursors": [{"formula": "TiO2"}]}, unstated="reject").rejects
    assert (reject.reason, reject.message) == (
        "unstated_amount",
        "the amount of TiO2 is not known",
    )
    assert not featurized({"precursors": [{"formula": "TiO2"}]}).rejects


def test_an_element_that_a_table_lacks_is_named():
    change = {"precursors": [TITANIA, {"formula": "OgO2", "amount": 1.0}]}
    (reject,) = featurized(change, table="cgcnn92").rejects
    assert reject.reason == "unknown_element"
    assert "precursor 'OgO2': cgcnn92 does not know Og" in reject.message


def test_operations_may_be_missing():
    assert featurized({"operations": None}).fields["operations"].lengths.tolist() == [0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"precursors": "BaCO3 + TiO2"}, "'precursors' holds 'BaCO3 \\+ TiO2'; expected a list"),
        ({"precursors": ["BaCO3"]}, "'precursors' holds .*expected a list of records"),
        ({"operations": "mix"}, "'operations' holds 'mix'; expected a list of words: dry"),
        ({"operations": [1, 2]}, "'operations' holds \\[1, 2\\]"),
    ],
)
def test_columns_of_another_kind_are_refused(change, message):
    with pytest.raises(FeatureError, match=message):
        featurized(change)
