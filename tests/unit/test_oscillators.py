"""The synthetic dielectric functions are physical: causal, absorbing, with their static limit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from matdata.core.errors import ConfigError


@pytest.fixture
def oscillators():
    from matdata_recipes import oscillators

    return oscillators


def test_real_part_is_the_hilbert_transform_of_the_imaginary_part(oscillators):
    """Kramers-Kronig: Re eps(w) = 1 + 2/pi P int x Im eps(x) / (x^2 - w^2) dx."""
    some = oscillators.oscillators_of(oscillators.compositions(3, 0))

    def imaginary(x, row):
        return some.dielectric(np.array([x])).imag[row, 0]

    for row in range(3):
        for w in (0.7, 2.5, 6.0):
            # P int f(x) / (x^2 - w^2) dx by quad's Cauchy weight 1 / (x - w), beyond it as it is
            inner, _ = integrate.quad(
                lambda x, row=row, w=w: x * imaginary(x, row) / (x + w), 0, 20, weight="cauchy",
                wvar=w, limit=400,
            )  # fmt: skip
            outer, _ = integrate.quad(
                lambda x, row=row, w=w: x * imaginary(x, row) / (x**2 - w**2), 20, np.inf, limit=400
            )
            real = some.dielectric(np.array([w])).real[row, 0]
            assert 1.0 + 2.0 / np.pi * (inner + outer) == pytest.approx(real, abs=2e-5)


def test_nothing_is_emitted_and_the_static_limit_is_that_of_the_strengths(oscillators):
    some = oscillators.oscillators_of(oscillators.compositions(500, 1))
    energies = np.linspace(0, 30, 301)
    eps = some.dielectric(energies)
    assert (eps.imag >= 0).all()
    assert (eps.imag[:, 1:] > 0).all()
    np.testing.assert_allclose(eps[:, 0], some.static, rtol=1e-12)
    np.testing.assert_allclose(some.dielectric(np.array([1e6])).real, 1.0, atol=1e-9)
    for values in (some.poles, some.widths, some.strengths):
        assert (values > 0).all()


def test_they_depend_smoothly_on_composition(oscillators):
    """Halving a change of composition halves that of the poles."""
    changes = []
    for x in (1e-3, 5e-4):
        both = [{12: 1.0, 22: 1.0, 8: 3.0}, {12: 1.0, 22: 1.0 + x, 8: 3.0}]
        poles = oscillators.oscillators_of(both).poles
        changes.append(np.abs(poles[1] - poles[0]))
    np.testing.assert_allclose(changes[0], 2 * changes[1], rtol=1e-2)


def test_compositions_are_drawn_once_and_by_seed(oscillators):
    drawn = oscillators.compositions(300, 0)
    assert len({tuple(sorted(one.items())) for one in drawn}) == 300
    assert drawn == oscillators.compositions(300, 0)
    assert drawn != oscillators.compositions(300, 1)
    for count in (0, 10**6):
        with pytest.raises(ConfigError, match="1 to 10,416 compositions"):
            oscillators.compositions(count, 0)
