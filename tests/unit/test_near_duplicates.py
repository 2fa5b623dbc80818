"""Near duplicates: the fingerprint's invariance, its continuity, and the pairs that are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.crystals import caesium_chloride, cubic, few, many, perovskite, rock_salt
from support.executors import InCaller

from matdata.adapters.pymatgen import to_structure
from matdata.adapters.sites import Sites, to_crystals
from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals
from matdata.core.errors import ConfigError, CurationError
from matdata.core.executors import Workers
from matdata.curate.fingerprint import fingerprint
from matdata.curate.near_duplicates import (
    NearSettings,
    confirmed,
    find_near_duplicates,
    pairs_between,
)

K = 6


def _one(sites: Sites) -> Crystals:
    return to_crystals(["x"], [sites])


def _changed(sites: Sites, seed: int) -> Sites:
    """The same crystal: rotated, another cell, another origin, sites in another order."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    shear = np.eye(3, dtype=int)
    for _ in range(3):
        i, j = rng.choice(3, 2, replace=False)
        shear[i] += rng.choice([-1, 1]) * shear[j]
    frac = (sites.frac_coords + rng.random(3)) @ np.linalg.inv(shear)
    order = rng.permutation(len(frac))
    lattice = shear @ sites.lattice @ rotation
    return Sites(lattice, frac[order] + rng.integers(-2, 3, 3), sites.numbers[order])


def _doubled(sites: Sites) -> Sites:
    lattice = sites.lattice * [[1], [1], [2]]
    frac = np.concatenate([sites.frac_coords, sites.frac_coords + np.array([0, 0, 1])]) / [1, 1, 2]
    return Sites(lattice, frac, np.tile(sites.numbers, 2))


@pytest.fixture(scope="module")
def distorted() -> Sites:
    sites = perovskite(3.9, 38, 22, 8)
    shift = np.random.default_rng(1).normal(scale=0.03, size=(5, 3))
    return Sites(sites.lattice + 0.1 * np.eye(3)[::-1], sites.frac_coords + shift, sites.numbers)


def test_distances_of_rock_salt_are_the_known_ones():
    found = fingerprint(_one(rock_salt(2.0, 11, 17)), 0, 8).reshape(2, 2, 8)
    np.testing.assert_allclose(found[0, 0], np.sqrt(2))  # of the 12 of its own kind
    np.testing.assert_allclose(found[0, 1], [1] * 6 + [np.sqrt(3)] * 2)
    np.testing.assert_allclose(found, found[::-1, ::-1])


@given(st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_the_fingerprint_does_not_depend_on_the_description(distorted, seed):
    before = fingerprint(_one(distorted), 0, K)
    np.testing.assert_allclose(fingerprint(_one(_changed(distorted, seed)), 0, K), before)
    np.testing.assert_allclose(fingerprint(_one(_doubled(distorted)), 0, K), before)
    larger = Sites(1.1 * distorted.lattice, distorted.frac_coords, distorted.numbers)
    np.testing.assert_allclose(fingerprint(_one(larger), 0, K), before)


def test_the_fingerprint_agrees_with_pymatgens_neighbours(distorted):
    crystals = _one(distorted)
    structure = to_structure(crystals, 0)
    found = fingerprint(crystals, 0, K).reshape(3, 3, K)
    scale = np.cbrt(structure.volume / len(structure))
    for i, a in enumerate((8, 22, 38)):
        for j, b in enumerate((8, 22, 38)):
            rows = [
                sorted(n.nn_distance for n in near if b == n.specie.Z)[:K]
                for site, near in zip(structure, structure.get_all_neighbors(12.0), strict=True)
                if a == site.specie.Z
            ]
            np.testing.assert_allclose(found[i, j], np.mean(rows, axis=0) / scale)


def test_small_moves_change_it_little(distorted):
    moved = np.random.default_rng(2).normal(size=(5, 3))
    moved *= 0.01 / np.linalg.norm(moved, axis=1, keepdims=True)  # each atom by 0.01 Å
    frac = distorted.frac_coords + moved @ np.linalg.inv(distorted.lattice)
    after = fingerprint(_one(Sites(distorted.lattice, frac, distorted.numbers)), 0, K)
    scale = np.cbrt(abs(np.linalg.det(distorted.lattice)) / 5)
    assert 0 < np.abs(after - fingerprint(_one(distorted), 0, K)).max() <= 0.02 / scale


def _salts() -> tuple[Crystals, list[str | None]]:
    sites = [rock_salt(length, 11, 17) for length in (5.60, 5.62, 6.4, 6.42)]
    sites += [rock_salt(5.60, 19, 17), caesium_chloride(3.5, 11, 17), rock_salt(5.61, 11, 17)]
    labels = [*["salt"] * 4, "other", "cscl", None]
    return to_crystals(list("bacdefg"), sites), labels


def test_pairs_are_found_inside_a_protostructure_and_a_volume_window():
    crystals, labels = _salts()
    found = find_near_duplicates(crystals, labels)
    assert [(p.first, p.second) for p in found.pairs] == [("a", "b"), ("c", "d")]
    assert found.pairs[0].volume_difference == pytest.approx((5.62 / 5.60) ** 3 - 1)
    assert found.pairs[0].distance_difference == pytest.approx(0, abs=1e-12)
    assert (found.n_compared, found.n_unlabelled) == (2, 1)
    wide = find_near_duplicates(crystals, labels, NearSettings(volume_tolerance=1.0))
    assert (len(wide.pairs), wide.n_compared) == (6, 6)


def test_distances_decide_where_volumes_agree():
    frac = [[0, 0, 0], [0.3, 0.3, 0.3], [0.7, 0.7, 0.7]]
    moved = [[0, 0, 0], [0.2, 0.2, 0.2], [0.8, 0.8, 0.8]]
    near = [[0, 0, 0], [0.301, 0.301, 0.301], [0.699, 0.699, 0.699]]
    sites = [cubic(5.0, [22, 8, 8], coords) for coords in (frac, moved, near)]
    crystals = to_crystals(["x", "y", "z"], sites)
    found = find_near_duplicates(crystals, ["A2B"] * 3)
    assert [(p.first, p.second) for p in found.pairs] == [("x", "z")]
    assert found.n_compared == 3
    loose = NearSettings(distance_tolerance=2.0)
    assert len(find_near_duplicates(crystals, ["A2B"] * 3, loose).pairs) == 3


@given(st.permutations(range(7)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_does_not_matter(order):
    crystals, labels = _salts()
    mixed = find_near_duplicates(crystals.take(list(order)), [labels[k] for k in order])
    assert mixed == find_near_duplicates(crystals, labels)


def test_only_neighbours_in_volume_are_compared():
    crystals = to_crystals(
        [f"m{k:03d}" for k in range(200)],
        [rock_salt(4.0 * 1.02 ** (k / 3), 11, 17) for k in range(200)],
    )
    found = find_near_duplicates(crystals, ["salt"] * 200)
    assert found.n_compared < 3 * 200


class _Counting:
    """Crystals, and which of them were taken."""

    def __init__(self, crystals: Crystals) -> None:
        self._crystals = crystals
        self.ids = crystals.ids
        self.taken: list[list[str]] = []

    def __len__(self) -> int:
        return len(self._crystals)

    def take(self, key):
        crystals = self._crystals.take(key)
        self.taken.append(crystals.ids.tolist())
        return crystals


def test_only_crystals_with_a_candidate_in_another_part_are_read(monkeypatch):
    monkeypatch.setattr("matdata.curate.near_duplicates.ROWS_AT_ONCE", 2)
    crystals, labels = _salts()
    labels[4], labels[6] = "cscl", "cscl"
    counting = _Counting(crystals)
    parts = ["train", "test", "train", "train", "train", "train", "train"]
    assert len(pairs_between(counting, labels, parts)) == 1
    assert counting.taken == [list("bacd")]


def test_pairs_between_parts_and_the_judge():
    crystals, labels = _salts()
    parts = ["train", "test", "train", "train", "", "val", "val"]
    found = pairs_between(crystals, labels, parts)
    assert [(p.first, p.second) for p in found] == [("a", "b")]
    assert pairs_between(crystals, labels, parts, judge=True) == found


def test_the_judge_refuses_what_only_the_fingerprint_takes_for_one():
    chain = [[0, 0, 0], [0.3, 0, 0], [0, 0.5, 0.5]]
    sites = [cubic(4.0, [22, 8, 8], chain), cubic(4.0, [22, 8, 8], [[0, 0, 0], *chain[1:][::-1]])]
    sites.append(cubic(4.0, [22, 8, 8], [[0, 0, 0], [0.5, 0.5, 0.5], [0.2, 0.4, 0]]))
    crystals = to_crystals(["x", "y", "z"], sites)
    loose = NearSettings(distance_tolerance=5.0)
    pairs = find_near_duplicates(crystals, ["p"] * 3, loose).pairs
    assert [(p.first, p.second) for p in confirmed(crystals, pairs)] == [("x", "y")]


def test_bad_input():
    with pytest.raises(CurationError, match="2 protostructures for 4 crystals"):
        find_near_duplicates(few(), ["a", "b"])
    with pytest.raises(CurationError, match="--symmetry none"):
        pairs_between(few(), None, [""] * 4)
    with pytest.raises(ConfigError, match="did you mean 'neighbours'"):
        NearSettings.from_mapping({"neighbors": 3})


def test_no_crystals_have_no_near_duplicates():
    assert find_near_duplicates(Crystals.empty(), []).pairs == ()
    crystals = many(3)
    assert find_near_duplicates(crystals, [None] * 3).n_unlabelled == 3


def test_groups_are_shared_by_workers_without_a_difference(monkeypatch):
    crystals = many(60)
    labels = [str(formula) for formula in Compositions.from_crystals(crystals).chemical_systems()]
    loose = NearSettings(volume_tolerance=1.0, distance_tolerance=1.0)
    expected = find_near_duplicates(crystals, labels, loose)
    assert expected.pairs
    monkeypatch.setattr("matdata.curate.near_duplicates.ROWS_AT_ONCE", 3)
    executor = InCaller()
    assert find_near_duplicates(crystals, labels, loose, Workers(2, executor)) == expected
    assert executor.functions.count("_compare") > 2
    assert find_near_duplicates(crystals, labels, loose, Workers(2)) == expected
