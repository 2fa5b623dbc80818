"""Orbits read from protostructure labels are those that the labels were written from."""

import numpy as np
import pytest
from support.crystals import few, many

from matdata.core import elements
from matdata.core.crystals import Crystals
from matdata.core.errors import StructureError
from matdata.symmetry.canonical import canonical_words
from matdata.symmetry.labels import orbits_of_labels, parse_label
from matdata.symmetry.protostructure import protostructures
from matdata.symmetry.search import analyse
from matdata.tables import wyckoff


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["moyopy", "spglib"])
def test_labels_of_crystals(engine):
    crystals = Crystals.concat([few(), many(60)])
    labelled = protostructures(crystals, analyse(crystals, engine))
    assert (labelled.labels != "").all()
    orbits = orbits_of_labels(labelled.labels.tolist())
    assert orbits.numbers.dtype == labelled.numbers.dtype
    assert orbits.position_rows.dtype == labelled.position_rows.dtype
    for name in ("numbers", "position_rows", "offsets"):
        assert (getattr(orbits, name) == getattr(labelled, name)).all(), name


def test_labels_of_all_groups():
    """Up to 40 orbits a word, so that counts have two digits, and the letter A of group 47."""
    rng = np.random.default_rng(0)
    symbols = elements.symbols()
    for group in range(1, 231):
        letters = list(wyckoff.letters(group))
        count = int(rng.integers(1, 4))
        words = tuple("".join(rng.choice(letters, rng.integers(1, 41))) for _ in range(count))
        text, canonical = canonical_words(group, words)
        species = sorted((int(z) for z in rng.choice(range(1, 100), count, replace=False)),
                         key=symbols.__getitem__)  # fmt: skip
        system = "-".join(symbols[z] for z in species)
        orbits = orbits_of_labels([f"AB_xx9_{group}_{text}:{system}"])
        assert orbits.numbers.tolist() == [
            z for z, word in zip(species, canonical, strict=True) for _ in word
        ]
        joined = np.array(list("".join(canonical)))
        expected = wyckoff.position_rows(np.full(len(joined), group), joined)
        assert (orbits.position_rows == expected).all()
    assert "A" in wyckoff.letters(47)


def test_no_label():
    orbits = orbits_of_labels([])
    assert [len(one) for one in orbits] == [0, 0, 1]


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("", "no protostructure"),
        ("NaCl", "no protostructure"),
        ("AB_cF8_225_a_b", "no element"),
        ("AB_cF8_225_a_b:Cl", "2 lists of Wyckoff letters for 1 elements"),
        ("AB_cF8_225_a_b:Cl-Cl", "for 2 elements"),
        ("AB_cF8_225_a_b:Cl-Xy", "no element 'Xy'"),
        ("AB_cF8_225_a_z:Cl-Na", "space group 225 has no Wyckoff position 'z'"),
        ("AB_cF8_231_a_b:Cl-Na", "no space group 231"),
        ("AB_cF8_225_9999a9999a9999a_b:Cl-Na", "more than 20,000 orbits"),
        ("AB_cF8_225_99999a_b:Cl-Na", "no protostructure"),
        ("AB_cF8_225_" + "a" * 5000 + "_b:Cl-Na", "no protostructure"),
    ],
)
def test_what_is_no_label(label, message):
    with pytest.raises(StructureError, match=message):
        parse_label(label)


def test_parts_of_a_label():
    label = parse_label("A2B_tP6_136_f_a:O-Ti")
    assert label == (136, "tP6", (8, 22), ("f", "a"))
    assert label.sites == {8: 4, 22: 2}
