"""The element mover's distance, coverage by it, and curves of predicted compositions."""

from __future__ import annotations

import numpy as np
import pytest

from matdata.core.elements import N_ELEMENTS
from matdata.tables.pettifor import SCALE, places
from matdata.training.element_shares import element_shares
from matdata.training.ensemble import combine
from matdata.training.outputs import Members
from matdata.training.scores.element_movers import (
    THRESHOLDS,
    coverage,
    element_movers_distance,
)
from matdata.training.scores.metrics import undefined
from matdata.training.scores.set_metrics import multi_label, shares
from matdata.training.scores.share_curves import share_curves
from matdata.training.scores.target_scores import target_record
from matdata.training.scores.uncertainty import confidence_error
from matdata.training.target import Target

PRODUCT = Target("product", 103, "1", "distribution")


def of(*formulas, size=103):
    return np.array([element_shares(one, size) for one in formulas])


def test_the_scale_has_each_element_up_to_lawrencium_once():
    assert len(SCALE) == len(set(SCALE)) == 103
    assert sorted(places()[1:104].tolist()) == list(range(103))
    assert (places()[104:] == -1).all()
    assert places()[0] == -1


def test_distances_of_simple_pairs():
    place = places()
    assert element_movers_distance(of("He"), of("H")).tolist() == [102.0]
    assert element_movers_distance(of("Fe2O3"), of("Fe2O3")).tolist() == [0.0]
    # Fe2O3 and FeO differ by a tenth that moves from O to Fe; Goodall 2022, 5.4.3
    step = abs(int(place[26] - place[8]))
    found = element_movers_distance(of("Fe2O3", "Fe2O3"), of("FeO", "Fe3O4"))
    np.testing.assert_allclose(found, [0.1 * step, (3 / 7 - 2 / 5) * step])
    scored = shares(of("Fe2O3", "Fe2O3", "FeO"), of("FeO", "Fe3O4", "Fe3O4"))
    assert scored["l1"] == pytest.approx((0.2 + 2 / 35 + 1 / 7) / 3)
    assert scored["elemd"] == pytest.approx(step * scored["l1"] / 2)
    # the distance is one: symmetric, unchanged by a factor, no shorter by way of a third
    random = np.random.default_rng(0)
    a, b, c = random.dirichlet(np.ones(103), (3, 20))
    there, back = element_movers_distance(a, 3.0 * b), element_movers_distance(b, a)
    np.testing.assert_allclose(there, back)
    assert (there <= element_movers_distance(a, c) + element_movers_distance(c, b) + 1e-9).all()


def test_elements_without_a_place_have_no_distance():
    rutherfordium = np.eye(N_ELEMENTS)[[103]]
    hydrogen = of("H", size=N_ELEMENTS)
    assert np.isnan(element_movers_distance(rutherfordium, hydrogen)).all()
    assert np.isnan(element_movers_distance(hydrogen, rutherfordium)).all()
    little = 0.995 * hydrogen + 0.005 * rutherfordium  # of a softmax over all elements
    assert element_movers_distance(hydrogen, little).tolist() == [0.0]
    assert np.isnan(element_movers_distance(little, hydrogen)).all()
    scored = shares(rutherfordium, hydrogen)
    assert undefined(scored)["elemd"] == "an element has no place on the modified Pettifor scale"


def test_shares_of_other_things_have_none():
    assert "elemd" not in shares(np.eye(4), np.eye(4))
    assert "elemd" in shares(np.empty((0, 103)), np.empty((0, 103)))


def test_coverage():
    share = coverage(np.array([0.0, 1.0, 1.0, 30.0]))
    assert share[0] == 0.25
    assert share[THRESHOLDS.tolist().index(1.0)] == 0.75
    assert share[-1] == 0.75


def test_weighted_f1_is_that_of_scikit_learn():
    from sklearn import metrics

    random = np.random.default_rng(0)
    true = (random.random((60, 5)) < [0.5, 0.2, 0.9, 0.0, 0.1]).astype(float)
    chances = np.clip(true + 0.7 * random.normal(size=true.shape), 0.0, 1.0)
    expected = metrics.f1_score(true, chances > 0.5, average="weighted", zero_division=0.0)
    assert multi_label(true, chances)["f1_weighted"] == pytest.approx(expected)
    assert multi_label(np.zeros((2, 2)), np.zeros((2, 2)))["f1_weighted"] == 0.0


def test_random_orders_are_those_that_could_be_drawn():
    random = np.random.default_rng(0)
    error, deviation = random.exponential(size=83), random.random(83)
    curve = confidence_error(error, deviation)
    counts = np.maximum(1, np.round(curve["share"] * 83).astype(int))
    drawn = np.array(
        [np.cumsum(random.permutation(error))[counts - 1] / counts for _ in range(20_000)]
    )
    np.testing.assert_allclose(curve["random"], drawn.mean(0), rtol=0.01)
    np.testing.assert_allclose(curve["random_std"], drawn.std(0), rtol=0.02, atol=1e-12)
    assert curve["random_std"][-1] == 0.0
    assert confidence_error(np.ones(1), np.ones(1))["random_std"].tolist() == [0.0] * 20


def predicted(members):
    means = np.array([of(*formulas) for formulas in members])
    ids = [str(k) for k in range(means.shape[1])]
    true = of("Fe2O3", "MgO", "NaCl")
    return combine(ids, (PRODUCT,), Members(means), true), true


def test_curves_of_an_ensemble():
    predictions, true = predicted([["FeO", "MgO", "NaCl"], ["Fe3O4", "MgO", "KCl"]])
    curves = share_curves(predictions, PRODUCT, true, of("MgO"))
    covered = curves["element_coverage"]
    assert covered["threshold"] == THRESHOLDS.tolist()
    assert covered["share"][0] == pytest.approx(1 / 3)
    assert covered["share"][-1] == 1.0
    curve = curves["confidence_error"]
    assert curve["error"] == "elemd"
    assert curve["mean"][0] == 0.0  # the surest, MgO, is right
    distances = element_movers_distance(true, predictions.mean)
    assert curve["mean"][-1] == curve["random"][0] == pytest.approx(distances.mean())
    # by the root of the trace of the covariance over members
    variances = predictions.members.var(0).sum(1)
    order = np.argsort(variances)
    assert curve["mean"][12] == pytest.approx(distances[order][:2].mean())
    record = target_record(predictions, PRODUCT, of("MgO"), ("l1", "elemd"))
    assert record["shown"] == ["l1", "elemd"]
    assert record["element_coverage"] == covered
    assert record["metrics"]["elemd"] == pytest.approx(distances.mean())


def test_curves_of_one_network_and_of_other_shares():
    predictions, true = predicted([["FeO", "MgO", "NaCl"]])
    assert "confidence_error" not in share_curves(predictions, PRODUCT, true, true)
    target = Target("parts", 3, "1", "distribution")
    means = np.array([np.eye(3), np.roll(np.eye(3), 1, 0)])
    other = combine(["a", "b", "c"], (target,), Members(means), np.eye(3))
    curves = share_curves(other, target, np.eye(3), np.eye(3))
    assert "element_coverage" not in curves
    assert curves["confidence_error"]["error"] == "l1"
    record = target_record(other, target, np.eye(3), ("l1", "elemd"))
    assert record["shown"] == ["l1"]
