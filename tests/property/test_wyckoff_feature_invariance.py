"""Crystals have the same Wyckoff representation however they are written."""

from __future__ import annotations

import numpy as np
import pytest
from support.crystals import few, many, read, real

from matdata.features import featurizer
from matdata.testing import invariance


def _stored(crystals):
    made = featurizer("wyckoff")
    block = made.featurize(crystals)
    assert len(block.rows) == len(crystals)
    pairs = zip(block.fields["elements"], block.fields["positions"], strict=True)
    return [(a.tolist(), b.tolist()) for a, b in pairs]


@pytest.mark.parametrize("seed", range(3))
def test_translation_rotation_permutation_cell_and_supercell(seed: int):
    rng = np.random.default_rng(seed)
    for crystals in (few(), many(9, seed)):
        before, columns = _stored(crystals), {k: v.copy() for k, v in crystals.columns().items()}
        assert _stored(invariance.translate(crystals, rng.random(3) * 5)) == before
        assert _stored(invariance.rotate(crystals, invariance.rotation_matrix(rng))) == before
        assert _stored(invariance.permute(crystals, rng)[0]) == before
        assert _stored(invariance.unimodular(crystals, invariance.unimodular_matrix(rng))) == before
        assert _stored(invariance.supercell(crystals, (2, 1, 1))[0]) == before
        for name, column in crystals.columns().items():
            np.testing.assert_array_equal(column, columns[name])


def _labellings(crystals) -> dict[str, frozenset]:
    """All equivalent labellings of each crystal, as sets of elements on positions."""
    made = featurizer("wyckoff")
    block = made.featurize(crystals)
    found = {}
    fields = zip(block.fields["elements"], block.fields["positions"], strict=True)
    for row, (numbers, positions) in zip(block.rows, fields, strict=True):
        table = made.equivalents(numbers, positions).tolist()
        words = [tuple(sorted(zip(numbers.tolist(), word, strict=True))) for word in table]
        found[str(crystals.ids[row])] = frozenset(words)
    return found


def _cells(crystals, cell: str):
    """All crystals in the primitive, or in the conventional cell, sites where they are."""
    from spglib import get_symmetry_dataset

    from matdata.adapters.pymatgen import from_structures, to_structure

    made = []
    for row in range(len(crystals)):
        structure = to_structure(crystals, row)
        if cell == "primitive":
            made.append(structure.get_primitive_structure(tolerance=0.02))
            continue
        found = (structure.lattice.matrix, structure.frac_coords, structure.atomic_numbers)
        change = get_symmetry_dataset(found, symprec=0.01).transformation_matrix
        # Vectors of the conventional cell in those of the crystal: P^-1 (International Tables A).
        matrix = np.linalg.inv(change).T
        whole = np.rint(matrix)
        made.append(structure * whole.astype(int) if np.allclose(matrix, whole) else structure)
    return from_structures(made, crystals.ids.tolist())


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("step", [25, pytest.param(1, marks=pytest.mark.slow)])
def test_labellings_of_real_crystals_do_not_depend_on_how_they_are_written(step: int):
    rng = np.random.default_rng(5)
    crystals = read(real("phonons/matbench_phonons.json.gz")).take(slice(0, None, step))
    before = _labellings(crystals)
    assert len(before) > 0.98 * len(crystals)
    written = {
        "origin": invariance.translate(crystals, rng.random(3)),
        "rotation": invariance.rotate(crystals, invariance.rotation_matrix(rng)),
        "order of sites": invariance.permute(crystals, rng)[0],
        "cell": invariance.unimodular(crystals, invariance.unimodular_matrix(rng)),
        "supercell": invariance.supercell(crystals, (1, 2, 1))[0],
    }
    if step > 1:  # slower
        written["primitive cell"] = _cells(written["supercell"], "primitive")
        written["conventional cell"] = _cells(crystals, "conventional")
        assert (written["conventional cell"].n_sites > crystals.n_sites).any()
    for change, other in written.items():
        after = _labellings(other)
        assert [name for name in before if after.get(name) != before[name]] == [], change
