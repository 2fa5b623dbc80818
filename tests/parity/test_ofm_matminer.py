"""Orbital field matrices against matminer's, site by site in its 3x3x3 supercells.

matminer's mean over a structure weighs sites that spglib calls equivalent at 0.01 Å by one of
them; the comparison is with the plain mean over all sites instead. One site of each original
cell stands for its 27 copies, since matminer takes some 40 to 60 ms for each.
"""

from __future__ import annotations

import gzip
import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from matdata.core.crystals import Crystals
from matdata.core.elements import atomic_number, symbols
from matdata.features import featurizer
from matdata.tables.valence import valence_vectors

matrix = pytest.importorskip("matminer.featurizers.structure.matrix")
SHARED = Path(os.environ.get("MATDATA_SHARED", Path(__file__).parents[3] / "shared")) / "data"
PHONONS = SHARED / "phonons" / "matbench_phonons.json.gz"
COUNT, LARGEST = 50, 5


def matminer_sites(crystals: Crystals, row: int, period_tag: bool = False) -> np.ndarray:
    """matminer's matrices of one crystal's sites, (n, size²)."""
    from pymatgen.core import Lattice, Structure
    from pymatgen.core.local_env import VoronoiNN

    oracle = matrix.OrbitalFieldMatrix(period_tag=period_tag)
    part = crystals.sites(row)
    names = [symbols()[number] for number in crystals.numbers[part]]
    cell = Structure(Lattice(crystals.lattice[row]), names, crystals.frac_coords[part])
    repeated = cell * [3, 3, 3]
    copies = len(repeated) // len(cell)
    finder = VoronoiNN(allow_pathological=True)
    found = []
    for site in range(0, len(repeated), copies):  # get_atom_ofms, for one copy of each site
        around = finder.get_nn_info(repeated, site)
        found.append(np.asarray(oracle.get_single_ofm(repeated[site], around)).ravel())
    return np.array(found)


def assert_agrees(crystals: Crystals, period_tag: bool = False) -> None:
    chosen = {"period_tag": period_tag, "valence": "matminer"}
    sites, means = featurizer("ofm", chosen), featurizer("ofm", {**chosen, "level": "structure"})
    block = sites.featurize(crystals)
    assert len(block.rows) == len(crystals)
    rows, mean = sites.dense(block.fields), means.dense(block.fields)
    for row in range(len(crystals)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = matminer_sites(crystals, row, period_tag)
        size = expected.shape[1]
        what = f"crystal {crystals.ids[row]}"
        np.testing.assert_allclose(rows[row][:, :size], expected, 1e-6, 1e-9, err_msg=what)
        np.testing.assert_allclose(mean[row, :size], expected.mean(0), 1e-6, 1e-9, err_msg=what)


def made() -> Crystals:
    """NaCl, SrTiO3 and hexagonal Ti."""
    fcc = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    hexagonal = np.array([[2.95, 0, 0], [-1.475, 2.95 * np.sqrt(0.75), 0], [0, 0, 4.68]])
    return Crystals.from_lists(
        ["NaCl", "SrTiO3", "Ti"],
        [5.64 * fcc, 3.905 * np.eye(3), hexagonal],
        [
            [[0, 0, 0], [0.5, 0.5, 0.5]],
            [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]],
            [[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]],
        ],
        [[11, 17], [38, 22, 8, 8, 8], [22, 22]],
    )


@pytest.mark.parametrize("period_tag", [False, True])
def test_vectors_of_all_elements(period_tag):
    oracle = matrix.OrbitalFieldMatrix(period_tag=period_tag)
    vectors = valence_vectors("matminer", period_tag)
    for number, vector in oracle.ohvs.items():
        np.testing.assert_array_equal(np.asarray(vector)[0], vectors[number], symbols()[number])


@pytest.mark.parametrize("period_tag", [False, True])
def test_labels(period_tag):
    oracle = matrix.OrbitalFieldMatrix(period_tag=period_tag).feature_labels()
    labels = featurizer("ofm", {"period_tag": period_tag}).labels()
    assert list(labels[: len(oracle)]) == oracle


@pytest.mark.parametrize("period_tag", [False, True])
@pytest.mark.slow
def test_made_crystals(period_tag):
    assert_agrees(made(), period_tag)


@pytest.mark.real_data
@pytest.mark.slow
def test_fifty_real_crystals():
    if not PHONONS.exists():
        pytest.skip(f"{PHONONS.name} is not on this machine (set MATDATA_SHARED)")
    table = json.loads(gzip.decompress(PHONONS.read_bytes()))
    small = [row[0] for row in table["data"] if len(row[0]["sites"]) <= LARGEST]
    step = len(small) // COUNT
    chosen = small[::step][:COUNT]
    crystals = Crystals.from_lists(
        [str(row * step) for row in range(len(chosen))],
        [entry["lattice"]["matrix"] for entry in chosen],
        [[site["abc"] for site in entry["sites"]] for entry in chosen],
        [[atomic_number(s["species"][0]["element"]) for s in e["sites"]] for e in chosen],
    )
    assert_agrees(crystals)
