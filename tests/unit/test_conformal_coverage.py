"""What share of true values conformal intervals hold, over 200 divisions of materials.

On real predictions: `benchmarks/conformal_coverage.py`, whose numbers docs/uncertainty.md has.
"""

import numpy as np
import pytest

from matdata.evaluation.derive.coverage_law import coverage_band
from matdata.evaluation.derive.texts import parse_derivation
from matdata.training.outputs import Distribution
from matdata.training.target import Target

DIVISIONS, MATERIALS, KNOWN = 200, 2_000, 1_000
#: In units of the standard deviation that a material is predicted to have, or not.
STEPS = ("conformal:alpha=0.1", "conformal:alpha=0.1,scaled=false")


def materials(seed, groups=0):
    """Predictions with errors of heavy tails and a spread of their own; true values; groups.

    The errors of a group share an offset as large as their own spread.
    """
    random = np.random.default_rng(seed)
    spread = np.exp(random.normal(0, 0.5, MATERIALS))
    group = random.integers(0, groups or 1, MATERIALS)
    offset = random.normal(0, 3.0 if groups else 0.0, groups or 1)[group]
    mean = random.normal(0, 3, MATERIALS)
    true = mean + spread * random.standard_t(3, MATERIALS) + offset
    return mean, spread, true, group


def covered(step, mean, spread, true, fit, test):
    """Share of true values of one half within intervals of the other; the band of chance."""
    derivation = parse_derivation(step)
    derivation.produces([Target("y")])

    def at(rows):
        return {"y": Distribution(mean[None, rows, None], spread[None, rows, None])}

    fitted = derivation.fit(at(fit), {"y": true[fit, None]}, {})
    low, high = (ends[:, 0] for ends in derivation.apply(at(test), {}, fitted)["y"].interval)
    band = coverage_band(derivation.coverage_law(len(fit)), len(test))
    return float(((true[test] >= low) & (true[test] <= high)).mean()), band


def over_divisions(step, made, order_of):
    mean, spread, true, _ = made
    shares, inside = [], []
    for seed in range(DIVISIONS):
        order = order_of(np.random.default_rng(seed))
        share, (low, high) = covered(step, mean, spread, true, order[:KNOWN], order[KNOWN:])
        shares.append(share)
        inside.append(low <= share <= high)
    return np.array(shares), np.array(inside)


@pytest.mark.parametrize("step", STEPS)
def test_intervals_hold_their_share_of_materials_that_are_drawn_alike(step):
    shares, inside = over_divisions(
        step, materials(0), lambda random: random.permutation(MATERIALS)
    )
    assert 0.895 <= shares.mean() <= 0.91
    assert inside.mean() >= 0.97, "of which 99 % lie within by chance"
    assert not inside.all() or shares.std() > 0.005, "they vary as chance has it"


@pytest.mark.parametrize("step", STEPS)
def test_whole_groups_vary_more_than_chance_has_it(step):
    made = materials(1, groups=12)
    group = made[3]

    def by_group(random):
        places = random.permutation(12)[group]
        return np.argsort(places, kind="stable")

    drawn, _ = over_divisions(step, made, lambda random: random.permutation(MATERIALS))
    whole, inside = over_divisions(step, made, by_group)
    assert 0.895 <= drawn.mean() <= 0.91, "the groups are no harm where materials are drawn"
    assert inside.mean() < 0.5
    assert whole.std() > 3 * drawn.std()
