"""Ranks within a composition."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from matdata.evaluation import polymorphs
from matdata.evaluation.polymorphs import pair_ranking


def by_hand(compositions, true, predicted):
    right = tied = pairs = 0
    for i, k in itertools.combinations(range(len(true)), 2):
        if compositions[i] != compositions[k] or true[i] == true[k]:
            continue
        pairs += 1
        product = (true[i] - true[k]) * (predicted[i] - predicted[k])
        right, tied = right + (product > 0), tied + (product == 0)
    return right, tied, pairs


@pytest.mark.parametrize("rows", [3, 1024])
def test_pairs_are_those_of_a_loop(monkeypatch, rows):
    monkeypatch.setattr(polymorphs, "ROWS", rows)
    rng = np.random.default_rng(0)
    names = [*rng.choice(["TiN", "ZrN", "HfN2", "Zn3N2"], 60).tolist(), "alone"]
    true = rng.integers(0, 6, 61).astype(float)  # some are equal
    predicted = np.round(true + rng.normal(0, 2, 61))
    result = pair_ranking(names, true, predicted)
    assert result[:3] == by_hand(names, true, predicted)
    assert result.compositions == 4
    assert result.share == pytest.approx((result.right + result.tied / 2) / result.pairs)


def test_perfect_reversed_and_constant_predictions():
    names, true = ["A"] * 5 + ["B"] * 4, np.arange(9.0)
    assert pair_ranking(names, true, true).share == 1.0
    assert pair_ranking(names, true, -true).share == 0.0
    assert pair_ranking(names, true, np.zeros(9)).share == 0.5


def test_other_compositions_do_not_count():
    """Shifts between compositions change nothing."""
    names, true = ["A", "A", "B", "B"], np.array([0.0, 1.0, 0.5, 0.2])
    assert pair_ranking(names, true, np.array([0.0, 1.0, 9.5, 9.2])).share == 1.0


def test_no_pairs():
    result = pair_ranking(["A", "B", "C", "C"], np.array([1.0, 2.0, 3.0, 3.0]), np.zeros(4))
    assert result == (0, 0, 0, 0)
    assert math.isnan(result.share)
    assert math.isnan(pair_ranking([], np.empty(0), np.empty(0)).share)
