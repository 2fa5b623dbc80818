"""Voronoi cells of crystals whose cells are known, of awkward ones, and of ones that must fail."""

from __future__ import annotations

import gzip
import importlib.util
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from matdata.core.crystals import Crystals
from matdata.core.elements import atomic_number
from matdata.features.kernels.tessellation import REASONS
from matdata.features.kernels.voronoi import tessellate
from matdata.testing import invariance

FCC = 4.0 * np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
BCC = 3.0 * np.array([[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]])
QUARTER = [[0.0, 0.0, 0.0], [0.25, 0.25, 0.25]]
PEROVSKITE = [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]


def one(lattice, frac) -> Crystals:
    return Crystals.from_lists(["x"], [lattice], [frac], [[1] * len(frac)])


def angle_sums(cells):
    sums = np.zeros(len(cells.cell_volume))
    np.add.at(sums, cells.facet_site, cells.solid_angle)
    return sums


def assert_sound(crystals, cells):
    """Volumes fill the cell, solid angles the sphere, and every facet has its other side."""
    good = cells.status == 0
    volume = np.zeros(len(crystals))
    np.add.at(volume, crystals.site_crystal, cells.cell_volume)
    np.testing.assert_allclose(volume[good], crystals.volume[good], rtol=1e-9)
    sites = good[crystals.site_crystal]
    np.testing.assert_allclose(angle_sums(cells)[sites], 4 * np.pi, rtol=1e-9)
    pyramids = np.zeros(len(cells.cell_volume))
    np.add.at(pyramids, cells.facet_site, cells.volume)
    np.testing.assert_allclose(pyramids, cells.cell_volume, rtol=1e-9)
    assert_reciprocal(crystals, cells)
    assert np.all(np.diff(cells.facet_offsets)[~sites] == 0)


def assert_reciprocal(crystals, cells):
    start = crystals.offsets[crystals.site_crystal]
    own = cells.facet_site
    other = start[own] + cells.neighbour
    here = np.column_stack([own, other, cells.image])
    there = np.column_stack([other, own, -cells.image])
    a, b = np.lexsort(here.T), np.lexsort(there.T)
    np.testing.assert_array_equal(here[a], there[b])
    for column in (cells.distance, cells.area, cells.solid_angle, cells.n_vertices):
        np.testing.assert_array_equal(column[a], column[b])


def assert_distances(crystals, cells):
    """`image` counts from the coordinates as they were given."""
    start = crystals.offsets[crystals.site_crystal]
    own = cells.facet_site
    frac = crystals.frac_coords[start[own] + cells.neighbour] + cells.image
    frac = frac - crystals.frac_coords[own]
    vectors = np.einsum("fi,fij->fj", frac, crystals.lattice[crystals.site_crystal[own]])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), cells.distance, rtol=1e-9)


@pytest.mark.parametrize(
    ("lattice", "frac", "facets", "corners"),
    [
        (np.eye(3) * 3, [[0, 0, 0]], [6], [4] * 6),
        (FCC, [[0.1, 0.7, 0.3]], [12], [4] * 12),
        (BCC, [[0, 0, 0]], [14], [6] * 8 + [4] * 6),
        (FCC, QUARTER, [16, 16], [6] * 4 + [3] * 12),
        (np.eye(3) * 3.9, PEROVSKITE, [14, 6, 12, 12, 12], None),
    ],
    ids=["simple cubic", "fcc", "bcc", "diamond", "perovskite"],
)
def test_known_cells(lattice, frac, facets, corners):
    crystals = one(lattice, frac)
    cells = tessellate(crystals)
    assert cells.status.tolist() == [0]
    if corners is not None:
        assert np.diff(cells.facet_offsets).tolist() == facets
        assert cells.n_vertices[: facets[0]].tolist() == corners
    assert_sound(crystals, cells)
    assert_distances(crystals, cells)


def test_bcc_measures():
    # Truncated octahedron of a bcc crystal with a = 3: edge a sqrt(2) / 4.
    cells = tessellate(one(BCC, [[0, 0, 0]]))
    edge = 3.0 * np.sqrt(2) / 4
    np.testing.assert_allclose(cells.area[:8], 1.5 * np.sqrt(3) * edge**2, rtol=1e-12)
    np.testing.assert_allclose(cells.area[8:], edge**2, rtol=1e-12)
    np.testing.assert_allclose(cells.distance[8:], 3.0, rtol=1e-12)
    np.testing.assert_allclose(cells.cell_volume, 13.5, rtol=1e-12)


def test_facets_are_sorted_with_ties_broken_by_neighbour_and_image():
    cells = tessellate(one(FCC, QUARTER))
    keys = [
        (site, round(distance * 1e8), neighbour, *image)
        for site, distance, neighbour, image in zip(
            cells.facet_site.tolist(),
            cells.distance.tolist(),
            cells.neighbour.tolist(),
            cells.image.tolist(),
            strict=True,
        )
    ]
    assert keys == sorted(keys)


def test_a_cell_between_layers_needs_far_neighbours():
    # 60 Å of vacuum: the cell reaches far beyond any usual cutoff.
    crystals = one(np.diag([3.0, 3.0, 60.0]), [[0, 0, 0], [0.5, 0.5, 0.03]])
    cells = tessellate(crystals)
    assert cells.distance.max() > 55
    assert_sound(crystals, cells)


def test_an_extremely_skewed_cell_is_the_same_crystal():
    crystals = one(np.eye(3) * 3.9, PEROVSKITE)
    matrix = np.array([[1, 40, 0], [0, 1, 35], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [25, 1, 0], [30, 7, 1]]
    )
    skewed = invariance.unimodular(crystals, matrix)
    cells, reference = tessellate(skewed), tessellate(crystals)
    np.testing.assert_allclose(cells.area, reference.area, rtol=1e-8)
    np.testing.assert_allclose(cells.cell_volume, reference.cell_volume, rtol=1e-9)
    assert_reciprocal(skewed, cells)


def test_a_big_disordered_cell():
    rng = np.random.default_rng(3)
    crystals = one(np.diag([17.0, 19.0, 15.0]) + rng.normal(size=(3, 3)), rng.random((400, 3)))
    cells = tessellate(crystals)
    assert_sound(crystals, cells)
    assert_distances(crystals, cells)


def test_a_cell_with_hundreds_of_facets_outgrows_the_first_room():
    rng = np.random.default_rng(5)
    points = rng.normal(size=(600, 3))
    shell = 0.5 + points / np.linalg.norm(points, axis=1)[:, None] * 0.2
    crystals = one(np.eye(3) * 40, np.vstack([[[0.5, 0.5, 0.5]], shell]))
    cells = tessellate(crystals)
    assert np.diff(cells.facet_offsets)[0] == 600
    assert_sound(crystals, cells)


def test_coordinates_rounded_to_any_number_of_digits():
    # Rounding moves bisectors off the corners they met in, by amounts around every tolerance.
    exact = np.array([[0, 0, 0], [1 / 3, 2 / 3, 0.5], [2 / 3, 1 / 3, 0.5]])
    hexagonal = np.array([[3.2, 0, 0], [-1.6, 3.2 * np.sqrt(0.75), 0], [0, 0, 5.2]])
    crystals = Crystals.from_lists(
        [str(digits) for digits in range(3, 16)],
        [np.round(hexagonal, digits) for digits in range(3, 16)],
        [np.round(exact, digits) for digits in range(3, 16)],
        [[1, 2, 2]] * 13,
    )
    cells = tessellate(crystals)
    assert not cells.status.any()
    assert_sound(crystals, cells)


def test_noise_around_the_tolerance_never_leaves_a_cell_open():
    rng = np.random.default_rng(11)
    frac = np.array([[x, y, z] for x in (0, 0.5) for y in (0, 0.5) for z in (0, 0.5)])
    scales = np.repeat(10.0 ** np.arange(-16.0, -5.0, 0.5), 20)
    crystals = Crystals.from_lists(
        [str(row) for row in range(len(scales))],
        [np.eye(3) * 5 + rng.normal(size=(3, 3)) * scale for scale in scales],
        [frac + rng.normal(size=frac.shape) * scale for scale in scales],
        [[1] * 8] * len(scales),
    )
    cells = tessellate(crystals)
    assert not cells.status.any()
    assert_sound(crystals, cells)


@pytest.mark.parametrize(
    ("lattice", "frac", "reason"),
    [
        (np.eye(3) * 4, [[0, 0, 0], [1.0 - 1e-5, 0, 0]], "overlapping_atoms"),
        (np.eye(3) * 4, [[0.2, 0, 0], [0.2, 3.0, 0]], "overlapping_atoms"),
        (np.zeros((3, 3)), [[0, 0, 0]], "degenerate_lattice"),
        ([[1, 0, 0], [0, 1, 0], [1, 1, 0]], [[0, 0, 0]], "degenerate_lattice"),
        (np.full((3, 3), np.nan), [[0, 0, 0]], "degenerate_lattice"),
        (np.diag([3, 3, np.inf]), [[0, 0, 0]], "degenerate_lattice"),
        (np.eye(3) * 4, [[0, np.nan, 0]], "bad_coordinates"),
        (np.eye(3) * 4, [[0, 1e300, 0]], "bad_coordinates"),
        (np.eye(3) * 4, np.empty((0, 3)), "no_sites"),
    ],
)
def test_a_crystal_that_fails_leaves_the_others_alone(lattice, frac, reason):
    good = one(FCC, QUARTER)
    cells = tessellate(Crystals.concat([good, one(lattice, frac), good]))
    assert REASONS[int(cells.status[1])][0] == reason
    alone = tessellate(good)
    n = len(alone.area)
    assert len(cells.area) == 2 * n
    for part in (slice(0, n), slice(n, None)):
        np.testing.assert_array_equal(cells.area[part], alone.area)
    assert np.all(cells.cell_volume[2:-2] == 0)
    for column in (cells.distance, cells.area, cells.solid_angle, cells.cell_volume):
        assert np.all(np.isfinite(column))


def test_no_crystals():
    cells = tessellate(Crystals.empty())
    assert len(cells.area) == 0
    assert cells.facet_offsets.tolist() == [0]


def test_inputs_are_not_changed_and_threads_agree():
    rng = np.random.default_rng(2)
    crystals = one(np.eye(3) * 9, rng.random((60, 3)))
    before = crystals.digest()
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(tessellate, [crystals] * 6))
    assert crystals.digest() == before
    for cells in results[1:]:
        np.testing.assert_array_equal(cells.area, results[0].area)


def _prototypes() -> Crystals:
    locations = importlib.util.find_spec("pymatgen").submodule_search_locations
    name = "analysis/prototypes/aflow_prototypes.json.gz"
    paths = [Path(location) / name for location in locations]
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        pytest.skip("this pymatgen has no AFLOW prototype library")
    found = [entry["snl"] for entry in json.loads(gzip.decompress(path.read_bytes()))]
    return Crystals.from_lists(
        [str(row) for row in range(len(found))],
        [entry["lattice"]["matrix"] for entry in found],
        [[site["abc"] for site in entry["sites"]] for entry in found],
        [
            [atomic_number(site["species"][0]["element"]) for site in entry["sites"]]
            for entry in found
        ],
    )


def test_every_aflow_prototype():
    crystals = _prototypes()
    assert len(crystals) > 250
    cells = tessellate(crystals)
    assert not cells.status.any()
    assert_sound(crystals, cells)
    assert_distances(crystals, cells)
