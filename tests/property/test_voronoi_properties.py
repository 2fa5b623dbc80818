"""Voronoi cells of drawn crystals: they fill space, and do not see how the crystal is written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matdata.core.crystals import Crystals
from matdata.features.kernels.voronoi import tessellate
from matdata.testing import invariance


@st.composite
def crystals(draw):
    """One to twelve sites, at random or on a coarse grid (degenerate), in cells up to needles."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    lattice = np.diag(rng.uniform(2.5, 6.0, 3))
    if draw(st.booleans()):
        lattice = lattice + rng.normal(size=(3, 3)) * 0.8
    count = draw(st.integers(1, 12))
    if draw(st.booleans()):
        grid = rng.permutation(27)[:count]
        frac = np.stack(np.unravel_index(grid, (3, 3, 3)), axis=1) / draw(st.sampled_from([3, 4]))
    else:
        frac = rng.random((count, 3))
    drawn = Crystals.from_lists(["x"], [lattice], [frac], [rng.integers(1, 90, count)])
    return drawn, rng


def compared(cells, order=None):
    """Facet tables (distance, area, solid angle) of each site, free of the order of ties."""
    counts = np.diff(cells.facet_offsets)
    order = range(len(counts)) if order is None else order
    tables = []
    for site in order:
        part = slice(cells.facet_offsets[site], cells.facet_offsets[site + 1])
        rows = np.column_stack([cells.distance[part], cells.area[part], cells.solid_angle[part]])
        # Facets near the sliver threshold may come and go; they carry no weight.
        rows = rows[rows[:, 1] > 1e-6]
        tables.append(rows[np.lexsort(np.round(rows, 6).T[::-1])])
    return tables


def assert_same(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=2e-6)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(crystals(), st.integers(0, 12))
def test_cells_fill_space_in_any_cell(drawn, steps):
    crystal, rng = drawn
    skewed = invariance.unimodular(crystal, invariance.unimodular_matrix(rng, steps, 3))
    cells = tessellate(skewed)
    if cells.status[0] != 0:
        return  # drawn sites may coincide
    np.testing.assert_allclose(cells.cell_volume.sum(), crystal.volume[0], rtol=1e-9)
    sums = np.add.reduceat(cells.solid_angle, cells.facet_offsets[:-1])
    np.testing.assert_allclose(sums, 4 * np.pi, rtol=1e-9)
    own = cells.facet_site
    sides = {
        (int(i), int(j), *image): row
        for row, (i, j, image) in enumerate(
            zip(own, cells.neighbour, cells.image.tolist(), strict=True)
        )
    }
    twins = [
        sides[(int(j), int(i), *(-k for k in image))]
        for i, j, image in zip(own, cells.neighbour, cells.image.tolist(), strict=True)
    ]
    for column in (cells.distance, cells.area, cells.solid_angle):
        np.testing.assert_array_equal(column, column[twins])


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(crystals())
def test_invariances(drawn):
    crystal, rng = drawn
    reference = tessellate(crystal)
    if reference.status[0] != 0:
        return
    expected = compared(reference)
    shuffled, order = invariance.permute(crystal, rng)
    repeated, rows = invariance.supercell(crystal, rng.integers(1, 4, 3))
    shifted = invariance.translate(crystal, rng.normal(size=3) * 3)
    turned = invariance.rotate(crystal, invariance.rotation_matrix(rng))
    recast = invariance.unimodular(crystal, invariance.unimodular_matrix(rng))
    assert_same(compared(tessellate(shifted)), expected)
    assert_same(compared(tessellate(turned)), expected)
    assert_same(compared(tessellate(recast)), expected)
    assert_same(compared(tessellate(shuffled)), [expected[row] for row in order])
    assert_same(compared(tessellate(repeated)), [expected[row] for row in rows])
