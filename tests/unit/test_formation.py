"""Formation energies from total energies and those of the elements."""

from __future__ import annotations

import numpy as np

from matdata.core.composition import Compositions, parse_formula
from matdata.phases.formation import (
    elemental_energies,
    energies_of_elements,
    formation_energies,
)
from matdata.phases.reference import HullReference


def _compositions(*formulas):
    return Compositions.from_amounts(list(formulas), [parse_formula(one) for one in formulas])


ENTRIES = _compositions("Li2", "Li", "O2", "Li2O", "LiO2", "MgO")
ENERGIES = np.array([-2.0, -1.9, -5.0, -5.0, -5.0, -6.0])


def test_the_lowest_entry_of_an_element_counts():
    energies = elemental_energies(ENTRIES, ENERGIES)
    assert energies.shape == (256,)
    assert (energies[3], energies[8]) == (-2.0, -5.0)
    assert np.isnan(np.delete(energies, [3, 8])).all()
    unknown = elemental_energies(ENTRIES, np.where(ENERGIES == -2.0, np.nan, ENERGIES))
    assert unknown[3] == -1.9
    hull = HullReference.build(ENTRIES, ENERGIES)
    np.testing.assert_array_equal(hull.table.elements, energies)


def test_formation_energies_are_relative_to_the_elements():
    elemental = elemental_energies(ENTRIES, ENERGIES)
    formed = formation_energies(ENTRIES, ENERGIES, elemental)
    np.testing.assert_allclose(formed, [0.0, 0.1, 0.0, -5 + 3, -5 + 4, np.nan], atol=1e-12)
    back = formed + energies_of_elements(ENTRIES, elemental)
    np.testing.assert_allclose(back[:5], ENERGIES[:5], atol=1e-12)


def test_amounts_of_zero_and_no_compositions():
    with_zero = Compositions.from_amounts(["a"], [{3: 2.0, 12: 0.0}])
    np.testing.assert_allclose(
        formation_energies(with_zero, np.array([-1.5]), elemental_energies(ENTRIES, ENERGIES)), 0.5
    )
    none = Compositions.from_amounts([], [])
    assert formation_energies(none, np.empty(0), np.full(256, np.nan)).shape == (0,)


def test_a_stored_hull_is_the_same():
    hull = HullReference.build(ENTRIES, ENERGIES)
    again = HullReference.from_arrays(hull.arrays())
    asked = _compositions("LiO", "Li3O", "MgO", "ZnO")
    np.testing.assert_array_equal(again.energies(asked), hull.energies(asked))
    assert hull.on_hull.tolist() == again.on_hull.tolist() == [0, 2, 3, 4, 5]
    assert len(hull) == len(again) == 5
