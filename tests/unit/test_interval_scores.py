"""Scores of predicted distributions and intervals: closed forms, references, planted cases."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

from matdata.core.errors import ConfigError
from matdata.evaluation.column_groups import MISSING, Grouping, grouped
from matdata.evaluation.derive.coverage_law import coverage_band
from matdata.evaluation.derive.texts import parse_derivation
from matdata.splits.base import Split
from matdata.splits.exchangeable import why_not_exchangeable
from matdata.training.ensemble import combine
from matdata.training.outputs import Distribution, Members
from matdata.training.scores.conditional_coverage import (
    Surroundings,
    atomic_fractions,
    conditional_coverage,
    least_mean_windows,
    worst_slab,
)
from matdata.training.scores.scoring_rules import check_score, crps, interval_score, sharpness
from matdata.training.scores.target_scores import target_record
from matdata.training.scores.uncertainty import calibration, miscalibration_area
from matdata.training.target import Target

RANDOM = np.random.default_rng(5)
SPREAD = RANDOM.uniform(0.1, 2.0, 400)
ERROR = RANDOM.standard_t(4, 400) * SPREAD


@pytest.mark.parametrize("factor", [1e-3, 1.0, 40.0])
def test_scores_are_those_of_uncertainty_toolbox(factor):
    theirs = pytest.importorskip("uncertainty_toolbox", reason="of the group `bench`")
    true = RANDOM.normal(size=400)
    given = (true + factor * ERROR, factor * SPREAD, true)
    error = given[0] - true  # with its rounding
    found = calibration(error, given[1])
    expected = {
        "miscalibration_area": theirs.miscalibration_area(*given),
        "sharpness": theirs.sharpness(given[1]),
        "nll": theirs.nll_gaussian(*given),
        "crps": theirs.crps_gaussian(*given),
        "check_score": theirs.check_score(*given),
        "interval_score": theirs.interval_score(*given),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    for level in (50, 80, 90, 95):
        inside = theirs.metrics_calibration.get_proportion_in_interval(*given, level / 100)
        assert found[f"coverage_{level}"] == pytest.approx(inside, abs=1e-12)


def test_crps_is_the_integral_that_defines_it():
    for error, spread in ((0.0, 1.0), (0.7, 0.4), (-3.0, 0.2), (1.0, 5.0)):
        x = np.linspace(-60, 60, 400_001)
        law = statistics.NormalDist(error, spread)
        below = np.array([0.5 * math.erfc((law.mean - v) / law.stdev / math.sqrt(2)) for v in x])
        integral = np.trapezoid((below - (x >= 0)) ** 2, x)
        found = crps(np.array([error]), np.array([spread]))
        assert found == pytest.approx(integral, abs=3e-4)


def test_scores_of_no_spread_are_the_limits():
    error, nothing = np.array([0.0, 0.5, -2.0]), np.zeros(3)
    tiny = np.full(3, 1e-9)
    for score in (crps, check_score, interval_score):
        assert score(error, nothing) == pytest.approx(score(error, tiny), rel=1e-6)
    assert crps(error, nothing) == np.abs(error).mean()
    assert sharpness(nothing) == 0.0
    found = calibration(error, nothing)
    assert math.isnan(found["nll"])
    assert found["coverage_90"] == pytest.approx(1 / 3)
    assert found["width_90"] == 0.0


def test_widths_are_those_of_a_normal_distribution():
    found = calibration(ERROR, SPREAD)
    for level, half in ((50, 0.674490), (80, 1.281552), (90, 1.644854), (95, 1.959964)):
        assert found[f"width_{level}"] == pytest.approx(2 * half * SPREAD.mean(), rel=1e-6)


def test_area_between_curves_that_cross():
    # half of the errors are 0, the others 5 spreads: observed is 1/2 at all levels below 1
    error = np.array([0.0, 5.0] * 50)
    level = np.linspace(0, 1, 100)
    low = np.interp(np.linspace(0, level[-2], 200_001), level, np.full(100, 0.5))
    x = np.linspace(0, level[-2], 200_001)
    area = np.trapezoid(np.abs(low - x), x) + 0.5 * (level[-1] - level[-2]) * (level[-2] - 0.5)
    assert miscalibration_area(error, np.ones(100)) == pytest.approx(area, abs=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_spreads_that_are_no_numbers_are_said_and_not_scored(bad):
    stds = np.abs(RANDOM.normal(size=(1, 6, 1))) + 0.1
    stds[0, 2, 0] = bad
    means, true = RANDOM.normal(size=(1, 6, 1)), RANDOM.normal(size=(6, 1))
    target = Target("y")
    with np.errstate(invalid="ignore"):
        made = combine(np.arange(6).astype(str), (target,), Members(means, stds), true)
    record = target_record(made, target, true)
    assert "uncertainty" not in record
    assert "1 of 6 predicted standard deviations" in record["undefined"]["uncertainty"]


# --- where coverage is low ------------------------------------------------------------------------


def test_windows_of_least_mean_are_found_exactly():
    values = (RANDOM.random((60, 23)) < 0.7).astype(float)
    for least in (1, 4, 11, 23):
        means, first, last = least_mean_windows(values, least)
        for row, mean, start, end in zip(values, means, first, last, strict=True):
            windows = [row[i:j].mean() for i in range(23) for j in range(i + least, 24)]
            assert mean == pytest.approx(min(windows), abs=1e-12)
            assert row[start : end + 1].mean() == pytest.approx(mean, abs=1e-12)
            assert end + 1 - start >= least


def test_a_planted_slab_is_found_and_none_where_coverage_is_the_same():
    points = RANDOM.normal(size=(4000, 3))
    bad = points[:, 0] > 1.0  # 16 %
    within = np.where(bad, RANDOM.random(4000) < 0.5, RANDOM.random(4000) < 0.95).astype(float)
    found = worst_slab(within, points)
    assert found["coverage"] < 0.65
    even = (RANDOM.random(4000) < 0.9).astype(float)
    assert worst_slab(even, points)["coverage"] == pytest.approx(0.9, abs=0.06)
    assert worst_slab(within, points) == found, "the same again"
    assert worst_slab(within[:199], points[:199]) is None


def test_coverage_by_chemical_system():
    within = np.array([1.0, 0.0, 1.0, 1.0])
    around = Surroundings(np.array([True, True, False, False]), np.zeros((4, 2)))
    systems = conditional_coverage(within, around)["chemical_systems"]
    assert systems["seen"] == {"materials": 2, "coverage": 0.5}
    assert systems["unseen"] == {"materials": 2, "coverage": 1.0}


def test_fractions_of_formulas():
    found = atomic_fractions(["H2O", None, "O2", "not a formula"])
    np.testing.assert_allclose(found[0], [2 / 3, 1 / 3])
    assert np.isnan(found[[1, 3]]).all()


@pytest.mark.parametrize(("known", "tested"), [(9, 4), (100, 1000), (921, 921)])
def test_bands_of_chance_are_those_of_the_beta_binomial_law(known, tested):
    stats = pytest.importorskip("scipy.stats")
    rank = math.ceil((known + 1) * 0.9)
    law = stats.betabinom(tested, rank, known + 1 - rank)
    low, high = coverage_band((rank, known + 1 - rank), tested)
    assert (low, high) == (law.ppf(0.005) / tested, law.ppf(0.995) / tested)


# --- groups ---------------------------------------------------------------------------------------


def test_values_and_bins_of_a_column():
    numbers = [float(x) for x in range(100)]
    bins = Grouping.of("x", [*numbers, None], 4)
    assert bins.edges == (24.75, 49.5, 74.25)
    assert bins.labels == ["below 24.8", "24.8 to 49.5", "49.5 to 74.2", "from 74.2"]
    places = grouped(bins, [*numbers, None, float("nan"), -1e9, 1e9])
    assert list(places) == [*bins.labels, MISSING]
    assert [len(one) for one in places.values()] == [26, 25, 25, 26, 2]
    few = Grouping.of("n", [3, 1, 2, 2, None], 4)
    assert few.edges == ()
    assert list(grouped(few, [10, 2, None, 1])) == ["1", "2", "10", MISSING]
    near = Grouping.of("x", [1 + 1e-9 * k for k in range(50)], 4)
    assert len(set(near.labels)) == 4
    with pytest.raises(ConfigError, match="lists or records"):
        Grouping.of("x", [[1.0]], 4)
    with pytest.raises(ConfigError, match="text 'a' among numbers"):
        bins.label("a")


def groups(rows, seed):
    """Two groups, one with errors of ten times those of the other, and one spread for all."""
    random = np.random.default_rng(seed)
    wide = random.random(rows) < 0.3
    truth = random.normal(size=(rows, 1)) * np.where(wide, 10.0, 1.0)[:, None]
    return Distribution(np.zeros((1, rows, 1)), np.ones((1, rows, 1))), truth, wide


def ready(text):
    step = parse_derivation(text)
    step.produces((Target("y"),))
    return step


def test_each_group_holds_its_share():
    valid, known, wide = groups(4000, 1)
    test, truth, other = groups(20_000, 2)
    cells, new = ({"g": np.where(w, "wide", "narrow").tolist()} for w in (wide, other))
    plain = ready("conformal:alpha=0.1")
    low, high = plain.apply({"y": test}, {}, plain.fit({"y": valid}, {"y": known}, {}))[
        "y"
    ].interval
    inside = ((truth >= low) & (truth <= high))[:, 0]
    assert inside[other].mean() < 0.75, "the whole holds 90 %, the wide group does not"
    step = ready("conformal:alpha=0.1,by=g")
    fitted = step.fit({"y": valid}, {"y": known}, cells)
    low, high = step.apply({"y": test}, new, fitted)["y"].interval
    inside = ((truth >= low) & (truth <= high))[:, 0]
    for one in (other, ~other):
        assert inside[one].mean() == pytest.approx(0.9, abs=0.02)
    unseen = step.apply({"y": test}, {"g": ["?"] * 20_000}, fitted)["y"].interval
    assert np.isinf(unseen[0]).all()
    assert np.isinf(unseen[1]).all()


def test_small_groups_are_refused_with_what_they_need_or_pooled():
    valid, known, _ = groups(60, 1)
    cells = {"g": ["a"] * 40 + ["b"] * 8 + ["c"] * 8 + [None] * 4}
    step = ready("conformal:alpha=0.1,by=g")
    with pytest.raises(ConfigError, match=r"3 of 4 groups of 'g'.*\(missing\) 4, b 8, c 8") as told:
        step.fit({"y": valid}, {"y": known}, cells)
    assert "at least 9 are needed in each" in str(told.value)
    pooled = ready("conformal:alpha=0.1,by=g,pool=true")
    fitted = pooled.fit({"y": valid}, {"y": known}, cells)
    one = Distribution(np.zeros((1, 3, 1)), np.ones((1, 3, 1)))
    low, high = pooled.apply({"y": one}, {"g": ["a", "b", "new"]}, fitted)["y"].interval
    small = np.sort(np.abs(known[40:, 0]))[math.ceil(21 * 0.9) - 1]
    large = np.sort(np.abs(known[:40, 0]))[math.ceil(41 * 0.9) - 1]
    np.testing.assert_allclose(high[:, 0], [large, small, small])
    np.testing.assert_allclose(low, -high)


def test_spreads_of_nothing_are_refused_and_mended_by_an_offset():
    valid, known, _ = groups(50, 1)
    valid.aleatoric[0, :20] = 0.0
    with pytest.raises(ConfigError, match="20 of 50 values of y") as told:
        ready("conformal:alpha=0.1").fit({"y": valid}, {"y": known}, {})
    assert "offset" in str(told.value)
    step = ready("conformal:alpha=0.1,offset=0.5")
    fitted = step.fit({"y": valid}, {"y": known}, {})
    expected = np.sort(np.abs(known[:, 0]) / (valid.aleatoric[0, :, 0] + 0.5))[45]
    assert fitted["y"].tolist() == [expected]


@pytest.mark.parametrize(
    ("method", "settings", "reason"),
    [
        ("random", {}, None),
        ("stable", {"by": ()}, None),
        ("stable", {"by": ("chemsys",)}, "whole groups of chemsys"),
        ("kfold", {"by": ["formula"]}, "whole groups of formula"),
        ("group", {"by": ("chemsys", "formula")}, "whole groups of chemsys, formula"),
        ("time", {}, "newest"),
        ("fixed", {}, "made elsewhere"),
        ("of_a_plugin", {}, "is not known"),
    ],
)
def test_splits_whose_parts_are_not_drawn_alike(method, settings, reason):
    parts = {name: np.array([name]) for name in ("train", "val", "test")}
    found = why_not_exchangeable(Split("s", method, settings, parts))
    assert (found is None) if reason is None else (reason in found)
