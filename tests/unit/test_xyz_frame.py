"""Extended XYZ frames that ASE reads as something other than what is written."""

from __future__ import annotations

import pytest
from support.crystals import few
from support.files import write_extxyz

from matdata.adapters.ase import frame_values, parse_frame
from matdata.core.ledger import Unusable
from matdata.sources.files import Files

FRAME = """2
Lattice="4.0 0.0 0.0 0.0 4.0 0.0 0.0 0.0 4.0" Properties=species:S:1:pos:R:3 pbc="T T T" gap=1.5
Cs 0.0 0.0 0.0
Cl 2.0 2.0 2.0
"""


def _changed(old: str, new: str) -> str:
    assert FRAME.count(old) == 1
    return FRAME.replace(old, new)


def test_a_whole_frame_is_read():
    assert parse_frame(FRAME).numbers.tolist() == [55, 17]
    assert parse_frame(FRAME.removesuffix("\n")).numbers.tolist() == [55, 17]
    stated = FRAME.replace("pos:R:3", "Z:I:1:pos:R:3:move_mask:L:1:forces:R:3:label:S:1")
    stated = stated.replace("Cs 0.0 0.0 0.0", "Cs 55 0.0 0.0 0.0 T 1e-3 .5 -2. Cs_1")
    stated = stated.replace("Cl 2.0 2.0 2.0", "Cl 17 2.0 2.0 2.0 F 0 0 0 é")
    assert parse_frame(stated).numbers.tolist() == [55, 17]


def test_a_frame_without_properties_has_symbols_and_positions():
    plain = _changed(" Properties=species:S:1:pos:R:3", "")
    assert parse_frame(plain).numbers.tolist() == [55, 17]
    with pytest.raises(Unusable, match="an atom has 5 words, its Properties state 4"):
        parse_frame(plain.replace("Cl 2.0", "Cl 2. 0"))


@pytest.mark.parametrize(
    ("old", "new", "reason", "message"),
    [
        ("Cl 2.0 2.0 2.0", "Cl 2. 0 2.0 2.0", "unreadable", "an atom has 5 words"),
        ("Cl 2.0 2.0 2.0", "Cl 2.0 2.02.0", "unreadable", "an atom has 3 words"),
        ("Cl 2.0 2.0 2.0", "Cl 2_0 2.0 2.0", "unreadable", "pos holds '2_0', not a number"),
        ("Cl 2.0 2.0 2.0", "Cl ٢ 2.0 2.0", "unreadable", "pos holds '٢', not a number"),
        ("Cl 2.0 2.0 2.0", "Cl 2.0.0 2.0 2.0", "unreadable", "could not convert"),
        ('"4.0 0.0', '"4_0 0.0', "unreadable", "Lattice holds '4_0', not a number"),
        ('"T T T"', '"T T S"', "unreadable", "pbc holds 'S', neither T nor F"),
        ('"T T T"', '"T T F"', "not_periodic", "periodic along"),
        ("Cs 0.0", "s 0.0", "unknown_element", "no element 's'"),
        ("Cs 0.0", "CS 0.0", "unknown_element", "no element 'CS'"),
        (":pos:R:3", ":pos:R:3:mass", "unreadable", "not a list of name:type:columns"),
        (":pos:R:3", ":pos:R:999999999999", "unreadable", "not a list of name:type:columns"),
    ],
)
def test_frames_that_ase_guesses_at_are_refused(old, new, reason, message):
    with pytest.raises(Unusable, match=message) as refused:
        parse_frame(_changed(old, new))
    assert refused.value.reason == reason


def test_symbols_and_atomic_numbers_must_agree():
    stated = FRAME.replace("pos:R:3", "Z:I:1:pos:R:3")
    stated = stated.replace("Cs ", "Cs 55 ").replace("Cl ", "Cl 53 ")
    with pytest.raises(Unusable, match="species and Z name different elements"):
        parse_frame(stated)


def test_what_is_no_decimal_number_stays_text():
    comment = 'gap=1_000 e=٣ v="1_0 2" n=2 f="1 2" name=a_b j="_JSON [3, 4]" c=-0,875 l=[1,2]'
    values = frame_values(_changed("gap=1.5", comment))
    assert {name: values[name] for name in ("gap", "e", "v", "n", "name", "c")} == {
        "gap": "1_000", "c": "-0,875", "e": "٣", "v": "1_0 2", "n": 2, "name": "a_b",
    }  # fmt: skip
    assert values["f"].tolist() == values["l"].tolist() == [1, 2]
    assert values["j"].tolist() == [3, 4]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("gap=1.band=2", "two equals signs in gap=1.band=2"),
        ("gap==2", "two equals signs in gap==2"),
        ("gap=1 gap=2", "gap has two values"),
    ],
)
def test_comment_lines_that_can_be_separated_in_several_ways_are_refused(comment, message):
    with pytest.raises(Unusable, match=message):
        frame_values(_changed("gap=1.5", comment))


def test_equal_values_and_quoted_equals_signs_are_no_doubt():
    values = frame_values(_changed("gap=1.5", 'gap=1 gap=1 note="a=b=c"'))
    assert values == {"gap": 1, "note": "a=b=c"}


def test_a_frame_without_a_blank_leaves_the_columns_of_the_others_alone(tmp_path):
    path = write_extxyz(tmp_path / "a.extxyz", few())
    text = path.read_text()
    path.write_text(text.replace("material_id=po", "material_id=po.gap=2"))
    (chunk,) = Files(path).chunks()
    assert "po" not in chunk.table["material_id"]
    assert [(each.reason, "two equals signs" in each.message) for each in chunk.rejects] == [
        ("unreadable", True)
    ]


def test_symbols_in_capitals_are_refused_with_the_reason():
    frame = '1\nLattice="4 0 0 0 4 0 0 0 4" pbc="T T T"\nFE 0.0 0.0 0.0\n'
    with pytest.raises(Unusable, match="write Fe if that is meant: in capitals, CO could be Co"):
        parse_frame(frame)
