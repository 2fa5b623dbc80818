"""Voronoi attributes against matminer's, and the crystals where matminer fails or errs.

Cells agree to some 1e-9: both tessellations are exact up to round-off, and facets that only
round-off makes have areas below that. matminer's means run over all sites, so nothing depends on
symmetry. Coordinates are wrapped for matminer, which cannot read others (see below).
"""

from __future__ import annotations

import gzip
import json
import warnings

import numpy as np
import pytest
from support.crystals import real

from matdata.core.crystals import Crystals
from matdata.core.elements import atomic_number, symbols
from matdata.features.voronoi import WIDTH, Voronoi

structure = pytest.importorskip("matminer.featurizers.structure")
COUNT, LARGEST = 25, 6
PEROVSKITE = [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]


def site_oracles():
    """The featurizers of the 128 structure attributes, in order."""
    stats = structure.SiteStatsFingerprint.from_preset
    return [
        stats("CoordinationNumber_ward-prb-2017"),
        structure.StructuralHeterogeneity(),
        structure.ChemicalOrdering(),
        structure.MaximumPackingEfficiency(),
        stats("LocalPropertyDifference_ward-prb-2017"),
    ]


def oracle():
    from matminer.featurizers import composition
    from matminer.featurizers.base import MultipleFeaturizer

    parts = [
        composition.Stoichiometry(),
        composition.ElementProperty.from_preset("magpie"),
        composition.ValenceOrbital(props=["frac"]),
        composition.IonProperty(fast=True),
    ]
    whole = structure.StructureComposition(MultipleFeaturizer(parts))
    return MultipleFeaturizer([*site_oracles(), whole])


def structure_of(crystals: Crystals, row: int):
    from pymatgen.core import Lattice, Structure

    part = crystals.sites(row)
    names = [symbols()[number] for number in crystals.numbers[part]]
    return Structure(Lattice(crystals.lattice[row]), names, crystals.frac_coords[part])


def matminer(featurizer, crystals: Crystals, row: int) -> np.ndarray:
    from matminer.utils import caching

    # The neighbours that matminer keeps are those of the last crystal that compares equal, even
    # if its sites come in another order.
    caching._get_all_nearest_neighbors.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array(featurizer.featurize(structure_of(crystals, row)), dtype=float)


def dense(crystals: Crystals) -> np.ndarray:
    made = Voronoi()
    block = made.featurize(crystals)
    assert len(block.rows) == len(crystals)
    return made.dense(block.fields)


def assert_agrees(crystals: Crystals) -> None:
    rows, theirs = dense(crystals), oracle()
    for row, found in enumerate(rows):
        what = f"crystal {crystals.ids[row]}"
        expected = matminer(theirs, crystals, row)
        np.testing.assert_allclose(found, expected, 1e-6, 1e-9, err_msg=what)


def made() -> Crystals:
    """NaCl, SrTiO3, CsCl, hexagonal Ti, a skewed cell of CsCl, wurtzite and six drawn sites."""
    rng = np.random.default_rng(8)
    fcc = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    hexagonal = np.array([[1, 0, 0], [-0.5, np.sqrt(0.75), 0], [0, 0, 1.6]])
    skew = np.array([[1, 0, 0], [3, 1, 0], [-2, 5, 1]])
    body = [[0, 0, 0], [0.5, 0.5, 0.5]]
    close = [[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]]
    wurtzite = [[1 / 3, 2 / 3, z] for z in (0, 0.38)] + [[2 / 3, 1 / 3, z] for z in (0.5, 0.88)]
    return Crystals.from_lists(
        ["NaCl", "SrTiO3", "CsCl", "Ti", "skew", "ZnO", "drawn"],
        [
            5.64 * fcc, 3.905 * np.eye(3), 4.12 * np.eye(3), 2.95 * hexagonal, 4.12 * skew,
            3.25 * hexagonal, [[5, 0, 0], [0.7, 6, 0], [-0.4, 1.1, 7]],
        ],
        [body, PEROVSKITE, body, close, body @ np.linalg.inv(skew) % 1, wurtzite,
         rng.random((6, 3))],
        [[11, 17], [38, 22, 8, 8, 8], [55, 17], [22, 22], [55, 17], [30, 8, 30, 8],
         [26, 26, 8, 8, 11, 92]],
    )  # fmt: skip


def test_labels():
    assert list(Voronoi().labels()) == oracle().feature_labels()


@pytest.mark.slow
def test_made_crystals():
    assert_agrees(made())


def test_where_cells_reach_beyond_13_angstrom_matminer_fails_or_errs():
    """Blown-up CsCl: attributes do not depend on the size, which matminer notices at 20 Å only."""
    from scipy.spatial import QhullError

    sizes = (4.12, 12.0, 14.0, 20.0)
    body = [[0, 0, 0], [0.5, 0.5, 0.5]]
    crystals = Crystals.from_lists(
        [str(size) for size in sizes],
        [np.eye(3) * size for size in sizes],
        [body] * 4,
        [[55, 17]] * 4,
    )
    rows = dense(crystals)
    np.testing.assert_allclose(rows[1:], rows[[0, 0, 0]], rtol=1e-9, atol=1e-9)
    theirs = site_oracles()[0]
    for row in (0, 1):
        np.testing.assert_allclose(matminer(theirs, crystals, row), rows[row, :5], 1e-6, 1e-9)
    # At 14 Å the six neighbours along the cell's edges lie beyond the cutoff.
    assert abs(matminer(theirs, crystals, 2)[3] - rows[2, 3]) > 0.1
    with pytest.raises(QhullError, match="not enough points"):
        matminer(theirs, crystals, 3)


def test_layers_far_apart_fail_in_matminer():
    crystals = Crystals.from_lists(
        ["layers"], [np.diag([3.0, 3.0, 30.0])], [[[0, 0, 0], [0.5, 0.5, 0.1]]], [[11, 17]]
    )
    assert np.isfinite(dense(crystals)).all()
    with pytest.raises(RuntimeError, match="infinite vertex"):
        matminer(site_oracles()[0], crystals, 0)


@pytest.mark.parametrize("shift", [[1.0, 0, 0], [0, -1e-17, 0]])
def test_coordinates_outside_the_cell_fail_in_matminer(shift):
    """It puts the sites into the cell but counts images from where they were."""
    sites = np.array(PEROVSKITE)
    moved = sites.copy()
    moved[1] += shift
    crystals = Crystals.from_lists(
        ["wrapped", "outside"],
        [3.905 * np.eye(3)] * 2,
        [sites, moved],
        [[38, 22, 8, 8, 8]] * 2,
    )
    rows = dense(crystals)
    np.testing.assert_allclose(rows[1], rows[0], rtol=1e-9, atol=1e-9)
    with pytest.raises(ValueError, match="No Voronoi neighbors"):
        matminer(site_oracles()[0], crystals, 1)


def test_matminer_confuses_crystals_whose_sites_come_in_another_order():
    crystals = made().take([6])
    order = np.array([3, 0, 5, 1, 4, 2])
    other = Crystals(
        crystals.ids, crystals.lattice, crystals.frac_coords[order], crystals.numbers[order],
        crystals.offsets,
    )  # fmt: skip
    theirs = site_oracles()[4]
    first = matminer(theirs, crystals, 0)
    second = np.array(theirs.featurize(structure_of(other, 0)))  # at once, as a user would
    assert np.abs(second - first).max() > 1
    np.testing.assert_allclose(matminer(theirs, other, 0), first, 1e-6, 1e-9)
    np.testing.assert_allclose(dense(other)[0, 18:WIDTH], first, 1e-6, 1e-9)


@pytest.mark.slow
@pytest.mark.real_data
def test_real_crystals():
    table = json.loads(gzip.decompress(real("phonons/matbench_phonons.json.gz").read_bytes()))
    small = [row[0] for row in table["data"] if len(row[0]["sites"]) <= LARGEST]
    chosen = small[:: len(small) // COUNT][:COUNT]
    assert_agrees(
        Crystals.from_lists(
            [str(row) for row in range(len(chosen))],
            [entry["lattice"]["matrix"] for entry in chosen],
            [np.array([site["abc"] for site in entry["sites"]]) % 1 % 1 for entry in chosen],
            [[atomic_number(s["species"][0]["element"]) for s in e["sites"]] for e in chosen],
        )
    )
