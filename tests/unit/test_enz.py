"""The rule of epsilon-near-zero materials, against its definition and a closed form."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from matdata.core.errors import ConfigError
from matdata.evaluation.derive.enz import crossing
from matdata.evaluation.derive.rule import Rule
from matdata.evaluation.derive.texts import parse_derivation
from matdata.training.axis import Axis
from matdata.training.outputs import Distribution
from matdata.training.target import Target

PAPER = Axis("energies", "eV", tuple(np.linspace(0, 30, 3000).tolist()))


@pytest.fixture
def oscillators():
    from matdata_recipes import oscillators

    return oscillators


def parts(axis=PAPER, names=("eps_re_xx", "eps_im_xx")):
    return [Target(name, size=len(axis.values), axis=axis) for name in names]


def derived(text, real, imaginary, axis=PAPER, noise=None):
    step = parse_derivation(text)
    targets = parts(axis)
    step.produces(targets)
    spectra = {
        one.name: Distribution(values[None], None if noise is None else noise[None])
        for one, values in zip(targets, (real, imaginary), strict=True)
    }
    return step, step.apply(spectra, {}, {})


def test_the_crossover_is_that_of_the_published_loop():
    real = np.random.default_rng(0).normal(size=(200, 60))
    real[:20] = np.abs(real[:20])
    real[20:40, 30] = 0.0
    for skip in (0, 10, 58, 59, 70):
        found = []
        for row in real:
            at = -1
            for j in range(skip + 1, len(row)):
                if row[j - 1] > 0 and row[j] < 0:
                    at = j
                    break
            found.append(at)
        assert crossing(real, skip).tolist() == found


def zero_of(pole, width, strength):
    """Where the real part of one oscillator in vacuum crosses zero downwards: its square solves a
    quadratic equation."""
    square = pole**2
    roots = np.roots([1.0, square * (width**2 - 2.0 - strength), square**2 * (1.0 + strength)])
    return math.sqrt(min(roots.real)) if np.isreal(roots).all() else math.nan


@pytest.mark.parametrize(
    ("pole", "width", "strength"), [(1.3, 0.1, 0.9), (4.0, 0.2, 0.5), (9, 0.3, 2)]
)
def test_crossover_and_loss_of_an_oscillator(oscillators, pole, width, strength):
    one = oscillators.Oscillators(*(np.array([[x]]) for x in (pole, width, strength)))
    points = np.array(PAPER.values)
    eps = one.dielectric(points)
    _, found = derived("enz", eps.real, eps.imag)
    exact, step = zero_of(pole, width, strength), points[1]
    crossover = found["enz_crossover"].mean[0, 0, 0]
    assert exact <= crossover <= exact + step
    loss = one.dielectric(np.array([crossover])).imag[0, 0]
    assert found["enz_loss"].mean[0, 0, 0] == pytest.approx(loss, rel=1e-12)
    width_found = found["enz_width"].mean[0, 0, 0]
    inside = points[np.abs(eps.real[0]) < 1.0]
    about = inside[np.abs(inside - crossover) <= width_found]
    assert about.max() - about.min() == pytest.approx(width_found)


def test_what_does_not_cross_has_none_of_the_numbers(oscillators):
    weak = oscillators.Oscillators(*(np.array([[x]]) for x in (4.0, 0.5, 0.1)))
    eps = weak.dielectric(np.array(PAPER.values))
    assert math.isnan(zero_of(4.0, 0.5, 0.1))
    assert eps.real.min() > 0
    _, found = derived("enz", eps.real, eps.imag)
    assert all(np.isnan(one.mean).all() for one in found.values())


def test_deviations_go_through_to_first_order(oscillators):
    one = oscillators.Oscillators(*(np.array([[x]]) for x in (4.0, 0.2, 0.5)))
    points = np.array(PAPER.values)
    eps, shift = one.dielectric(points), 0.05
    noise = np.full((1, len(points)), shift)
    _, found = derived("enz", eps.real, eps.imag, noise=noise)
    _, higher = derived("enz", eps.real + shift, eps.imag)
    moved = higher["enz_crossover"].mean - found["enz_crossover"].mean
    assert found["enz_crossover"].aleatoric == pytest.approx(moved, abs=2 * points[1])
    assert found["enz_loss"].aleatoric[0, 0, 0] == shift
    assert found["enz_width"].aleatoric is None


def test_the_region_is_where_the_real_part_is_within_one(oscillators):
    one = oscillators.Oscillators(*(np.array([[x]]) for x in (4.0, 0.2, 0.5)))
    points = np.array(PAPER.values)
    eps = one.dielectric(points)
    step, found = derived("enz", eps.real, eps.imag)
    real, imaginary = parts()
    low, high = step.region(real, points, eps.real[0])
    assert high - low == pytest.approx(found["enz_width"].mean[0, 0, 0])
    assert low < found["enz_crossover"].mean[0, 0, 0] <= high
    assert step.region(imaginary, points, eps.imag[0]) is None


def test_truth_is_derived_as_predictions_are(oscillators):
    chosen = oscillators.compositions(50, 3)
    eps = oscillators.oscillators_of(chosen).dielectric(np.array(PAPER.values))
    step, found = derived("enz", eps.real, eps.imag)
    truth = step.truth({"eps_re_xx": eps.real, "eps_im_xx": eps.imag}, {})
    for name, values in truth.items():
        np.testing.assert_array_equal(values, found[name].mean[0])
    assert 0 < np.isfinite(truth["enz_crossover"]).sum() < 50


def test_a_rule_says_what_it_keeps():
    rule = parse_derivation("enz")
    assert isinstance(rule, Rule)
    assert rule.condition == (
        "`prediction_enz_crossover_mean` >= 0.5 and `prediction_enz_crossover_mean` <= 12.4 and "
        "`prediction_enz_loss_mean` < 2.0 and `energy_above_hull` < 0.025"
    )
    assert rule.units == {"energy_above_hull": "eV/atom"}
    without = parse_derivation("enz:hull_column=none,loss=1")
    assert "hull" not in without.condition
    assert "`prediction_enz_loss_mean` < 1.0" in without.condition
    assert without.units == {}
    assert parse_derivation(without.spec).options == without.options
    assert [one.unit for one in rule.produces(parts())] == ["eV", "1", "eV"]


@pytest.mark.parametrize(
    "names",
    [("dielectric.real_xx", "dielectric.imag_xx"), ("real", "imaginary"), ("im", "re")],
)
def test_parts_are_found_by_their_names(names):
    parse_derivation("enz").produces(parts(names=names))


COARSE = Axis("energies", "eV", (0.0, 1.0, 2.0))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([Target("gap", unit="eV")], "no two of the predicted targets are such: gap"),
        (parts()[:1], "no two"),
        (parts(names=("dos_up", "dos_down")), "no two"),
        ([*parts(), *parts(names=("eps_re_yy", "eps_im_yy"))], "2 pairs"),
        ([replace(one, axis=None) for one in parts()], "nothing says at which energies the 3000"),
        (parts(Axis("k", "cm^-1", (0.0, 1.0, 2.0))), r"in cm\^-1, its limits are in eV"),
        ([parts()[0], parts(COARSE)[1]], "3,000 points from 0 to 30 eV, eps_im_xx 3 points from"),
        (parts(Axis("e", "eV", (2.0, 1.0, 0.0))), "two or more that rise"),
    ],
)
def test_targets_that_are_no_dielectric_function_are_refused(targets, message):
    with pytest.raises(ConfigError, match=message):
        parse_derivation("enz").produces(targets)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("enz:low=5,high=1", "no crossover is from 5 to 1 eV"),
        ("enz:hull_column=", "(?s)hull_column is empty.*hull_column=none"),
    ],
)
def test_limits_that_nothing_meets_are_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_derivation(text)


def test_an_axis_that_is_skipped_is_refused():
    with pytest.raises(ConfigError, match=r"(?s)skip=10 leaves no point of the 3 .*N from 0 to 1"):
        parse_derivation("enz").produces(parts(COARSE))
    parse_derivation("enz:skip=1").produces(parts(COARSE))


def test_names_that_are_given_are_spectra():
    with pytest.raises(ConfigError, match=r"'eps_re_x' is no predicted spectrum.*eps_re_xx"):
        parse_derivation("enz:real=eps_re_x").produces(parts())
    both = [*parts(), *parts(names=("eps_re_yy", "eps_im_yy"))]
    step = parse_derivation("enz:real=eps_re_yy,imaginary=eps_im_yy")
    step.produces(both)
    assert parse_derivation("enz:real=eps_re_yy").produces(both)
