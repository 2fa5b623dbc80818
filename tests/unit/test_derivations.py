"""Derivations against closed forms, and what they may not do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from matdata.core.errors import ConfigError
from matdata.evaluation.derive import DERIVATIONS
from matdata.evaluation.derive.state import State
from matdata.evaluation.derive.texts import parse_derivation
from matdata.training.ensemble import combine
from matdata.training.outputs import Distribution, Members
from matdata.training.scores.set_metrics import by_point, multi_label, shares
from matdata.training.target import Target


def distribution(members=3, rows=50, columns=1, seed=0, noise=True):
    random = np.random.default_rng(seed)
    shape = (members, rows, columns)
    deviation = random.uniform(0.01, 0.1, shape) if noise else None
    return Distribution(random.normal(size=shape), deviation)


def ready(text, *targets):
    step = parse_derivation(text)
    return step, step.produces(targets)


@pytest.mark.parametrize("name", ["log10(`log(a,b)`)", "a,b", "a, b,"])
def test_a_value_may_hold_commas(name):
    step = parse_derivation(f"power10:target={name},unit=GPa")
    assert (step.options.target, step.options.unit) == (name, "GPa")
    assert parse_derivation(step.spec).options == step.options


def test_texts_name_a_derivation_and_its_options():
    step = parse_derivation("conformal:alpha=0.2,scaled=false")
    assert (step.options.alpha, step.options.scaled) == (0.2, False)
    assert parse_derivation(step.spec).options == step.options
    with pytest.raises(ConfigError, match="did you mean 'power10'"):
        parse_derivation("power01")
    with pytest.raises(ConfigError, match="did you mean 'alpha'"):
        parse_derivation("conformal:alhpa=0.1")
    with pytest.raises(ConfigError, match="expected NAME:KEY=VALUE"):
        parse_derivation("conformal:alpha")
    assert DERIVATIONS.names() == ["conformal", "hull", "power10", "scale"]


def test_powers_of_each_member():
    step, (new,) = ready("power10", Target("log10(k)", unit="log10(GPa)"), Target("y"))
    assert (new.name, new.unit) == ("k", "GPa")
    before = {"log10(k)": distribution(), "y": distribution(seed=1)}
    after = step.apply(before, {}, {})
    assert set(after) == {"k"}
    np.testing.assert_allclose(np.log10(after["k"].mean), before["log10(k)"].mean)
    truth = step.truth({"log10(k)": np.array([[0.0], [2.0], [np.nan]]), "y": np.ones((3, 1))}, {})
    np.testing.assert_allclose(truth["k"], [[1.0], [100.0], [np.nan]])


def test_the_noise_of_a_power_is_that_of_a_narrow_lognormal_law():
    narrow = Distribution(np.full((1, 1, 1), 0.7), np.full((1, 1, 1), 1e-4))
    step, _ = ready("power10:target=y", Target("y"))
    found = step.apply({"y": narrow}, {}, {})["10**y"]
    law = stats.lognorm(s=1e-4 * math.log(10.0), scale=10.0**0.7)
    np.testing.assert_allclose(found.aleatoric, law.std(), rtol=1e-6)
    np.testing.assert_allclose(found.mean, law.mean(), rtol=1e-6)


def test_a_power_needs_a_logarithm():
    for text, targets in (("power10", (Target("y"),)), ("power10:target=z", (Target("y"),))):
        with pytest.raises(ConfigError, match=r"log10\(…\)|no target of numbers 'z'"):
            ready(text, *targets)
    with pytest.raises(ConfigError, match="no target of numbers"):
        ready("power10", Target("c", 2, task="classification"))


def test_a_logarithm_is_recognised_by_its_expression():
    names = ["log10(a) + log10(b)", "log10(`K [GPa]`)", "log10(a / b)", "log10 (c", "ln(d)"]
    step, new = ready("power10", *(Target(name) for name in names))
    assert [target.name for target in new] == ["K [GPa]", "a / b"]
    derived = step.apply({name: distribution() for name in names}, {}, {})
    assert list(derived) == ["K [GPa]", "a / b"]
    with pytest.raises(ConfigError, match=r"no target is log10\(…\) of something"):
        ready("power10", Target("log10(a) + log10(b)"))


def test_another_unit():
    step, (new,) = ready(
        "scale:target=e,factor=-96.5,unit=kJ/mol,name=e_mol", Target("e"), Target("f")
    )
    assert (new.name, new.unit) == ("e_mol", "kJ/mol")
    before = distribution()
    after = step.apply({"e": before}, {}, {})["e_mol"]
    np.testing.assert_allclose(after.mean, -96.5 * before.mean)
    np.testing.assert_allclose(after.aleatoric, 96.5 * before.aleatoric)
    with pytest.raises(ConfigError, match="needs a unit"):
        ready("scale:factor=2", Target("e"))


# --- conformal ----------------------------------------------------------------------------------


def ensemble(rows, seed, columns=1):
    """Predictions with a standard deviation, and true values drawn with four times of it."""
    random = np.random.default_rng(seed)
    mean = random.normal(size=(1, rows, columns))
    deviation = random.uniform(0.1, 2.0, size=(1, rows, columns))
    return Distribution(mean, deviation), mean[0] + 4.0 * deviation[0] * random.normal(
        size=(rows, columns)
    )


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.25])
@pytest.mark.parametrize("scaled", ["true", "false"])
def test_intervals_are_quantiles_and_hold_their_share(alpha, scaled):
    step, new = ready(f"conformal:alpha={alpha},scaled={scaled}", Target("y"))
    assert new == []
    valid, known = ensemble(1999, 1)
    fitted = step.fit({"y": valid}, {"y": known}, {})
    ratio = np.abs(known - valid.mean[0])[:, 0]
    if scaled == "true":
        ratio = ratio / valid.aleatoric[0, :, 0]
    level = math.ceil(2000 * (1 - alpha)) / 1999
    expected = np.quantile(ratio, level, method="inverted_cdf")
    np.testing.assert_allclose(fitted["y"], expected)
    test, truth = ensemble(20000, 2)
    lower, upper = step.apply({"y": test}, {}, fitted)["y"].interval
    covered = ((truth >= lower) & (truth <= upper)).mean()
    # binomial error of 20,000 rows and beta-distributed coverage of 1,999
    assert abs(covered - (1 - alpha)) < 4 * math.sqrt(alpha * (1 - alpha) * (1 / 20000 + 1 / 1999))
    width = (upper - lower)[:, 0]
    assert bool(np.ptp(width) > 0.1) is (scaled == "true")


def test_coverage_over_many_small_validation_parts_is_at_least_what_is_promised():
    step, _ = ready("conformal:alpha=0.2", Target("y"))
    shares_within = []
    for seed in range(400):
        valid, known = ensemble(14, 2 * seed)
        test, truth = ensemble(50, 2 * seed + 1)
        fitted = step.fit({"y": valid}, {"y": known}, {})
        lower, upper = step.apply({"y": test}, {}, fitted)["y"].interval
        shares_within.append(((truth >= lower) & (truth <= upper)).mean())
    # the mean coverage is exactly ceil(0.8 * 15) / 15 = 0.8 (Vovk et al.)
    assert abs(np.mean(shares_within) - 0.8) < 4 * np.std(shares_within) / 20


def state(random, rows, members, noise):
    """Predictions of an ensemble of a target with heavy tails, with its true values."""
    centre = random.normal(size=(rows, 1))
    deviation = random.uniform(0.1, 2.0, size=(rows, 1))
    means = centre + 0.5 * random.normal(size=(members, rows, 1))
    stds = np.repeat(deviation[None], members, 0) if noise else None
    truth = centre + deviation * random.standard_t(4, size=(rows, 1))
    return State.of(combine(np.arange(rows), (Target("y"),), Members(means, stds), truth), {})


@pytest.mark.parametrize("rows", [20, 200, 2000])
@pytest.mark.parametrize(
    ("members", "noise", "scaled"),
    [
        (1, True, "true"),
        (1, False, "true"),
        (4, True, "false"),
        (4, True, "true"),
        (4, False, "true"),
    ],
)
@pytest.mark.slow
def test_intervals_of_ensembles_hold_the_guarantee_for_finite_samples(rows, members, noise, scaled):
    """1 - alpha <= coverage <= 1 - alpha + 1 / (n + 1) (Lei et al. 2018, theorem 2.2)."""
    alpha, tested, repetitions = 0.1, 50, 500 if rows < 2000 else 100
    random = np.random.default_rng([rows, members, noise, scaled == "true"])
    covered = []
    for _ in range(repetitions):
        step, _ = ready(f"conformal:alpha={alpha},scaled={scaled}", Target("y"))
        valid, test = state(random, rows, members, noise), state(random, tested, members, noise)
        test.derive(step, (), step.fit(valid.at(step.level), valid.truths, {}))
        lower, upper = test.intervals["y"]
        covered.append(((test.truths["y"] >= lower) & (test.truths["y"] <= upper)).mean())
    # coverage given a validation part is beta-distributed, that of the rows tested binomial
    error = math.sqrt(alpha * (1 - alpha) * (1 / (rows + 2) + 1 / tested) / repetitions)
    assert 1 - alpha - 4 * error <= np.mean(covered) <= 1 - alpha + 1 / (rows + 1) + 4 * error


def test_materials_without_a_standard_deviation_have_unbounded_intervals():
    step, _ = ready("conformal:alpha=0.1", Target("y"))
    valid, known = ensemble(40, 0)
    fitted = step.fit({"y": valid}, {"y": known}, {})
    test, _ = ensemble(3, 1)
    test.aleatoric[0, 1] = np.nan
    lower, upper = step.apply({"y": test}, {}, fitted)["y"].interval
    assert (lower[1, 0], upper[1, 0]) == (-np.inf, np.inf)
    expected = 2.0 * fitted["y"] * test.aleatoric[0, [0, 2]]
    np.testing.assert_allclose((upper - lower)[[0, 2]], expected)


def test_too_few_values_are_refused_and_missing_ones_left_out():
    step, _ = ready("conformal:alpha=0.1", Target("y"))
    valid, known = ensemble(12, 0)
    known[:4] = np.nan
    with pytest.raises(
        ConfigError, match="8 values of y in the validation part are too few"
    ) as told:
        step.fit({"y": valid}, {"y": known}, {})
    assert "at least 9" in str(told.value)
    known[:1] = valid.mean[0, :1]
    fitted = step.fit({"y": valid}, {"y": known}, {})
    error = np.abs(known - valid.mean[0]) / valid.aleatoric[0]
    assert fitted["y"].tolist() == [np.nanmax(error)]


def test_each_point_of_an_array_has_its_quantile():
    step, _ = ready("conformal:alpha=0.1", Target("v", 3))
    valid, known = ensemble(60, 3, columns=3)
    fitted = step.fit({"v": valid}, {"v": known}, {})
    for k in range(3):
        alone, _ = ready("conformal:alpha=0.1", Target("v"))
        one = Distribution(valid.mean[..., k : k + 1], valid.aleatoric[..., k : k + 1])
        single = alone.fit({"v": one}, {"v": known[:, k : k + 1]}, {})
        assert single["v"][0] == fitted["v"][k]


# --- scores -------------------------------------------------------------------------------------


def test_scores_of_labels_are_those_of_scikit_learn():
    from sklearn import metrics

    random = np.random.default_rng(0)
    true = (random.random((40, 4)) > 0.6).astype(float)
    chances = random.random((40, 4))
    found = multi_label(true, chances)
    guess = (chances > 0.5).astype(float)
    assert found["subset_accuracy"] == pytest.approx(metrics.accuracy_score(true, guess))
    assert found["hamming"] == pytest.approx(metrics.hamming_loss(true, guess))
    for kind in ("micro", "macro"):
        score = metrics.f1_score(true, guess, average=kind, zero_division=0.0)
        assert found[f"f1_{kind}"] == pytest.approx(score)
    logs = [metrics.log_loss(true[:, k], chances[:, k]) for k in range(4)]
    assert found["log_loss"] == pytest.approx(np.mean(logs))
    assert multi_label(true[:0], chances[:0])["n"] == 0


def test_scores_of_shares_are_those_of_scipy():
    from scipy import spatial

    random = np.random.default_rng(0)
    true, predicted = random.dirichlet(np.ones(6), 30), random.dirichlet(np.ones(6), 30)
    true[0] = [0, 0, 1, 0, 0, 0]
    found = shares(3.0 * true, predicted)
    assert found["kl"] == pytest.approx(
        np.mean([stats.entropy(p, q) for p, q in zip(true, predicted, strict=True)])
    )
    for name, function in (("l1", spatial.distance.cityblock), ("l2", spatial.distance.euclidean)):
        distances = [function(p, q) for p, q in zip(true, predicted, strict=True)]
        assert found[name] == pytest.approx(np.mean(distances))
    assert found["top1"] == np.mean(true.argmax(1) == predicted.argmax(1))


def test_scores_by_point_are_those_of_scikit_learn():
    from sklearn.metrics import r2_score

    random = np.random.default_rng(0)
    true, predicted = random.normal(size=(30, 5)), random.normal(size=(30, 5))
    assert by_point(true, predicted)["r2"] == pytest.approx(r2_score(true, predicted))
    true[:, 2] = 1.0
    assert by_point(true, predicted)["points"] == 4
