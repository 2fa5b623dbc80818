"""The orbital field matrix: its parts, its shapes, its invariances and what it refuses."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from matdata.core.crystals import Crystals, Ragged
from matdata.core.elements import atomic_number
from matdata.core.errors import ConfigError
from matdata.features import featurizer
from matdata.features.ofm import ANG_TO_BOHR, OrbitalField
from matdata.features.voronoi_facets import VoronoiFacets
from matdata.tables.valence import valence_labels, valence_subshells, valence_vectors
from matdata.testing import invariance

PEROVSKITE = [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]


def batch() -> Crystals:
    """Po (simple cubic), CsCl, SrTiO3 and a distorted six-atom cell."""
    rng = np.random.default_rng(4)
    return Crystals.from_lists(
        ["po", "cscl", "sto", "mixed"],
        [np.eye(3) * 3.35, np.eye(3) * 4.12, np.eye(3) * 3.905, np.diag([5.0, 6.0, 7.0])],
        [[[0, 0, 0]], [[0, 0, 0], [0.5] * 3], PEROVSKITE, rng.random((6, 3))],
        [[84], [55, 17], [38, 22, 8, 8, 8], [26, 26, 8, 8, 8, 92]],
    )


def dense(settings=None, crystals=None):
    made = featurizer("ofm", settings or {})
    return made.dense(made.featurize(batch() if crystals is None else crystals).fields)


def test_valence_vectors_know_all_rules():
    names = valence_labels(False)

    def written(symbol, rule):
        vector = valence_vectors(rule, False)[atomic_number(symbol)]
        return " ".join(name for name, value in zip(names, vector, strict=True) if value)

    assert written("Na", "matminer") == written("Na", "outermost") == "s^1"
    assert written("Cl", "matminer") == written("Cl", "outermost") == "s^2 p^5"
    assert written("Fe", "matminer") == "s^2 p^6 d^6"
    assert written("Fe", "outermost") == "s^2 d^6"
    assert written("Cu", "matminer") == "s^1 s^2 p^6 d^10"
    assert written("Cu", "outermost") == "s^1 d^10"
    assert written("Nd", "matminer") == "s^2 p^6 d^10 f^4"
    assert written("Nd", "outermost") == "s^2 f^4"
    assert written("Pd", "outermost") == written("Pd", "matminer") == "s^2 p^6 d^10"
    assert written("Pd", "noble_gas") == "d^10"
    assert valence_subshells(1, "outermost") == [("s", 1)]


def test_subshells_beyond_the_noble_gas_are_the_outermost_ones_but_for_palladium():
    one, other = (valence_vectors(rule, False) for rule in ("outermost", "noble_gas"))
    assert np.flatnonzero((one != other).any(1)).tolist() == [atomic_number("Pd")]


def test_the_published_rule_is_the_default_and_matminers_can_be_asked_for():
    iron = Crystals.from_lists(["fe"], [np.eye(3) * 2.5], [[[0, 0, 0]]], [[26]])
    for settings, expected in (({}, "s^2 d^6"), ({"valence": "matminer"}, "s^2 p^6 d^6")):
        own = dense(settings, iron)[0][0, 1024:]
        names = [name for name, value in zip(valence_labels(False), own, strict=True) if value]
        assert " ".join(names) == expected
    assert OrbitalField().settings.to_dict()["valence"] == "outermost"


def test_valence_vectors_with_periods_and_unknown_elements():
    vectors = valence_vectors("matminer", True)
    assert vectors.shape == (119, 39)
    assert vectors[57, 32:].argmax() == 5  # La: period 6
    assert vectors[92, 32:].argmax() == 6  # U: period 7
    assert not vectors[0].any()
    assert not vectors[118].any()
    assert not vectors.flags.writeable


def test_simple_cubic_matrix_by_hand():
    # Six equal facets, weight 1 each: X = 6 / r o^T o for one element (Po: s2 p4, core d10 f14).
    rows = dense()[0]
    own = valence_vectors("outermost", False)[84]
    expected = 6 / (3.35 * ANG_TO_BOHR) * np.outer(own, own)
    np.testing.assert_allclose(rows[0, :1024].reshape(32, 32), expected, rtol=1e-6)
    np.testing.assert_array_equal(rows[0, 1024:], own)


def test_rows_are_neighbours_and_columns_the_centre():
    # Cs sees Cl through all large facets but Cs through the six small ones, which stay light.
    matrix = dense()[1][0, :1024].reshape(32, 32)
    labels = valence_labels(False)
    caesium = valence_vectors("outermost", False)[55]
    assert np.all(matrix[:, caesium == 0] == 0)
    assert matrix[labels.index("p^5"), labels.index("s^1")] > 0
    assert matrix[labels.index("s^1"), labels.index("p^5")] == 0


@pytest.mark.parametrize(("tag", "width"), [(False, 1056), (True, 1560)])
def test_shapes_labels_and_units(tag, width):
    made = featurizer("ofm", {"period_tag": tag})
    block = made.featurize(batch())
    rows = made.dense(block.fields)
    assert isinstance(rows, Ragged)
    assert rows.values.shape == (14, width)
    assert rows.values.dtype == np.float32
    assert rows.lengths.tolist() == [1, 2, 5, 6]
    assert len(made.labels()) == len(made.units()) == width
    assert len(set(made.labels())) == width
    assert made.labels()[:2] == ["OFM: s^1 - s^1", "OFM: s^1 - s^2"]
    for field in made.fields:
        stored = block.fields[field.name]
        assert stored.values.dtype == field.dtype
        assert stored.values.shape[1:] == field.shape


def test_structure_level_is_the_mean_over_sites():
    means = dense({"level": "structure", "valence": "outermost"})
    rows = dense({"valence": "outermost"})
    assert means.shape == (4, 1056)
    assert means.dtype == np.float32
    for mean, sites in zip(means, rows, strict=True):
        np.testing.assert_allclose(mean, sites.mean(axis=0), rtol=1e-5, atol=1e-8)


def test_invariances():
    crystals, rng = batch(), np.random.default_rng(0)
    before, reference = crystals.digest(), dense()
    shuffled, order = invariance.permute(crystals, rng)
    repeated, rows = invariance.supercell(crystals, (2, 1, 3))
    same = [
        invariance.translate(crystals, [0.3, -1.7, 0.2]),
        invariance.rotate(crystals, invariance.rotation_matrix(rng)),
        invariance.unimodular(crystals, invariance.unimodular_matrix(rng)),
    ]
    for other in same:
        np.testing.assert_allclose(dense(None, other).values, reference.values, rtol=1e-5)
    found = dense(None, shuffled).values
    np.testing.assert_allclose(found, reference.values[order], rtol=1e-5)
    found = dense(None, repeated).values
    np.testing.assert_allclose(found, reference.values[rows], rtol=1e-5)
    assert crystals.digest() == before


@pytest.mark.parametrize("made", [OrbitalField(), VoronoiFacets()], ids=lambda made: made.name)
def test_crystals_that_fail_go_to_the_ledger(made):
    broken = Crystals.from_lists(
        ["fine", "og", "twice", "flat"],
        [np.eye(3) * 4, np.eye(3) * 4, np.eye(3) * 4, np.zeros((3, 3))],
        [[[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0], [0, 0, 1]], [[0, 0, 0]]],
        [[11], [118], [11, 11], [11]],
    )
    block = made.featurize(broken)
    reasons = {reject.material_id: reject.reason for reject in block.rejects}
    expected = {"twice": "overlapping_atoms", "flat": "degenerate_lattice"}
    if made.name == "ofm":
        expected["og"] = "unknown_element"
    assert reasons == expected
    assert sorted([*broken.ids[block.rows], *reasons]) == sorted(broken.ids)
    for stored in block.fields.values():
        assert len(stored) == len(block.rows)
        assert np.all(np.isfinite(stored.values))


@pytest.mark.parametrize("made", [OrbitalField(), VoronoiFacets()], ids=lambda made: made.name)
def test_no_crystals(made):
    block = made.featurize(Crystals.empty())
    assert len(block.rows) == 0
    assert made.dense(block.fields).values.shape == (0, len(made.labels()))
    nothing = OrbitalField.Settings.from_mapping({"level": "structure"})
    assert OrbitalField(nothing).dense(OrbitalField().featurize(Crystals.empty()).fields).shape == (
        0,
        1056,
    )


def test_unknown_settings_are_refused():
    with pytest.raises(ConfigError, match="outermost"):
        featurizer("ofm", {"valence": "outermos"})


def test_facet_table():
    made = VoronoiFacets()
    crystals = batch()
    block = made.featurize(crystals)
    rows = made.dense(block.fields)
    assert rows.values.shape[1] == len(made.labels()) == len(made.units())
    assert rows[0][:, 0].tolist() == [0] * 6
    np.testing.assert_allclose(rows[0][:, 5], 3.35, rtol=1e-6)
    for row, table in enumerate(rows):
        angles = np.bincount(table[:, 0].astype(int), table[:, 7])
        np.testing.assert_allclose(angles, 4 * np.pi, rtol=1e-6)
        counts = np.bincount(table[:, 0].astype(int))
        np.testing.assert_array_equal(counts, block.fields["n_facets"][row])
        volume = block.fields["cell_volume"][row].sum()
        np.testing.assert_allclose(volume, crystals.volume[row], rtol=1e-9)
    for field in made.fields:
        assert block.fields[field.name].values.dtype == field.dtype


def test_expansion_needs_no_chemistry_package_and_no_compiler():
    code = (
        "import sys, numpy as np\n"
        "from matdata.features import featurizer\n"
        "from matdata.core.crystals import Ragged\n"
        "made = featurizer('ofm', {'level': 'structure'})\n"
        "one = np.array([0, 1])\n"
        "fields = {'ligand': Ragged(np.ones((1, 32), np.float32), one),\n"
        "          'numbers': Ragged(np.array([26], np.uint8), one)}\n"
        "assert made.dense(fields).shape == (1, 1056)\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'pymatgen', 'matminer', 'numba', 'scipy'}, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
