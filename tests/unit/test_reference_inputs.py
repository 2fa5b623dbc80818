"""Composition inputs against values that aviary and crabnet gave (`support.reference`)."""

from __future__ import annotations

import numpy as np
import pytest
from support.reference import AVIARY_ROOST, CRABNET_EDM, CRABNET_LOG

from matdata.materials.compute import compute
from matdata.tables import element_vectors

ULP = float(np.finfo(np.float32).eps)  # crabnet divides float32 by float32, matdata float64


@pytest.mark.parametrize("formula", AVIARY_ROOST)
def test_composition_set_holds_the_weights_and_elements_of_roost(formula: str):
    done = compute("composition-set", [formula])
    theirs = sorted(AVIARY_ROOST[formula])
    np.testing.assert_array_equal(done.values[:, 0], np.float32([w for _, w in theirs]))
    vectors = element_vectors.vectors("matscholar")[[z for z, _ in theirs]]
    np.testing.assert_array_equal(done.values[:, 1:], vectors)


@pytest.mark.parametrize("formula", CRABNET_EDM)
def test_edm_holds_the_rows_of_crabnet_in_ascending_order(formula: str):
    done = compute("edm", [formula], length=6)
    theirs = sorted(CRABNET_EDM[formula])
    count = len(theirs)
    assert done.values[0, :count, 0].tolist() == [z for z, _ in theirs]
    expected = np.float32([x for _, x in theirs])
    np.testing.assert_allclose(done.values[0, :count, 1], expected, rtol=ULP)
    assert not done.values[0, count:].any()


def test_logarithmic_fractions_are_those_of_crabnet():
    for fraction, expected in CRABNET_LOG.items():
        formula = f"Na{fraction}Cl{1 - fraction}"
        done = compute("edm", [formula])
        np.testing.assert_allclose(done.values[0, 0, 2], np.float32(expected), rtol=4 * ULP)
