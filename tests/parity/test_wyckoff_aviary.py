"""Wyckoff terms and equivalent labellings, against aviary (dependency group ``bench``).

aviary keeps labellings that differ only in the order of orbits of one element (they are the same
crystal); here both sides are compared as sets of elements on positions.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.crystals import few, many, read, real
from support.reference import AVIARY_EQUIVALENTS, AVIARY_WYCKOFF

from matdata.core import elements
from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.symmetry.protostructure import protostructures
from matdata.symmetry.search import analyse
from matdata.tables import wyckoff, wyckoff_terms

aviary = pytest.importorskip("aviary", reason="aviary-models is not installed (group bench)")


def _shipped() -> np.ndarray:
    """aviary's table, rows in the order of matdata's."""
    path = Path(aviary.PKG_DIR) / "embeddings" / "wyckoff" / "bra-alg-off.json"
    rows = np.zeros((wyckoff.N_POSITIONS, 444), dtype=np.uint8)
    seen = 0
    for group, letters in json.loads(path.read_text()).items():
        if group == "0":  # padding
            continue
        for letter, row in letters.items():
            (place,) = wyckoff.position_rows([int(group)], np.array([letter]))
            assert place >= 0
            rows[place], seen = row, seen + 1
    assert seen == wyckoff.N_POSITIONS
    return rows


def test_the_thesis_table_is_theirs_but_for_the_order_of_columns():
    theirs = sorted(map(bytes, np.ascontiguousarray(_shipped().T)))
    assert theirs == sorted(map(bytes, np.ascontiguousarray(wyckoff_terms.terms("thesis").T)))
    assert hashlib.sha256(b"".join(theirs)).hexdigest() == AVIARY_WYCKOFF


@pytest.mark.slow
def test_the_values_that_the_core_suite_keeps():
    from aviary.wren.data import parse_protostructure_label

    for label, (multiplicities, equivalents) in AVIARY_EQUIVALENTS.items():
        _, sites, _, found = parse_protostructure_label(label)
        assert (sites, {"".join(word) for word in found}) == (multiplicities, equivalents)


@pytest.mark.parametrize("name", ["made", "phonons/matbench_phonons.json.gz"])
@pytest.mark.slow
def test_equivalents_and_shares_of_crystals_are_those_of_wren(name: str):
    from aviary.wren.data import parse_protostructure_label

    made = Crystals.concat([few(), many(30, 4)])
    crystals = made if name == "made" else read(real(name)).take(slice(0, None, 6))
    feature = featurizer("wyckoff", {"convention": "aviary", "labellings": "all"})
    block = feature.featurize(crystals)
    labels = protostructures(crystals, analyse(crystals, "moyopy", 0.1, None), "aviary").labels
    assert len(block.rows) > 0.9 * len(crystals)
    dense = feature.dense(block.fields)
    fields = zip(block.fields["elements"], block.fields["positions"], strict=True)
    for row, (numbers, positions) in enumerate(fields):
        group, sites, names, theirs = parse_protostructure_label(str(labels[block.rows[row]]))
        start, letters = int(wyckoff.starts()[int(group) - 1]), wyckoff.letters(int(group))
        table = feature.equivalents(numbers, positions) - start
        ours = [_set(numbers.tolist(), [letters[k] for k in word]) for word in table]
        z = [elements.atomic_number(name) for name in names]
        assert set(ours) == {_set(z, word) for word in theirs}
        assert len(set(ours)) == len(ours)
        shares = sorted(zip(z, (np.array(sites) / sum(sites)).tolist(), strict=True))
        first = dense[row][dense[row][:, -1] == 0]
        mine = sorted(zip(first[:, -2].astype(int).tolist(), first[:, -3].tolist(), strict=True))
        assert [a for a, _ in mine] == [a for a, _ in shares]
        np.testing.assert_array_equal(
            np.float32([b for _, b in mine]), np.float32([b for _, b in shares])
        )


def _set(numbers: list[int], word: tuple[str, ...] | list[str]) -> frozenset:
    return frozenset(Counter(zip(numbers, word, strict=True)).items())
