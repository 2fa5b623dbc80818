"""CIF texts as pymatgen writes them, read as pymatgen reads them."""

from __future__ import annotations

import csv
import gzip
import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from support.cifs import same_sites
from support.crystals import real

from matdata.adapters.cif import read_cif
from matdata.adapters.prototypes import prototypes, pymatgen_structure
from matdata.adapters.sites import Sites
from matdata.core.ledger import Unusable

WITHIN = 0.02  # Å; spglib idealises what it writes


def pymatgen_reads(text: str) -> Any:
    from pymatgen.io.cif import CifParser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (structure,) = CifParser.from_str(text).parse_structures(primitive=False)
    return structure


def written(structure: Any, **options: Any) -> str:
    from pymatgen.io.cif import CifWriter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return str(CifWriter(structure, **options))


def read(text: str) -> Sites | Unusable:
    (found,) = read_cif(text)
    return found.sites


def without_operations(text: str) -> str:
    """The same text with the symbol of its space group alone."""
    head, _, rest = text.partition("loop_\n _symmetry_equiv_pos_site_id")
    return head + "loop_" + rest.partition("loop_")[2]


SPECIES = ["F", "Sn", "Ba", "Pd"]
ROWS = range(0, len(prototypes()), 3)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_prototypes_on_their_symmetry(part):
    """The refined cell comes back from operations, and from the symbol alone or not at all."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    refused = 0
    for row in ROWS[part::4]:
        structure = pymatgen_structure(row, SPECIES)
        refined = SpacegroupAnalyzer(structure, symprec=0.01).get_refined_structure()
        numbers = list(refined.atomic_numbers)
        text = written(structure, symprec=0.01)
        found = read(text)
        assert isinstance(found, Sites), (row, found)
        assert same_sites(found, numbers, refined.frac_coords, WITHIN), row
        found = read(without_operations(text))
        if isinstance(found, Unusable):
            refused += 1
            assert found.reason == "unknown_symmetry", (row, found)
        else:
            assert same_sites(found, numbers, refined.frac_coords, WITHIN), row
    assert refused < 0.1 * len(ROWS[part::4])


def test_prototypes_without_symmetry_are_read_bit_for_bit():
    for row in ROWS:
        text = written(pymatgen_structure(row, SPECIES))
        found, theirs = read(text), pymatgen_reads(text)
        assert isinstance(found, Sites), (row, found)
        np.testing.assert_array_equal(found.lattice, theirs.lattice.matrix)
        np.testing.assert_array_equal(found.frac_coords, theirs.frac_coords)
        assert found.numbers.tolist() == list(theirs.atomic_numbers)


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["perov5", "carbon24"])
def test_real_sets_are_read_bit_for_bit_as_by_pymatgen(name):
    with gzip.open(real(f"{name}/val.csv.gz"), "rt", newline="") as file:
        texts = [row["cif"] for row in itertools.islice(csv.DictReader(file), 0, None, 40)]
    assert len(texts) > 50
    for text in texts:
        found, theirs = read(text), pymatgen_reads(text)
        assert isinstance(found, Sites), found
        np.testing.assert_array_equal(found.lattice, theirs.lattice.matrix)
        np.testing.assert_array_equal(found.frac_coords, theirs.frac_coords)
        assert found.numbers.tolist() == list(theirs.atomic_numbers)
