"""The Wyckoff terms and representation, against what Goodall's thesis says of them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from support.crystals import few
from support.crystals import many as draw
from support.reference import AVIARY_EQUIVALENTS, AVIARY_WYCKOFF

from matdata.core.crystals import Ragged
from matdata.core.errors import StoreError
from matdata.features import featurizer
from matdata.materials.compute import compute
from matdata.tables import wyckoff, wyckoff_terms


def row_of(group: int, letter: str) -> int:
    (row,) = wyckoff.position_rows([group], np.array([letter]))
    return int(row)


def named(group: int, letter: str, prefix: slice, count: str = "sites") -> dict[str, int]:
    row = wyckoff_terms.terms(count)[row_of(group, letter)]
    labels = wyckoff_terms.labels(count)
    return {labels[k].partition(" ")[2]: int(row[k]) for k in range(len(row))[prefix] if row[k]}


ALGEBRAIC = slice(11, 196)
OFFSETS = slice(196, None)


@pytest.mark.parametrize(
    ("count", "offsets", "vectors"), [("thesis", 248, 1038), ("sites", 326, 1056)]
)
def test_sizes(count: str, offsets: int, vectors: int):
    terms, labels = wyckoff_terms.terms(count), wyckoff_terms.labels(count)
    assert terms.shape == (1731, 6 + 5 + 185 + offsets) == (1731, len(labels))
    assert len(set(labels)) == len(labels)
    assert len(np.unique(terms, axis=0)) == vectors
    for part in (ALGEBRAIC, OFFSETS):
        np.testing.assert_array_equal(terms[:, part].sum(axis=1), wyckoff.multiplicities())
    assert (terms[:, :6].sum(axis=1) == 1).all()
    assert (terms[:, 6:11].sum(axis=1) == 1).all()
    assert (terms.sum(axis=0) > 0).all()


def test_the_default_has_the_numbers_of_the_thesis():
    made = featurizer("wyckoff")
    assert len(made.labels()) == 6 + 5 + 185 + 248 + 3
    assert made.labels()[:-3] == list(wyckoff_terms.labels("thesis"))
    assert len(featurizer("wyckoff", {"terms": "sites"}).labels()) == 6 + 5 + 185 + 326 + 3
    # Both counts have the same families, centrings and algebraic terms.
    both = [wyckoff_terms.terms(count)[:, :196] for count in ("thesis", "sites")]
    columns = [sorted(map(bytes, np.ascontiguousarray(part.T))) for part in both]
    assert columns[0] == columns[1]


def test_the_thesis_table_is_the_one_that_aviary_ships():
    # Digest of the columns of aviary-models 1.2.1's bra-alg-off.json, rows in the order of
    # matdata.tables.wyckoff, columns sorted; tests/parity/test_wyckoff_aviary.py makes it again.
    columns = sorted(map(bytes, np.ascontiguousarray(wyckoff_terms.terms("thesis").T)))
    assert hashlib.sha256(b"".join(columns)).hexdigest() == AVIARY_WYCKOFF


def test_what_the_thesis_counts():
    # One site stands for those that centring relates; the last third offset is added to all.
    assert named(225, "f", OFFSETS, "thesis") == {"0,0,0": 32}
    assert named(43, "a", OFFSETS, "thesis") == {"1/4,1/4,1/4": 4, "1/2,1/2,1/2": 4}
    assert named(7, "a", OFFSETS, "thesis") == {"1/2,1/2,0": 1, "1/2,1/2,1/2": 1}
    table = wyckoff_terms.terms("thesis")
    np.testing.assert_array_equal(table[row_of(2, "a")], table[row_of(2, "h")])
    assert named(180, "a", OFFSETS, "thesis") == {
        "1/3,1/3,0": 1, "1/3,1/3,1/3": 1, "1/3,1/3,2/3": 1
    }  # fmt: skip


def test_f_of_202_209_and_225_coincide_with_the_terms_of_the_thesis():
    for count in ("thesis", "sites"):
        rows = wyckoff_terms.terms(count)[[row_of(group, "f") for group in (202, 209, 225)]]
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
    monkeypatch.setitem(wyckoff_terms.SHA256, "wyckoff_thesis.npy.gz", "0" * 64)
    with pytest.raises(StoreError, match="wyckoff_thesis"):
        wyckoff_terms.terms.__wrapped__()


def test_rows_of_known_crystals():
    done = compute("wyckoff", few())
    assert done.offsets.tolist() == [0, 2, 5, 7, 8]
    assert done.values.shape[1] == len(done.labels) == 447
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


def test_equivalents_are_those_that_wren_reads():
    made = featurizer("wyckoff", {"convention": "aviary"})
    fields = made.featurize(few()).fields
    pairs = zip(fields["elements"], fields["positions"], AVIARY_EQUIVALENTS.items(), strict=True)
    for numbers, positions, (label, (multiplicities, expected)) in pairs:
        group = int(label.split("_")[2])
        first = int(wyckoff.starts()[group - 1])
        letters = np.array(list(wyckoff.letters(group)))
        table = made.equivalents(numbers, positions)
        assert {"".join(word) for word in letters[table - first]} == expected, label
        assert wyckoff.multiplicities()[positions].tolist() == multiplicities


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
