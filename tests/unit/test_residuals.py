"""What pictures of residuals, of elements and of groups are drawn from, and how they look."""

from __future__ import annotations

import numpy as np
import pytest

from matdata.training.ensemble import combine
from matdata.training.outputs import Members
from matdata.training.plot_data import mean_by_element
from matdata.training.residual_plots import log_ratio
from matdata.training.scores.target_scores import target_record
from matdata.training.target import Target

pytest.importorskip("matplotlib")

from support.figures import faint, outside, overlapping, words_of

from matdata.figures.groups import Group, scores_of_groups
from matdata.figures.picture import Look
from matdata.figures.residuals import normal_quantiles, residuals, standardised

RANDOM = np.random.default_rng(3)


def test_quantiles_are_those_of_a_normal_distribution():
    stats = pytest.importorskip("scipy.stats")
    expected = stats.norm.ppf((np.arange(50) + 0.5) / 50)
    np.testing.assert_allclose(normal_quantiles(50), expected, atol=1e-12)


def test_residuals_in_their_deviations():
    error, spread = np.array([1.0, -4.0, 3.0]), np.array([2.0, 2.0, 0.0])
    assert standardised(error, spread).tolist() == [-2.0, 0.5]
    own = standardised(np.array([0.0, 2.0]), None)
    assert own.tolist() == [-1.0, 1.0]


def test_ratios_of_noise_and_doubt():
    found = log_ratio(np.array([1.0, 10.0, 0.0]), np.array([10.0, 1.0, 1.0]))
    assert found.tolist() == [-1.0, 1.0]
    assert log_ratio(None, np.ones(2)) is None


def test_means_over_the_materials_with_an_element():
    means, counts = mean_by_element(["NaCl", "NaBr", None, "?"], [1.0, 3.0, 9.0, 9.0])
    assert means == {11: 2.0, 17: 1.0, 35: 3.0}
    assert counts[11] == 2


def test_members_are_scored_one_by_one():
    true = RANDOM.normal(size=(30, 1))
    means = true + 0.3 * RANDOM.normal(size=(5, 30, 1))
    made = combine(np.arange(30).astype(str), (Target("y"),), Members(means), true)
    own = target_record(made, Target("y"), true)["members"]
    each = np.abs(means - true).mean((1, 2))
    assert own["count"] == 5
    assert own["mean"]["mae"] == pytest.approx(each.mean())
    assert own["standard_error"]["mae"] == pytest.approx(each.std(ddof=1) / np.sqrt(5))
    alone = combine(np.arange(30).astype(str), (Target("y"),), Members(means[:1]), true)
    assert "members" not in target_record(alone, Target("y"), true)


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("rows", [1, 40, 9_000])
def test_pictures_of_residuals_can_be_read(style, rows):
    error = RANDOM.standard_t(3, rows)
    spread = RANDOM.uniform(0.0, 2.0, rows)
    spread[: rows // 5] = 0.0
    figure = residuals(
        error, spread, "eV", "Residuals of a target", Look(style), RANDOM.normal(size=rows),
        {"another run with a long name that goes on": np.abs(error) * 2},
    )  # fmt: skip
    assert outside(figure) == overlapping(figure) == faint(figure) == []
    if rows > 1:
        assert f"{rows // 5:,} with deviation 0 left out" in words_of(figure)
    assert "(eV)" in words_of(figure)


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("count", [1, 3, 60])
def test_pictures_of_groups_can_be_read(style, count):
    groups = [Group(f"group number {k}", k / 10, 0.02, 10 * k + 1) for k in range(count)]
    groups[-1] = groups[-1]._replace(score=float("nan"), error=float("nan"))
    figure = scores_of_groups(groups, "a column", "mae (eV)", 0.3, "Scores", Look(style))
    assert outside(figure) == overlapping(figure) == faint(figure) == []
    assert ("largest 30 shown" in words_of(figure)) == (count > 30)
