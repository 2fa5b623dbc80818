"""Ids: distinct for distinct files, as written, and refused where they cannot be kept apart."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.crystals import few
from support.files import cif, poscar, write_extxyz

import matdata as md
from matdata.adapters.xyz_comment import comment_texts
from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals, as_ids
from matdata.core.errors import SourceError, StructureError
from matdata.sources.files import Files
from matdata.sources.identity import ids_of_files, problem_of


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["a.cif", "b.CIF.gz"], ["a", "b"]),
        (["POSCAR.mp-11", "POSCAR.mp-12"], ["POSCAR.mp-11", "POSCAR.mp-12"]),
        (["m1/POSCAR", "m2/CONTCAR.gz", "POSCAR"], ["m1", "m2", "POSCAR"]),
        (["CsCl.cif", "CsCl.vasp"], ["CsCl.cif", "CsCl.vasp"]),
        (["d1/x.cif", "d2/x.cif", "y.cif"], ["d1/x", "d2/x", "y"]),
        (["x.cif", "x.cif.gz"], ["x.cif", "x.cif.gz"]),
        (["m/POSCAR", "m.cif"], ["m/POSCAR", "m"]),
        (["a.cif", "a.cif", "b.cif"], ["a.cif#1", "a.cif#2", "b"]),
        (["v1.2.cif"], ["v1.2"]),
    ],
)
def test_ids_of_files(names, ids):
    assert ids_of_files(names) == ids


parts = st.sampled_from(["a", "b", "POSCAR", "a.b"])
suffixes = st.sampled_from(["", ".cif", ".vasp", ".cif.gz", ".mp-1"])
paths = st.builds(
    lambda d, n, s: "/".join([*d, n + s]), st.lists(parts, max_size=2), parts, suffixes
)


@given(st.lists(paths, max_size=8))
def test_ids_of_files_are_all_different(names):
    assert len(set(ids_of_files(names))) == len(names)


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a\0", "control"),
        ("a\nb", "control"),
        ("a\x1b[2J", "control"),
        ("a\ud800", "surrogate"),
        ("a\ufffd", "no text"),
        ("a\u2028b", "line separator"),
        ("x" * 501, "501 characters"),
    ],
)
def test_unusable_ids_are_ledger_rows(identity, words, tmp_path):
    assert words in str(problem_of(identity))
    rows = [{"material_id": name, "formula": "NaCl"} for name in (identity, "fine")]
    path = tmp_path / "i.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    dataset = md.build(path, cache=tmp_path / "c", split=None, workers=1)
    assert dataset.ids.tolist() == ["fine"]
    (reject,) = dataset.ledger.itertuples()
    assert (reject.reason, reject.material_id.isprintable()) == ("bad_id", True)
    assert words in reject.message


@pytest.mark.parametrize(
    "identity", ["mp-1", "α β", "a b", "1e3", "NaCl·2H2O", "x" * 500, "a\xa0b"]
)
def test_usable_ids(identity):
    assert problem_of(identity) is None


def test_two_structures_of_ids_that_differ_by_a_nul_stay_apart(tmp_path):
    path = write_extxyz(tmp_path / "n.extxyz", few().take([0, 1]))
    text = path.read_text().replace("material_id=nacl", "material_id=po\0")
    path.write_text(text.replace("material_id=sto", "material_id=po"))
    dataset = md.build(path, cache=tmp_path / "c", split=None, workers=1, dedupe="none")
    assert dataset.ids.tolist() == ["po"]
    assert dataset.table.formula.tolist() == ["SrTiO3"]
    assert dataset.ledger.reason.tolist() == ["bad_id"]


def test_arrays_of_ids_lose_no_nul_silently():
    crystals = few()
    for make in (
        lambda: as_ids(["a", "a\0"]),
        lambda: Crystals(["a", "b", "c", "d\0"], **crystals.columns()),
        lambda: Compositions.from_amounts(["a\0"], [{1: 1.0}]),
    ):
        with pytest.raises(StructureError, match="end in NUL"):
            make()
    assert as_ids(np.array([1, 2])).tolist() == ["1", "2"]


def test_ids_of_frames_stay_as_they_are_written(tmp_path):
    ids = ["007", "7", "1e3", "1000.0", "5e998877", "T", "True", "nan", "mp-1", "1_000"]
    frame = write_extxyz(tmp_path / "f.extxyz", few().take([3])).read_text()
    text = "".join(frame.replace("material_id=po", f"material_id={name}") for name in ids)
    text += frame.replace("material_id=po", 'material_id="0 1 2"')
    (tmp_path / "f.extxyz").write_text(text)
    (chunk,) = Files(tmp_path / "f.extxyz").chunks()
    assert chunk.table["material_id"] == [*ids, "0 1 2"]
    assert chunk.rejects == []


@given(st.text(alphabet="ab= \"'{}[]\\\t", max_size=20))
def test_comment_lines_are_parted_as_ase_does(text):
    from ase.io.extxyz import key_val_str_to_dict

    text = f"k=1 {text}"  # ASE cannot read a line that begins with an equals sign
    theirs = {key: value for key, value in key_val_str_to_dict(text).items() if key}
    ours = {key: value for key, value in comment_texts(text).items() if key}
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        if isinstance(value, str):
            assert ours[key] == value


def test_frames_whose_quotes_stand_within_words_are_refused(tmp_path):
    frame = write_extxyz(tmp_path / "f.extxyz", few().take([3])).read_text()
    held = frame.replace("material_id=po", 'material_id=po note="a {b} = \\" c" u={"x" "y"}')
    stray = frame.replace('Lattice="', 'Lattice="0 "0.5" ').replace("=po", "=stray")
    (tmp_path / "f.extxyz").write_text(held + stray)
    (chunk,) = Files(tmp_path / "f.extxyz").chunks()
    assert chunk.table["material_id"] == ["po"]
    assert ["a quote is within a word" in one.message for one in chunk.rejects] == [True]


@pytest.mark.parametrize("torn", [' T T"', ' note="a', " u={1 2", " it's"])
def test_frames_whose_quotes_are_not_closed_are_refused(tmp_path, torn):
    frame = write_extxyz(tmp_path / "f.extxyz", few().take([3])).read_text()
    (tmp_path / "f.extxyz").write_text(frame + frame.replace("=po", f"=other{torn}"))
    (chunk,) = Files(tmp_path / "f.extxyz").chunks()
    assert chunk.table["material_id"] == ["po"]
    assert [one.reason for one in chunk.rejects] == ["unreadable"]


def test_a_comment_line_that_is_cut_within_a_quote_names_the_quote(tmp_path):
    frame = write_extxyz(tmp_path / "f.extxyz", few().take([3])).read_text()
    lines = frame.splitlines()
    (tmp_path / "f.extxyz").write_text("\n".join([*lines, lines[0], f'{lines[1]} T"', *lines[2:]]))
    (chunk,) = Files(tmp_path / "f.extxyz").chunks()
    assert len(chunk.rejects) == 1
    assert "is not closed" in chunk.rejects[0].message


def test_members_of_one_name_are_materials_each(tmp_path):
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.cif", cif(few(), 0))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.cif", cif(few(), 2))
        archive.writestr("b/CsCl.cif", cif(few(), 2))
        archive.writestr("b/CsCl.vasp", poscar(few(), 2))
    (chunk,) = Files(path).chunks()
    names = dict(zip(chunk.crystals.ids.tolist(), chunk.crystals.n_sites.tolist(), strict=True))
    assert names == {"a.cif#1": 8, "a.cif#2": 2, "b/CsCl.cif": 2, "b/CsCl.vasp": 2}


def _folder(tmp_path, properties):
    for row, name in enumerate(("s1", "s2", "s3")):
        (tmp_path / f"{name}.cif").write_text(cif(few(), row))
    (tmp_path / "s3.vasp").write_text(poscar(few(), 3))
    (tmp_path / "id_prop.csv").write_text(properties)
    (chunk,) = Files(tmp_path).chunks()
    values = dict(zip(chunk.table["material_id"], zip(*_values(chunk), strict=True), strict=True))
    return values, {reject.material_id: reject.message for reject in chunk.rejects}


def _values(chunk):
    return [column for name, column in chunk.table.items() if name != "material_id"]


def test_a_first_label_of_text_is_no_header(tmp_path):
    values, rejects = _folder(tmp_path, "s1,metal\ns2,insulator\ns3.cif,metal\n")
    assert values == {
        "s1": ("metal",),
        "s2": ("insulator",),
        "s3.cif": ("metal",),
        "s3.vasp": (None,),
    }
    assert rejects == {}


def test_lines_that_match_nothing_several_or_contradict_are_reported(tmp_path):
    text = "id,gap\ns1,1\ns1,2\ns2,3\ns2,3\ns3,4\nghost,5\n"
    values, rejects = _folder(tmp_path, text)
    assert values == {"s2": (3,), "s3.cif": (None,), "s3.vasp": (None,)}
    assert "different values for it in several lines" in rejects["s1"]
    assert "several files (s3.cif, s3.vasp)" in rejects["s3"]
    assert "no structure file for 'ghost'" in rejects["ghost"]


def test_a_line_of_another_width_refuses_its_material(tmp_path):
    values, rejects = _folder(tmp_path, "id,gap\ns1,5,1\ns2,3\n")
    assert sorted(values) == ["s2", "s3.cif", "s3.vasp"]
    assert "3 cells for 2 columns" in rejects["s1"]


def test_several_files_of_properties_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.cif").write_text(cif(few(), 0))
        (tmp_path / name / "id_prop.csv").write_text("x,1\n")
    with pytest.raises(SourceError, match="several files are named id_prop"):
        list(Files(tmp_path).chunks())
