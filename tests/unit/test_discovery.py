"""Scores of discovery by numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import matdata as md
from matdata.evaluation.discovery.confusion import Confusion
from matdata.evaluation.discovery.metrics import (
    along,
    first_of_each,
    reliability,
    rolling_error,
    subsets,
)
from matdata.evaluation.discovery.ranking import CRITERIA, probability_of_stability, rank
from matdata.evaluation.discovery.score import Scored
from matdata.evaluation.discovery.submission import leaderboard_scores, yaml_lines

NAN = float("nan")
IDS = np.array(list("abcdefgh"))
# stable: a, b, e (exactly on the hull); h has no truth; g has no prediction and is stable
TRUE = np.array([-0.1, -0.05, 0.02, 0.3, 0.0, 0.015, -0.2, NAN])
MEAN = np.array([-0.2, 0.1, -0.1, 0.4, 0.0, -0.1, NAN, -0.5])
STD = np.array([0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1])


def test_confusion_on_the_whole_set():
    whole = subsets(rank(IDS, MEAN, STD), TRUE, None)["whole"]
    # selected a, c, e, f of the seven with a truth; stable a, b, e, g
    expected = {"materials": 7, "tp": 2, "fp": 2, "fn": 2, "tn": 1, "without_prediction": 1}
    assert {name: whole[name] for name in expected} == expected
    assert whole["precision"] == whole["recall"] == whole["f1"] == 0.5
    assert whole["prevalence"] == 4 / 7
    assert whole["daf"] == 0.5 / (4 / 7)
    assert whole["accuracy"] == 3 / 7
    assert whole["fpr"] == 2 / 3
    assert whole["mae"] == pytest.approx((0.1 + 0.15 + 0.12 + 0.1 + 0 + 0.115) / 6)


def test_unique_prototypes_and_the_most_stable_share_a_prevalence():
    unique = first_of_each(["x", "x", "y", "z", "w", None, None, "v"])
    assert unique.tolist() == [True, False, True, True, True, True, True, True]
    scores = subsets(rank(IDS, MEAN, STD), TRUE, unique, most=2)
    assert scores["unique_prototypes"]["prevalence"] == 3 / 6
    # best ranked with a truth: a, then c (ties with f at -0.1: by id)
    best = scores["most_stable"]
    assert (best["materials"], best["tp"], best["fp"]) == (2, 1, 1)
    assert best["daf"] == 0.5 / 0.5
    assert best["prevalence"] == 0.5


def test_criteria():
    mean = rank(IDS, MEAN, STD, "mean")
    assert IDS[mean.order].tolist() == list("hacfebd")
    assert IDS[mean.selected].tolist() == list("acefh")
    careful = rank(IDS, MEAN, STD, "mean+std")
    assert IDS[careful.selected].tolist() == list("afh")
    assert IDS[careful.order].tolist() == list("hafcebd")
    likely = rank(IDS, MEAN, STD, "probability")
    assert IDS[likely.selected].tolist() == list("acefh")
    assert IDS[likely.order].tolist() == list("hafcebd")
    assert likely.ranks.tolist() == [2, 6, 4, 7, 5, 3, 0, 1]
    with pytest.raises(md.ConfigError, match="unknown criterion 'luck'"):
        rank(IDS, MEAN, STD, "luck")


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_order_in_which_candidates_are_given_changes_nothing(criterion):
    rng = np.random.default_rng(0)
    ids = np.array([f"m{k:03d}" for k in range(200)])
    mean, true = rng.integers(-2, 3, 200) / 10, rng.integers(-2, 3, 200) / 10
    std = rng.integers(1, 3, 200) / 10
    mean[:20], true[10:30] = NAN, NAN
    first = rank(ids, mean, std, criterion)
    whole, curve = subsets(first, true, None, most=37), along(first, true)
    for _ in range(3):
        mix = rng.permutation(200)
        other = rank(ids[mix], mean[mix], std[mix], criterion)
        assert other.ids[other.order].tolist() == first.ids[first.order].tolist()
        again = subsets(other, true[mix], None, most=37)
        for name, scores in whole.items():
            assert again[name] == pytest.approx(scores, rel=1e-12, nan_ok=True)
        np.testing.assert_array_equal(along(other, true[mix]).precision, curve.precision)


def test_along_the_ranking():
    curve = along(rank(IDS, MEAN, STD), TRUE)  # a c f e b d, without h
    assert curve.stable.tolist() == [1, 1, 1, 2, 3, 3]
    np.testing.assert_allclose(curve.precision, [1, 1 / 2, 1 / 3, 2 / 4, 3 / 5, 3 / 6])
    np.testing.assert_allclose(curve.recall, [1 / 4, 1 / 4, 1 / 4, 2 / 4, 3 / 4, 3 / 4])
    np.testing.assert_allclose(curve.enrichment, curve.precision * 7 / 4)
    assert curve.hits[0.01].tolist() == [1, 1, 1, 2, 3, 3]
    assert curve.hits[0.02].tolist() == [1, 2, 3, 4, 5, 5]
    assert curve.hits[0.03].tolist() == [1, 2, 3, 4, 5, 5]


def test_what_is_not_defined_is_no_number():
    none_stable = subsets(rank(IDS, MEAN, STD), np.full(8, 0.1), None)["whole"]
    assert none_stable["prevalence"] == 0
    assert none_stable["precision"] == 0
    assert all(math.isnan(none_stable[name]) for name in ("recall", "f1", "daf"))
    curve = along(rank(IDS, MEAN, STD), np.full(8, 0.1))
    assert np.isnan(curve.recall).all()
    assert np.isnan(curve.enrichment).all()
    none_selected = subsets(rank(IDS, np.full(8, 0.1), STD), TRUE, None)["whole"]
    assert none_selected["recall"] == 0
    assert all(math.isnan(none_selected[name]) for name in ("precision", "f1", "daf"))
    nothing = subsets(rank(IDS, np.full(8, NAN), STD), np.full(8, NAN), None)["whole"]
    assert nothing["materials"] == 0
    assert all(math.isnan(nothing[name]) for name in ("prevalence", "mae", "rmse"))
    assert math.isnan(Confusion(0, 1, 1, 0).f1)


def test_probabilities_of_normal_distributions():
    mean = np.array([0.0, -0.1, 0.1, -1.0, 0.0, 0.1, 0.1, NAN])
    std = np.array([0.1, 0.1, 0.1, 0.1, 0.0, 0.0, NAN, 0.1])
    expected = [0.5, 0.8413447460685429, 0.15865525393145707, 1.0, 1.0, 0.0, NAN, NAN]
    np.testing.assert_allclose(probability_of_stability(mean, std), expected, rtol=1e-12)


def test_a_criterion_with_uncertainty_needs_one():
    for criterion in ("mean+std", "probability"):
        with pytest.raises(md.ConfigError, match="needs standard deviations"):
            rank(IDS, MEAN, None, criterion)
    ranking = rank(IDS, MEAN, None)
    assert np.isnan(ranking.probability).all()
    assert len(ranking.order) == 7


def test_brier_score_and_reliability():
    found = reliability(np.array([0.05, 0.15, 0.15, 1.0, NAN, 0.5]),
                        np.array([0.2, -0.1, 0.1, 0.0, 0.0, NAN]))  # fmt: skip
    assert found.brier == pytest.approx((0.05**2 + 0.85**2 + 0.15**2 + 0) / 4)
    assert found.count.tolist() == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    np.testing.assert_allclose(found.predicted[[0, 1, 9]], [0.05, 0.15, 1.0])
    np.testing.assert_allclose(found.observed[[0, 1, 9]], [0.0, 0.5, 1.0])
    assert np.isnan(found.observed[2:9]).all()
    assert math.isnan(reliability(np.array([NAN]), np.array([0.1])).brier)


def test_rolling_error_in_a_window():
    true = np.array([0.0, 0.01, 0.03, 0.5, NAN])
    predicted = np.array([0.1, -0.19, 0.33, 0.4, 0.0])  # errors 0.1, 0.2, 0.3, 0.1
    found = rolling_error(predicted, true, np.array([0.01, 0.5, 1.0]))
    assert found.count.tolist() == [3, 1, 0]
    np.testing.assert_allclose(found.mae, [0.2, 0.1, NAN])
    np.testing.assert_allclose(found.standard_error, [0.1 / math.sqrt(3), NAN, NAN])


def _leaderboard(true, predicted, unique):
    """Scores as `calc_discovery_metrics` of Matbench Discovery defines them, written anew."""
    known = {name: np.flatnonzero(mask) for name, mask in (
        ("full_test_set", np.ones(len(true), bool)), ("unique_prototypes", unique),
    )}  # fmt: skip
    candidates = known["unique_prototypes"][np.isfinite(predicted[known["unique_prototypes"]])]
    best = candidates[np.argsort(predicted[candidates], kind="stable")][:10_000]
    scores = {}
    for name, rows in {**known, "most_stable_10k": best}.items():
        stable, chosen = true[rows] <= 0, predicted[rows] <= 0  # a missing one is not chosen
        tp, fp = (stable & chosen).sum(), (~stable & chosen).sum()
        fn, tn = (stable & ~chosen).sum(), (~stable & ~chosen).sum()
        prevalence = (
            (true[rows] <= 0).mean() if name == "full_test_set" else (true[unique] <= 0).mean()
        )
        pair = np.isfinite(predicted[rows])
        a, b = true[rows][pair], predicted[rows][pair]
        precision, recall = tp / (tp + fp), tp / (tp + fn)
        scores[name] = {
            "F1": 2 * precision * recall / (precision + recall),
            "DAF": precision / prevalence,
            "Precision": precision, "Recall": recall, "Accuracy": (tp + tn) / len(rows),
            "TPR": recall, "FPR": fp / (fp + tn), "TNR": tn / (fp + tn), "FNR": fn / (tp + fn),
            "TP": tp, "FP": fp, "TN": tn, "FN": fn,
            "MAE": np.abs(a - b).mean(), "RMSE": np.sqrt(((a - b) ** 2).mean()),
            "R2": 1 - ((a - b) ** 2).sum() / ((a - a.mean()) ** 2).sum(),
            "missing_preds": (~pair).sum(),
        }  # fmt: skip
    return scores


def test_scores_of_a_submission_are_those_of_the_leaderboard():
    draw = np.random.default_rng(0)
    true = draw.normal(0.1, 0.2, 25_000)
    predicted = true + draw.normal(0, 0.1, len(true))
    predicted[draw.random(len(true)) < 0.01] = NAN
    unique = draw.random(len(true)) < 0.8
    ids = np.array([f"wbm-{k:05d}" for k in range(len(true))])
    ranking = rank(ids, predicted, np.full(len(true), 0.1), "probability")
    found = leaderboard_scores(Scored({}, ranking, true, unique, {}))
    expected = _leaderboard(true, predicted, unique)
    assert found.keys() == expected.keys()
    for name, scores in expected.items():
        assert found[name].keys() == scores.keys()
        for key, value in scores.items():
            assert found[name][key] == pytest.approx(round(float(value), 3)), (name, key)


def test_yaml_of_names_that_look_like_something_else():
    yaml = pytest.importorskip("yaml")
    document = {"model_name": "no: #1 \u00e9 \n", "metrics": {"F1": None, "TP": 3, "MAE": 1e-3}}
    assert yaml.safe_load("\n".join(yaml_lines(document))) == document
