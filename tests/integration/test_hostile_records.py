"""One damaged record is one ledger row; a damaged file is one typed error with its place."""

from __future__ import annotations

import bz2
import copy
import gzip
import json
import lzma
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from support.building import build_all
from support.crystals import few
from support.files import mp_document, write_ase_db, write_folder, write_jsonl

import matdata as md
from matdata.cli import main
from matdata.sources import guard

pytestmark = pytest.mark.slow

DOCUMENTS = [mp_document(few(), row) for row in range(4)]


def _check(dataset, kept, lost):
    assert dataset.ids.tolist() == kept
    reading = dataset.funnel()[0]
    assert reading["entered"] == len(kept) + len(lost)
    assert [(row.reason, row.message) for row in dataset.ledger.itertuples()] == [
        (reason, message) for reason, message in lost
    ]


def _spoilt(how):
    document = copy.deepcopy(DOCUMENTS[1])
    how(document)
    return document


def _set(*keys, value):
    def change(document):
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = value

    return change


SPOILT = {
    "text coordinate": (_set("structure", "sites", 0, "abc", 0, value="x"), "coordinates"),
    "number as text": (_set("structure", "sites", 0, "abc", 0, value="0.5"), "coordinates"),
    "ragged lattice": (_set("structure", "lattice", "matrix", 0, value=[1.0]), "lattice vectors"),
    "occupancy": (_set("structure", "sites", 0, "species", 0, "occu", value="1/2"), "occupancy"),
    "digits": (_set("band_gap", value=10**400), "integer of about 40"),
    "surrogate": (_set("note", value="\ud800"), "lone surrogate"),
    "surrogate key": (_set("\ud800", value=1), "lone surrogate"),
    "element": (
        _set("structure", "sites", 0, "species", 0, "element", value=[]),
        "not the symbol of an element",
    ),
    "structure": (_set("structure", value=[1]), "structure"),
    "sites": (_set("structure", "sites", value=["NaCl"]), "not a pymatgen structure"),
    "keys": (lambda d: d.update({f"k{k}": 1 for k in range(10_001)}), "at most 10,000"),
}


@pytest.mark.parametrize("source", ["files", "files list", "mp"])
@pytest.mark.parametrize("name", SPOILT)
def test_a_damaged_record_is_one_row_of_the_ledger(name, source, tmp_path):
    how, words = SPOILT[name]
    documents = [DOCUMENTS[0], _spoilt(how), *DOCUMENTS[2:]]
    if source == "mp" and name in ("surrogate", "surrogate key", "keys"):
        pytest.skip("fields that are not asked of the Materials Project are not read")
    path = tmp_path / ("x.json" if source == "files list" else "x.jsonl")
    lines = [json.dumps(one) for one in documents]
    path.write_text("[" + ",".join(lines) + "]" if path.suffix == ".json" else "\n".join(lines))
    dataset = build_all(path, tmp_path, "mp" if source == "mp" else None)
    good = sorted(str(few().ids[row]) for row in (0, 2, 3))
    assert dataset.ids.tolist() == good
    reason = "unknown_element" if name == "element" else "unreadable"
    assert dataset.ledger.reason.tolist() == [reason]
    if source != "mp" or name != "structure":
        assert words in dataset.ledger.message[0]
    assert dataset.funnel()[0]["entered"] == 4
    assert (
        dataset.table.loc[good[0], "band_gap"]
        == {one["material_id"]: one["band_gap"] for one in DOCUMENTS}[good[0]]
    )


@pytest.mark.parametrize("line", ['{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "[1, 2]", "}{"])
def test_lines_that_are_no_document(line, tmp_path):
    path = write_jsonl(tmp_path / "x.jsonl", few())
    path.write_text(path.read_text() + line + "\n")
    dataset = build_all(path, tmp_path)
    assert (len(dataset), len(dataset.ledger)) == (4, 1)


def test_an_unexpected_exception_is_counted_and_reported(tmp_path, monkeypatch, capsys):
    from matdata.sources import parse

    path = write_jsonl(tmp_path / "x.jsonl", few())

    def failing(payload):
        if len(payload["sites"]) == 5:
            raise ZeroDivisionError("oh no")
        return real(payload)

    real = parse.from_dict
    monkeypatch.setattr(parse, "from_dict", failing)
    arguments = ["build", str(path), "--split", "none", "--dedupe", "none", "--workers", "1"]
    arguments += ["--cache", str(tmp_path / "c")]
    assert main([*arguments, "--json"]) == 0
    out, err = capsys.readouterr()
    assert "1 record failed in a way matdata does not know: please report" in err
    summary = json.loads(out)
    assert (summary["rows"], summary["unexpected_errors"]) == (3, 1)
    assert summary["funnel"][0]["removed"] == {"unexpected_error": 1}
    ledger = md.open("x", tmp_path / "c").ledger
    assert ledger.message.tolist() == ["record 2: ZeroDivisionError: oh no"]
    for cache in ("c", "other"):  # also where the records are kept already
        with pytest.raises(ZeroDivisionError):
            main([*arguments[:-1], str(tmp_path / cache), "--debug"])
    assert guard.DEBUG not in os.environ


def test_lack_of_memory_is_no_fault_of_a_record(tmp_path, monkeypatch):
    from matdata.sources import parse

    def failing(payload):
        raise MemoryError

    monkeypatch.setattr(parse, "from_dict", failing)
    with pytest.raises(md.MatdataError, match="not enough memory"):
        build_all(write_jsonl(tmp_path / "x.jsonl", few()), tmp_path)


def test_the_first_reasons_are_reported_when_nothing_is_left(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("id,formula\na,Xx2\nb,Yy\nc,Zz3\nd,Qq\n")
    with pytest.raises(md.CurationError) as caught:
        build_all(path, tmp_path)
    told = str(caught.value)
    assert "not one of 4 records can be used: 4 bad_formula" in told
    assert [f"  {name}: record" in told for name in "abcd"] == [True, True, True, False]
    empty = tmp_path / "e.csv"
    empty.write_text("id,formula\na,\nb,\n")
    with pytest.raises(md.CurationError, match="a: record 1: no formula"):
        build_all(empty, tmp_path)


def _flipped(path: Path, place: int) -> Path:
    body = bytearray(path.read_bytes())
    body[place] ^= 0x55
    path.write_bytes(body)
    return path


@pytest.mark.parametrize("opener", [gzip.open, bz2.open, lzma.open])
def test_damaged_containers_name_file_and_place(opener, tmp_path):
    suffix = {gzip.open: "gz", bz2.open: "bz2", lzma.open: "xz"}[opener]
    path = tmp_path / f"x.jsonl.{suffix}"
    lines = [json.dumps({"id": f"{k}", "formula": "NaCl", "v": k * 0.37}) for k in range(20_000)]
    with opener(path, "wt") as file:
        file.write("\n".join(lines))
    # A block of bz2 is checked at its end: what is flipped within it comes as other text first.
    place = -6 if suffix == "bz2" else path.stat().st_size // 2
    with pytest.raises(md.SourceError, match=rf"x.jsonl.{suffix}.* after byte [\d,]+"):
        build_all(_flipped(path, place), tmp_path)
    assert not list((tmp_path / "c").glob("datasets/*/*"))


def test_damaged_databases_and_members(tmp_path):
    path = tmp_path / "x.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(md.SourceError, match="file is not a database"):
        build_all(path, tmp_path)
    shutil.make_archive(str(tmp_path / "z"), "zip", write_folder(tmp_path / "z", few(), False))
    with zipfile.ZipFile(tmp_path / "z.zip") as archive:
        member = archive.infolist()[-1]
    _flipped(tmp_path / "z.zip", member.header_offset + 30 + len(member.filename) + 20)
    dataset = build_all(tmp_path / "z.zip", tmp_path)
    assert (len(dataset), len(dataset.ledger)) == (3, 1)


def test_a_row_of_a_database_that_cannot_be_decoded(tmp_path):
    import sqlite3

    path = write_ase_db(tmp_path / "x.db", few())
    with sqlite3.connect(path) as database:
        database.execute("UPDATE systems SET positions = x'00' WHERE id = 2")
    dataset = build_all(path, tmp_path)
    assert (len(dataset), dataset.ledger.reason.tolist()) == (3, ["unreadable"])
    assert dataset.table["gap"].tolist() == [0.5] * 3


@pytest.mark.parametrize("form", ["list", "lines", "split", "mp", "jarvis"])
def test_not_a_number_is_a_missing_value_everywhere(form, tmp_path):
    nan = float("nan")
    path = tmp_path / ("x.jsonl" if form in ("lines", "mp") else "x.json")
    source = form if form == "mp" else "jarvis:dft_3d" if form == "jarvis" else None
    documents = [{**DOCUMENTS[k], "band_gap": nan if k == 1 else 0.5} for k in range(4)]
    if form == "split":
        names = list(documents[0])
        rows = [[one[name] for name in names] for one in documents]
        text = json.dumps({"columns": names, "index": list(range(4)), "data": rows})
    elif form == "jarvis":
        atoms = {"lattice_mat": [[4, 0, 0], [0, 4, 0], [0, 0, 4]], "coords": [[0, 0, 0]]}
        atoms["elements"] = ["Po"]
        entries = [{"jid": f"J{k}", "atoms": atoms, "optb88vdw_bandgap": nan} for k in range(3)]
        text = json.dumps([*entries, {**entries[0], "jid": "J3", "optb88vdw_bandgap": 0.5}])
    elif form == "list":
        text = json.dumps(documents)
    else:
        text = "\n".join(map(json.dumps, documents))
    assert "NaN" in text
    path.write_text(text)
    dataset = build_all(path, tmp_path, source)
    column = "optb88vdw_bandgap" if form == "jarvis" else "band_gap"
    values = dataset.table[column]
    assert len(values) == 4
    assert values.isna().sum() == (3 if form == "jarvis" else 1)
    assert set(values.dropna()) == {0.5}


def test_forms_of_pandas(tmp_path):
    import pandas as pd

    frame = pd.DataFrame({"formula": ["NaCl", "KCl"], "gap": [1.0, 2.5]}, index=[5, 7])
    for orient in ("split", "table", "columns", "index"):
        frame.to_json(tmp_path / f"{orient}.json", orient=orient)
        dataset = build_all(tmp_path / f"{orient}.json", tmp_path)
        assert dataset.ids.tolist() == [f"{orient}-0000005", f"{orient}-0000007"], orient
        assert dataset.table["gap"].tolist() == [1.0, 2.5]
        assert dataset.table["formula"].tolist() == ["NaCl", "KCl"]
    frame.to_json(tmp_path / "records.json", orient="records")
    assert build_all(tmp_path / "records.json", tmp_path).table["gap"].tolist() == [1.0, 2.5]
    frame.to_json(tmp_path / "values.json", orient="values")
    with pytest.raises(md.SourceError, match="expected a JSON object, got list"):
        build_all(tmp_path / "values.json", tmp_path)
    frame.rename(columns={"formula": "what"}).to_json(tmp_path / "odd.json", orient="columns")
    with pytest.raises(md.SourceError, match='looks like orient="columns"'):
        build_all(tmp_path / "odd.json", tmp_path)


def test_rows_and_labels_that_do_not_fit(tmp_path):
    path = tmp_path / "x.json"
    content = {"columns": ["formula", "gap"], "index": [0, 1, 2]}
    path.write_text(json.dumps({**content, "data": [["NaCl", 1.0], ["KCl"], ["KBr", 2.0]]}))
    dataset = build_all(path, tmp_path)
    _check(
        dataset,
        ["x-0000000", "x-0000002"],
        [("unreadable", "record 2: a row with 1 values for 2 columns")],
    )


def test_columns_of_several_kinds_become_text(tmp_path):
    path = tmp_path / "x.jsonl"
    odd = [1, "a", [1, 2], [1.5], True, [0.5, float("inf")]]
    lines = [{"id": f"i{k}", "formula": "NaCl", "v": v} for k, v in enumerate(odd)]
    path.write_text("\n".join(map(json.dumps, lines)))
    values = build_all(path, tmp_path).table["v"].tolist()
    assert values == ["1", "a", "[1.0, 2.0]", "[1.5]", "True", None]
