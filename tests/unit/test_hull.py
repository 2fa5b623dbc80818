"""Convex hulls: against a linear programme of SciPy, by hand, and invariances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from matdata.core.composition import Compositions
from matdata.core.errors import StructureError
from matdata.core.executors import Workers
from matdata.core.formula import parse_formula
from matdata.phases import reference as module
from matdata.phases.reference import HullReference


def compositions(formulas):
    """Compositions of formulas, named by them."""
    return Compositions.from_amounts(list(formulas), [parse_formula(one) for one in formulas])


def random_entries(rng, n_elements, count, elements=True):
    """Random compositions of some elements, and energies; the elements themselves come first."""
    numbers = rng.choice(np.arange(1, 100), n_elements, replace=False)
    amounts = [{int(z): 1.0} for z in numbers] if elements else []
    for _ in range(count):
        some = rng.choice(numbers, rng.integers(1 + (not elements), n_elements + 1), replace=False)
        amounts.append({int(z): float(rng.integers(1, 9)) for z in some})
    energies = rng.normal(-3, 1, len(amounts))
    names = [f"e{k}" for k in range(len(amounts))]
    return Compositions.from_amounts(names, amounts), energies, numbers


def fractions(entries, numbers):
    """Fractions (n, k) of some elements."""
    out = np.zeros((len(entries), len(numbers)))
    for row in range(len(entries)):
        for z, amount in entries.amounts_of(row).items():
            out[row, list(numbers).index(z)] = amount
    return out / out.sum(1, keepdims=True)


def programme(of, energies, target, exclude=False):
    """The energy of the cheapest mixture, by SciPy; NaN where there is none."""
    kept = np.abs(of - target).max(1) > 1e-9 if exclude else np.ones(len(of), bool)
    if not kept.any():
        return np.nan
    done = linprog(energies[kept], A_eq=of[kept].T, b_eq=target, method="highs-ds")
    return done.fun if done.status == 0 else np.nan


@pytest.mark.slow
@pytest.mark.parametrize("n_elements", [1, 2, 3, 4, 6, 9])
@pytest.mark.parametrize("elements", [True, False])
def test_energies_are_those_of_a_linear_programme(n_elements, elements):
    if n_elements == 1 and not elements:
        pytest.skip("an element is its own reference")
    rng = np.random.default_rng(n_elements)
    entries, energies, numbers = random_entries(rng, n_elements, 40, elements)
    asked, _, _ = random_entries(np.random.default_rng(n_elements), n_elements, 90)
    of, at = fractions(entries, numbers), fractions(asked, numbers)
    reference = HullReference.build(entries, energies)
    expected = [programme(of, energies, target) for target in at]
    np.testing.assert_allclose(reference.energies(asked), expected, rtol=0, atol=1e-9)
    mixed = reference.mixtures(asked)
    np.testing.assert_allclose(mixed.energies, expected, rtol=0, atol=1e-9)
    reached = ~np.isnan(mixed.energies)
    assert reached.any()
    shares = np.where(mixed.entries >= 0, mixed.amounts, 0.0)
    total = np.einsum("nk,nkz->nz", shares, of[mixed.entries])
    np.testing.assert_allclose(total[reached], at[reached], atol=1e-12)
    mixture_energies = (shares * energies[mixed.entries]).sum(1)
    np.testing.assert_allclose(mixture_energies[reached], mixed.energies[reached], atol=1e-12)


@pytest.mark.parametrize("elements", [True, False])
def test_energies_without_the_same_composition(elements):
    rng = np.random.default_rng(7)
    entries, energies, numbers = random_entries(rng, 4, 60, elements)
    of = fractions(entries, numbers)
    others = HullReference.build(entries, energies).mixtures_of_others(entries).energies
    single = (of > 0).sum(1) == 1
    expected = [
        programme(of, energies, target, not one) for target, one in zip(of, single, strict=True)
    ]
    np.testing.assert_allclose(others, expected, rtol=0, atol=1e-9)


def test_a_binary_by_hand():
    # A 0, B 0, AB -1, A3B -0.2 (above the line from A to AB, which is at -0.5)
    entries = compositions(["Li", "O", "LiO", "Li3O", "Li2O2"])
    reference = HullReference.build(entries, np.array([0.0, 0.0, -1.0, -0.2, -0.9]))
    assert len(reference) == 3
    asked = compositions(["Li3O", "LiO3", "LiO", "O"])
    np.testing.assert_allclose(reference.energies(asked), [-0.5, -0.5, -1.0, 0.0], atol=1e-15)
    mixed = reference.mixtures(asked)
    assert mixed.entries.tolist() == [[0, 2], [1, 2], [2, -1], [1, -1]]
    np.testing.assert_allclose(mixed.amounts, [[0.5, 0.5], [0.5, 0.5], [1, 0], [1, 0]], atol=1e-15)
    # without LiO, Li3O is on the hull: LiO mixes of a third of O and two thirds of it
    others = reference.mixtures_of_others(asked)
    np.testing.assert_allclose(others.energies[2], -0.2 * 2 / 3, atol=1e-15)
    assert others.entries[2].tolist() == [1, 3]
    assert others.energies[3] == 0.0


def test_order_of_entries_and_queries_changes_nothing():
    rng = np.random.default_rng(1)
    entries, energies, _ = random_entries(rng, 5, 200)
    base = HullReference.build(entries, energies).mixtures(entries)
    order = rng.permutation(len(energies))
    other = HullReference.build(entries.take(order), energies[order])
    asked = rng.permutation(len(energies))
    mixed = other.mixtures(entries.take(asked))
    np.testing.assert_allclose(mixed.energies, base.energies[asked], atol=1e-12)
    for row, place in enumerate(asked):
        own = zip(mixed.entries[row], mixed.amounts[row], strict=True)
        first = zip(base.entries[place], base.amounts[place], strict=True)
        mine = {int(order[e]): a for e, a in own if e >= 0}
        assert mine == pytest.approx({int(e): a for e, a in first if e >= 0}, abs=1e-9)


def test_a_linear_offset_and_other_multiples_change_nothing():
    rng = np.random.default_rng(2)
    entries, energies, numbers = random_entries(rng, 4, 100)
    above = energies - HullReference.build(entries, energies).energies(entries)
    shift = fractions(entries, numbers) @ rng.normal(0, 1e3, 4)
    factor = np.repeat(rng.integers(1, 7, len(entries)), np.diff(entries.offsets))
    scaled = Compositions(entries.ids, entries.numbers, entries.amounts * factor, entries.offsets)
    again = HullReference.build(scaled, energies + shift)
    np.testing.assert_allclose(energies + shift - again.energies(entries), above, atol=1e-9)


def test_points_on_a_facet_and_duplicates():
    # all on one plane: each is its own mixture, whatever else is there
    formulas = ["Li", "Co", "O", "LiCo", "LiO", "CoO", "LiCoO", "Li2CoO", "LiCoO", "Li2Co2O2"]
    entries = compositions(formulas)
    energies = fractions(entries, [3, 8, 27]) @ np.array([-1.0, -2.0, -4.0])
    reference = HullReference.build(entries, energies)
    np.testing.assert_allclose(reference.energies(entries), energies, atol=1e-14)
    assert len(reference.entry) == 8  # one for each composition
    np.testing.assert_allclose(reference.mixtures_of_others(entries).energies, energies, atol=1e-14)


def test_tiny_fractions():
    entries = compositions(["Li", "O", "LiO", "Li1000000O", "LiO1000000"])
    energies = np.array([0.0, 0.0, -1.0, -1e-5, -1e-9])
    reference = HullReference.build(entries, energies)
    of = fractions(entries, [3, 8])
    assert len(reference) == 4  # the last is above the line to LiO, at -2e-6
    for formula in ("Li1000000O", "Li5000000O", "Li100O", "LiO100", "LiO1000000"):
        asked = compositions([formula])
        expected = programme(of, energies, fractions(asked, [3, 8])[0])
        np.testing.assert_allclose(reference.energies(asked), expected, atol=1e-12)


def test_elements_without_reference():
    entries = compositions(["Li", "LiO", "Li2O"])
    reference = HullReference.build(entries, np.array([0.0, -1.0, -1.2]))
    asked = compositions(["LiO", "Li3O2", "LiO2", "O", "NaO"])
    energies = reference.energies(asked)
    np.testing.assert_allclose(energies[:2], [-1.0, (2 * -1.0 + 3 * -1.2) / 5], atol=1e-12)
    assert np.isnan(energies[2:]).all()
    assert reference.missing_elements(asked) == {"Na": 1, "O": 5}
    assert reference.mixtures(asked).entries[2:].max() == -1


def test_heavy_elements_are_systems_of_their_own():
    # bits 64 and more of a chemical system
    entries = compositions(["Tb", "Gd", "Lu", "TbLu", "GdLu", "LiTb", "Li"])
    energies = np.array([0.0, 0.0, 0.0, -1.0, -2.0, -3.0, 0.0])
    reference = HullReference.build(entries, energies)
    np.testing.assert_allclose(reference.energies(entries), energies, atol=1e-14)
    expected = [-0.5, -1.0]
    asked = compositions(["Tb3Lu", "Gd3Lu"])
    np.testing.assert_allclose(reference.energies(asked), expected, atol=1e-14)


def test_threads_compute_the_same_bits(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 7)
    monkeypatch.setattr("matdata.phases.tables.SYSTEMS", 3)
    entries, energies, _ = random_entries(np.random.default_rng(3), 6, 300)
    alone = HullReference.build(entries, energies)
    shared = HullReference.build(entries, energies, Workers(3))
    for own, other in zip(alone.table, shared.table, strict=True):
        assert np.array_equal(own, other, equal_nan=own.dtype.kind == "f")
    one, two = alone.mixtures(entries), shared.mixtures(entries, Workers(3))
    assert np.array_equal(one.energies, two.energies)
    assert np.array_equal(one.entries, two.entries)


def test_no_entries_and_no_queries():
    none = Compositions.from_amounts([], [])
    reference = HullReference.build(none, np.empty(0))
    assert len(reference) == 0
    assert np.isnan(reference.energies(compositions(["LiO"]))).all()
    assert reference.mixtures_of_others(none).energies.shape == (0,)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_energies_that_are_not_known_are_refused(wrong):
    with pytest.raises(StructureError, match="'LiO' has no finite energy"):
        HullReference.build(compositions(["Li", "LiO"]), np.array([0.0, wrong]))


def test_numbers_of_entries_and_energies_agree():
    with pytest.raises(StructureError, match="as many energies"):
        HullReference.build(compositions(["Li", "LiO"]), np.zeros(3))


def test_entries_without_atoms_are_refused():
    empty = Compositions.from_amounts(["none"], [{3: 0.0}])
    with pytest.raises(StructureError, match="'none' has no atoms"):
        HullReference.build(empty, np.zeros(1))


def _extended(entries, energies, new):
    """The hull of the entries that are not new, extended by those that are."""
    rest = np.flatnonzero(~new)
    older = HullReference.build(entries.take(rest), energies[rest])
    return older.extended(entries.take(np.flatnonzero(new)), energies[new], rest)


def _same_bits(one, other):
    other = other.arrays()
    for name, array in one.arrays().items():
        assert array.dtype == other[name].dtype
        np.testing.assert_array_equal(array, other[name])


@pytest.mark.parametrize("seed", range(48))
def test_extending_is_building_anew_to_the_last_bit(seed):
    """New entries anywhere among the old: lower, equal and higher ones, elements, new systems."""
    rng = np.random.default_rng(seed)
    elements = bool(seed % 3) or seed % 8 == 0
    entries, energies, _ = random_entries(rng, 1 + seed % 8, int(rng.integers(3, 150)), elements)
    if seed % 2:
        energies = np.round(energies, 1)  # ties
    new = rng.random(len(energies)) < (0.0, 0.02, 0.2, 0.7)[seed // 2 % 4]
    _same_bits(HullReference.build(entries, energies), _extended(entries, energies, new))


def test_extending_looks_at_touched_systems_alone(monkeypatch):
    from matdata.phases import extension

    settled, systems = extension.settled, []

    def counted(table, of, *others):
        systems.append(len(of))
        return settled(table, of, *others)

    monkeypatch.setattr(extension, "settled", counted)
    formulas = ["Li", "Co", "O", "Na", "LiO", "CoO", "LiCoO", "NaO", "LiNaO", "Li2CoO"]
    entries, energies = compositions(formulas), np.array([0, 0, 0, 0, -1, -1, -2, -1, -2, -3.0])
    older = HullReference.build(entries, energies)

    def added(formula, energy):
        systems.clear()
        more = compositions([formula])
        extended = older.extended(more, np.array([energy]), np.arange(10))
        both = Compositions.concat([entries, more])
        _same_bits(HullReference.build(both, np.append(energies, energy)), extended)
        return list(systems)

    assert added("LiO", -0.9) == []  # there is a lower one
    assert added("Li2O", -0.1) == [1]  # above the hull: Li-O alone
    assert added("LiO", -1.1) == [1, 2]  # Li-O, then Li-Co-O and Li-Na-O
    assert added("Li", -0.1) == [1, 1, 2]  # Li, Li-O (no phase has Li and Co alone), two ternaries
    assert added("K", -0.1) == [1]


def test_a_reference_of_no_entry_is_extended():
    none = HullReference.build(Compositions.from_amounts([], []), np.zeros(0))
    entries, energies = compositions(["Li", "O", "LiO"]), np.array([0.0, 0.0, -1.0])
    extended = none.extended(entries, energies, np.zeros(0, np.int64))
    _same_bits(HullReference.build(entries, energies), extended)


def test_places_that_are_not_ascending_are_refused():
    entries = compositions(["Li", "O"])
    reference = HullReference.build(entries, np.zeros(2))
    for places in ([1, 0], [0, 0], [0, 3], [0]):
        with pytest.raises(StructureError, match="ascending"):
            reference.extended(compositions(["LiO"]), np.array([-1.0]), np.array(places))
