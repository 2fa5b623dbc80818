"""The Wyckoff terms and representation, against what Goodall's thesis says of them."""

from __future__ import annotations

import numpy as np
import pytest
from support.crystals import few
from support.crystals import many as draw

from matdata.crystals import Ragged
from matdata.errors import StoreError
from matdata.features import featurizer
from matdata.inmemory import compute
from matdata.tables import wyckoff, wyckoff_terms


def row_of(group: int, letter: str) -> int:
    (row,) = wyckoff.position_rows([group], np.array([letter]))
    return int(row)


def named(group: int, letter: str, prefix: slice) -> dict[str, int]:
    row = wyckoff_terms.terms()[row_of(group, letter)]
    labels = wyckoff_terms.labels()
    return {labels[k].partition(" ")[2]: int(row[k]) for k in range(len(row))[prefix] if row[k]}


ALGEBRAIC = slice(11, 196)
OFFSETS = slice(196, None)


def test_sizes():
    terms, labels = wyckoff_terms.terms(), wyckoff_terms.labels()
    assert terms.shape == (1731, 6 + 5 + 185 + 326) == (1731, len(labels))
    assert len(set(labels)) == len(labels)
    # The thesis counts 248 offsets and 1,038 vectors; see the notes of the module.
    assert len(np.unique(terms, axis=0)) == 1056
    for part in (ALGEBRAIC, OFFSETS):
        np.testing.assert_array_equal(terms[:, part].sum(axis=1), wyckoff.multiplicities())
    assert (terms[:, :6].sum(axis=1) == 1).all()
    assert (terms[:, 6:11].sum(axis=1) == 1).all()
    assert (terms.sum(axis=0) > 0).all()


def test_f_of_202_209_and_225_coincide_with_the_terms_of_the_thesis():
    rows = wyckoff_terms.terms()[[row_of(group, "f") for group in (202, 209, 225)]]
    assert (rows == rows[0]).all()
    assert named(225, "f", ALGEBRAIC) == dict.fromkeys(
        ["x,x,x", "-x,-x,x", "-x,x,-x", "x,-x,-x", "-x,-x,-x", "x,x,-x", "x,-x,x", "-x,x,x"], 4
    )
    assert named(225, "f", OFFSETS) == dict.fromkeys(
        ["0,0,0", "0,1/2,1/2", "1/2,0,1/2", "1/2,1/2,0"], 8
    )


def test_group_148_is_that_of_tables_6_4_and_6_5():
    assert wyckoff.letters(148) == "abcdef"
    part = slice(*wyckoff.starts()[147:149])
    assert wyckoff.multiplicities()[part].tolist() == [3, 3, 6, 9, 9, 18]
    assert wyckoff.site_symmetries()[part].tolist() == ["-3.", "-3.", "3.", "-1", "-1", "1"]
    given = ["0,0,0", "0,0,1/2", "0,0,z", "1/2,0,1/2", "1/2,0,0", "x,y,z"]
    assert wyckoff.coordinates()[part].tolist() == given
    assert sorted(wyckoff.relabellings(148).tolist()) == [[0, 1, 2, 3, 4, 5], [1, 0, 2, 4, 3, 5]]


def test_a_damaged_table_is_refused(monkeypatch):
    monkeypatch.setitem(wyckoff_terms.SHA256, "wyckoff_terms.npy.gz", "0" * 64)
    with pytest.raises(StoreError, match="wyckoff_terms"):
        wyckoff_terms.terms.__wrapped__()


def test_rows_of_known_crystals():
    done = compute("wyckoff", few())
    assert done.offsets.tolist() == [0, 2, 5, 7, 8]
    assert done.values.shape[1] == len(done.labels) == 525
    nacl = done.values[:2]
    np.testing.assert_array_equal(nacl[:, -2], [17, 11])
    np.testing.assert_array_equal(nacl[:, -3], [0.5, 0.5])
    np.testing.assert_array_equal(nacl[0, :-3], wyckoff_terms.terms()[row_of(225, "a")])
    np.testing.assert_allclose(done.values[2:5, -3].sum(), 1, atol=1e-6)


def test_all_labellings_are_distinct_and_closed():
    made = featurizer("wyckoff", {"labellings": "all"})
    block = made.featurize(few())
    dense = made.dense(block.fields)
    assert [len(row) for row in dense] == [4, 6, 4, 2]  # origin on either cation or anion
    for numbers, positions in zip(block.fields["elements"], block.fields["positions"], strict=True):
        table = made.equivalents(numbers, positions)
        np.testing.assert_array_equal(table[0], positions)
        assert len(np.unique(table, axis=0)) == len(table)
        for other in table:
            again = made.equivalents(numbers, other)
            assert _sets(numbers, again) == _sets(numbers, table)


def _sets(numbers: np.ndarray, table: np.ndarray) -> set[tuple[tuple[int, int], ...]]:
    pairs = numbers.tolist()
    return {tuple(sorted(zip(pairs, row, strict=True))) for row in table.tolist()}


def test_148_has_two_labellings_unless_they_swap_equal_elements():
    made = featurizer("wyckoff")
    first = int(wyckoff.starts()[147])
    assert made.equivalents(np.array([8, 26]), np.array([first, first + 2])).tolist() == [
        [first, first + 2],
        [first + 1, first + 2],
    ]
    assert len(made.equivalents(np.array([8, 8]), np.array([first, first + 1]))) == 1


def test_stored_bytes_are_hundreds_of_times_fewer_than_dense():
    made = featurizer("wyckoff")
    block = made.featurize(draw(12))
    stored = sum(column.values.nbytes for column in block.fields.values())
    assert isinstance(block.fields["elements"], Ragged)
    assert made.dense(block.fields).values.nbytes > 100 * stored


def test_a_crystal_without_symmetry_is_a_ledger_row():
    from dataclasses import replace

    crystals = few()
    lattice = crystals.lattice.copy()
    lattice[1] = 0
    done = compute("wyckoff", replace(crystals, lattice=lattice))
    (reject,) = done.rejects
    assert (reject.material_id, reject.stage, reject.reason) == ("sto", "featurize", "no_symmetry")
