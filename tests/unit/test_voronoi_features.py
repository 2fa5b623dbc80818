"""Voronoi attributes: known crystals, walks by brute force, invariances, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict

import numpy as np
import pytest

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.features.kernels.voronoi import tessellate
from matdata.features.magpie import Magpie
from matdata.features.voronoi import WIDTH, Voronoi
from matdata.testing import invariance

LABELS = list(Voronoi().labels())
FCC = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
PEROVSKITE = [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]


def batch() -> Crystals:
    """Po (simple cubic), CsCl, NaCl, SrTiO3 and a distorted six-atom cell."""
    rng = np.random.default_rng(4)
    return Crystals.from_lists(
        ["po", "cscl", "nacl", "sto", "mixed"],
        [np.eye(3) * 3.35, np.eye(3) * 4.12, 5.64 * FCC, np.eye(3) * 3.905, np.diag([5, 6, 7])],
        [[[0] * 3], [[0] * 3, [0.5] * 3], [[0] * 3, [0.5] * 3], PEROVSKITE, rng.random((6, 3))],
        [[84], [55, 17], [11, 17], [38, 22, 8, 8, 8], [26, 26, 8, 8, 8, 92]],
    )


def dense(crystals: Crystals) -> np.ndarray:
    made = Voronoi()
    block = made.featurize(crystals)
    assert not block.rejects
    return made.dense(block.fields)


def value(row: np.ndarray, label: str) -> float:
    return row[LABELS.index(label)]


def test_simple_cubic_by_hand():
    row = dense(batch())[0]
    assert value(row, "mean CN_VoronoiNN") == pytest.approx(6)
    assert value(row, "max packing efficiency") == pytest.approx(np.pi / 6)
    assert value(row, "max relative bond length") == pytest.approx(1)
    np.testing.assert_allclose(row[8:17], 0, atol=1e-12)  # no spread, no disorder
    np.testing.assert_allclose(row[18:WIDTH], 0, atol=1e-12)  # one element: no differences


def test_caesium_chloride_by_hand():
    # Truncated octahedra of edge e: eight hexagons of 3/2 sqrt(3) e², six squares of e².
    row = dense(batch())[1]
    hexagon = 1.5 * np.sqrt(3)
    total = 8 * hexagon + 6
    assert value(row, "mean CN_VoronoiNN") == pytest.approx(total**2 / (8 * hexagon**2 + 6))
    assert value(row, "max packing efficiency") == pytest.approx(np.sqrt(3) * np.pi / 8)
    near = np.sqrt(0.75)
    mean = (8 * hexagon * near + 6) / total
    spread = (8 * hexagon * (mean - near) + 6 * (1 - mean)) / total
    assert value(row, "mean neighbor distance variation") == pytest.approx(spread / mean)
    share = 8 * hexagon / total
    found = value(row, "mean local difference in Number")
    assert found == pytest.approx(share * (55 - 17))
    assert value(row, "range local difference in Number") == pytest.approx(0, abs=1e-9)
    # Of the first neighbours, 'share' are of the other element; x = 1/2.
    ordering = 0.5 * (abs(1 - 2 * share) + abs(1 - 2 * (1 - share)))
    assert value(row, "mean ordering parameter shell 1") == pytest.approx(ordering)


def test_shells_of_rock_salt_alternate():
    row = dense(batch())[2]
    assert [value(row, f"mean ordering parameter shell {n}") for n in (1, 2, 3)] == pytest.approx(
        [1, 1, 1]
    )


def walk(cells, crystal: slice, site: int, steps: int) -> dict[int, float]:
    """Weights of all walks without return, by the site where they end: slow and plain."""
    found: dict[int, float] = defaultdict(float)

    def go(at: int, image: tuple[int, ...], left: int, weight: float, visited: set) -> None:
        if left == 0:
            found[at] += weight
            return
        row = crystal.start + at
        facets = range(cells.facet_offsets[row], cells.facet_offsets[row + 1])
        largest = max(cells.area[f] for f in facets)
        for f in facets:
            node = int(cells.neighbour[f]), tuple(np.add(image, cells.image[f]).tolist())
            if node not in visited:
                go(*node, left - 1, weight * cells.area[f] / largest, visited | {node})

    start = site, (0, 0, 0)
    go(*start, steps, 1.0, {start})
    return found


@pytest.mark.parametrize("row", [1, 3, 4])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_ordering_equals_an_enumeration_of_all_walks(row, steps):
    crystals = batch()
    cells, part = tessellate(crystals), crystals.sites(row)
    numbers = crystals.numbers[part]
    kinds, counts = np.unique(numbers, return_counts=True)
    parameters = []
    for site in range(len(numbers)):
        reached = walk(cells, part, site, steps)
        total = sum(reached.values())
        for kind, fraction in zip(kinds, counts / len(numbers), strict=True):
            share = sum(w for end, w in reached.items() if numbers[end] == kind) / total
            parameters.append(abs(1 - share / fraction))
    found = value(dense(crystals)[row], f"mean ordering parameter shell {steps}")
    assert found == pytest.approx(np.mean(parameters), rel=1e-10)


def test_composition_columns_are_those_of_magpie():
    crystals = batch()
    made = Magpie()
    block = made.featurize(Compositions.from_crystals(crystals))
    np.testing.assert_array_equal(dense(crystals)[:, WIDTH:], made.dense(block.fields))
    assert LABELS[WIDTH:] == list(made.labels())


def test_invariances():
    crystals, rng = batch(), np.random.default_rng(0)
    before, reference = crystals.digest(), dense(crystals)
    same = [
        invariance.translate(crystals, [0.3, -1.7, 0.2]),
        invariance.rotate(crystals, invariance.rotation_matrix(rng)),
        invariance.unimodular(crystals, invariance.unimodular_matrix(rng)),
        invariance.permute(crystals, rng)[0],
        invariance.supercell(crystals, (2, 1, 3))[0],
    ]
    possible = LABELS.index("compound possible")  # counts amounts: the same for whole formulas
    for other in same:
        found = dense(other)
        np.testing.assert_allclose(found, reference, rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(found[:, possible], reference[:, possible])
    assert crystals.digest() == before


def test_attributes_without_a_length_do_not_change_with_the_volume():
    crystals = batch()
    larger = Crystals(
        crystals.ids, crystals.lattice * 3.7, crystals.frac_coords, crystals.numbers,
        crystals.offsets,
    )  # fmt: skip
    np.testing.assert_allclose(dense(larger), dense(crystals), rtol=1e-9, atol=1e-9)


def test_small_moves_change_little():
    crystals, rng = batch(), np.random.default_rng(1)
    moved = Crystals(
        crystals.ids, crystals.lattice, crystals.frac_coords + rng.normal(size=(16, 3)) * 1e-7,
        crystals.numbers, crystals.offsets,
    )  # fmt: skip
    np.testing.assert_allclose(dense(moved), dense(crystals), rtol=1e-4, atol=1e-4)


def test_a_batch_equals_its_crystals_one_by_one():
    crystals = batch()
    together = dense(crystals)
    for row in range(len(crystals)):
        np.testing.assert_array_equal(dense(crystals.take([row]))[0], together[row])


def test_crystals_that_fail_go_to_the_ledger():
    broken = Crystals.from_lists(
        ["fine", "none", "twice", "flat", "ghost", "og"],
        [np.eye(3) * 4, np.eye(3) * 4, np.eye(3) * 4, np.zeros((3, 3)), np.eye(3), np.eye(3) * 4],
        [[[0] * 3], [], [[0, 0, 0], [0, 0, 1]], [[0] * 3], [[0] * 3], [[0] * 3]],
        [[11], [], [11, 11], [11], [0], [118]],
    )
    made = Voronoi()
    block = made.featurize(broken)
    assert broken.ids[block.rows].tolist() == ["fine", "og"]
    expected = {
        "none": "no_sites",
        "twice": "overlapping_atoms",
        "flat": "degenerate_lattice",
        "ghost": "unknown_element",
    }
    assert {r.material_id: r.reason for r in block.rejects} == expected
    assert np.isfinite(made.dense(block.fields)).all()
    strict = featurizer("voronoi", {"unknown": "reject"}).featurize(broken)
    assert broken.ids[strict.rows].tolist() == ["fine"]
    reasons = {r.material_id: r.reason for r in strict.rejects}
    assert reasons == {**expected, "og": "unknown_property"}


def test_no_crystals():
    made = Voronoi()
    assert made.dense(made.featurize(Crystals.empty()).fields).shape == (0, 273)


def test_shapes_labels_units_and_stored_types():
    made = featurizer("voronoi")
    block = made.featurize(batch())
    assert made.dense(block.fields).shape == (5, 273)
    assert len(made.labels()) == len(set(made.labels())) == len(made.units()) == 273
    for field in made.fields:
        stored = block.fields[field.name]
        values = stored if field.level == "crystal" else stored.values
        assert values.dtype == field.dtype
        assert values.shape[1:] == field.shape


def test_the_dense_form_needs_no_compiled_code():
    code = (
        "import sys, numpy as np\n"
        "from matdata.core.crystals import Ragged\n"
        "from matdata.features import featurizer\n"
        "offsets = np.array([0, 2])\n"
        "fields = {'structure': np.zeros((1, 128)),\n"
        "          'elements': Ragged(np.array([11, 17], np.uint8), offsets),\n"
        "          'amounts': Ragged(np.ones(2), offsets), 'compound_possible': np.ones(1)}\n"
        "assert featurizer('voronoi').dense(fields).shape == (1, 273)\n"
        "assert not {'numba', 'pymatgen', 'matminer'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
