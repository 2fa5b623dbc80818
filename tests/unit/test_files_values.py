"""The files source: values and files that are easily taken for something else."""

from __future__ import annotations

import gzip
import json

import pytest
from support import files
from support.crystals import few

from matdata.adapters.pymatgen import to_structure
from matdata.core.console import SILENT
from matdata.core.crystals import Crystals
from matdata.core.errors import SourceError
from matdata.core.executors import Workers
from matdata.sources import files as files_module
from matdata.sources import taking
from matdata.sources.base import Chunk
from matdata.sources.files import Files
from matdata.sources.readers.folder import form_of
from matdata.sources.taking import take_snapshot


def _read(path):
    chunks = list(Files(path).chunks())
    crystals = [chunk.crystals for chunk in chunks if chunk.crystals is not None]
    rejects = [reject for chunk in chunks for reject in chunk.rejects]
    return Crystals.concat(crystals) if crystals else None, rejects


def test_sodium_and_its_nitride_are_no_missing_values(tmp_path):
    path = tmp_path / "metals.csv"
    path.write_text("formula,gap,note\nNa,0,Na\nNaN,nan,NaN\nNaCl,1,x\n,2,y\n")
    (chunk,) = Files(path).chunks()
    assert chunk.table["formula"] == ["Na", "NaN", "NaCl"]
    assert chunk.table["gap"] == [0, None, 1]
    assert chunk.table["note"] == ["Na", None, "x"]
    assert len(chunk.rejects) == 1


@pytest.mark.parametrize("form", ["list", "split"])
def test_integers_of_more_than_64_bits_are_numbers(form, tmp_path):
    rows = [{"formula": "NaCl", "y": 1.5}, {"formula": "KCl", "y": 10**30}, {"formula": "LiF"}]
    path = tmp_path / "a.json"
    if form == "list":
        path.write_text(json.dumps(rows))
    else:
        data = [[row["formula"], row.get("y")] for row in rows]
        path.write_text(json.dumps({"index": [0, 1, 2], "columns": ["formula", "y"], "data": data}))
    (chunk,) = Files(path).chunks()
    assert chunk.table["formula"] == ["NaCl", "KCl", "LiF"]
    assert chunk.table["y"] == [1.5, 10**30, None]


def test_snapshots_of_an_older_reading_are_not_found_again(tmp_path, monkeypatch):
    path = tmp_path / "one.cif"
    path.write_text(files.cif(few(), 1))
    wrong = Chunk(few().take([0]), {"material_id": ["one"]}, [])
    monkeypatch.setattr(taking, "READING", 1)
    monkeypatch.setattr(files_module, "parse_structures", lambda records: wrong)
    before = take_snapshot(Files(path), tmp_path / "cache", SILENT, Workers(1))
    monkeypatch.undo()
    after = take_snapshot(Files(path), tmp_path / "cache", SILENT, Workers(1))
    sizes = [[chunk.crystals.n_sites.tolist() for chunk in s.chunks()] for s in (before, after)]
    assert sizes == [[[8]], [[5]]]


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_text_in_utf_16_is_named(tmp_path, order):
    data = "\ufeffformula,gap\nNaCl,5\n".encode(order)
    for name, packed in (("a.csv", data), ("a.json", data), ("a.csv.gz", gzip.compress(data))):
        (tmp_path / name).write_bytes(packed)
        with pytest.raises(SourceError, match="is text in UTF-16, not in UTF-8"):
            Files(tmp_path / name).origin()
    (tmp_path / "a.cif").write_bytes(data)
    (chunk,) = Files(tmp_path / "a.cif").chunks()
    assert "UTF-16" in chunk.rejects[0].message


def test_a_table_named_after_poscar_is_a_table(tmp_path):
    path = tmp_path / "poscars.csv"
    path.write_text("formula,gap\nNaCl,5\n")
    (chunk,) = Files(path).chunks()
    assert chunk.table["formula"] == ["NaCl"]
    assert form_of("POSCAR.mp-11") == form_of("POSCAR_relaxed.gz") == "poscar"
    assert form_of("POSCARS.json") is None


def test_a_list_of_structures_is_read(tmp_path):
    dicts = [to_structure(few(), row).as_dict() for row in (0, 1)]
    (tmp_path / "a.json").write_text(json.dumps(dicts))
    (chunk,) = Files(tmp_path / "a.json").chunks()
    assert not chunk.rejects
    assert len(chunk.crystals) == 2


@pytest.mark.parametrize("odd", ["structure ", "Structure", "STRUCTURE"])
def test_of_two_spellings_of_a_name_the_fuller_column_has_its_role(tmp_path, odd):
    path = files.write_jsonl(tmp_path / "a.jsonl", few())
    first, rest = path.read_text().split("\n", 1)
    path.write_text(first.replace('"structure"', f'"{odd}"') + "\n" + rest)
    crystals, rejects = _read(path)
    assert crystals.ids.tolist() == few().ids.tolist()[1:]
    assert [(each.material_id, each.message) for each in rejects] == [
        (few().ids[0], f"record 1: no structure in 'structure', but one in {odd!r}")
    ]


def test_of_two_spellings_that_are_as_full_the_plain_one_has_the_role(tmp_path):
    path = files.write_jsonl(tmp_path / "a.jsonl", few().take([0, 1]))
    first, rest = path.read_text().split("\n", 1)
    path.write_text(first.replace('"structure"', '"structure "') + "\n" + rest)
    crystals, rejects = _read(path)
    assert crystals.ids.tolist() == few().ids.tolist()[1:2]
    assert [each.material_id for each in rejects] == few().ids.tolist()[:1]


def test_blocks_in_a_text_field_that_is_never_closed_are_counted(tmp_path):
    texts = [files.cif(few(), row) for row in range(3)]
    (tmp_path / "a.cif").write_text(f"{texts[0]};{texts[1]}_note data_1\n{texts[2]}")
    crystals, rejects = _read(tmp_path / "a.cif")
    assert crystals is None or not len(crystals)
    assert [each.material_id for each in rejects] == ["a-1", "a-2", "a-3"]
    assert ["never closed" in each.message for each in rejects] == [False, True, True]


def test_blocks_in_a_text_field_that_is_closed_are_text(tmp_path):
    texts = [files.cif(few(), row) for row in range(3)]
    (tmp_path / "a.cif").write_text(f"{texts[0]}_note\n;\n{texts[1]};\n{texts[2]}")
    crystals, rejects = _read(tmp_path / "a.cif")
    assert len(crystals) == 2
    assert rejects == []
