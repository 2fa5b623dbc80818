"""The files source: every format, every well-known name, every kind of damage."""

from __future__ import annotations

import gzip
import json
import shutil
import zipfile

import numpy as np
import pytest
from support import files
from support.crystals import few

from matdata.core.crystals import Crystals
from matdata.core.errors import SourceError
from matdata.sources import chunks
from matdata.sources.files import Files
from matdata.sources.read_options import ReadOptions


def _read(path, **options):
    source = Files(path, ReadOptions(**options))
    chunks = list(source.chunks())
    crystals = [chunk.crystals for chunk in chunks if chunk.crystals is not None]
    table = {n: [v for c in chunks for v in c.table[n]] for n in chunks[0].table}
    rejects = [reject for chunk in chunks for reject in chunk.rejects]
    return source.origin(), Crystals.concat(crystals) if crystals else None, table, rejects


def _same(found: Crystals, crystals: Crystals) -> None:
    order = [found.ids.tolist().index(name) for name in crystals.ids]
    found = found.take(order)
    np.testing.assert_array_equal(found.n_sites, crystals.n_sites)
    np.testing.assert_allclose(found.volume, crystals.volume, rtol=1e-6)
    for row in range(len(crystals)):
        ours, theirs = found.take([row]), crystals.take([row])
        assert sorted(ours.numbers.tolist()) == sorted(theirs.numbers.tolist())
        delta = ours.frac_coords[:, None] - theirs.frac_coords[None]
        near = np.abs(delta - np.round(delta)).max(-1) < 1e-5
        assert np.all((near & (ours.numbers[:, None] == theirs.numbers)).any(1))


def _zipped(path, crystals):
    folder = files.write_folder(path.with_suffix(""), crystals)
    shutil.make_archive(str(path.with_suffix("")), "zip", folder)
    return path


WRITERS = {
    "a.csv": files.write_csv,
    "a.csv.gz": files.write_csv,
    "a.jsonl": files.write_jsonl,
    "a.extxyz": files.write_extxyz,
    "folder": files.write_folder,
    "a.zip": _zipped,
}


@pytest.mark.parametrize("name", WRITERS)
def test_formats_give_the_same_crystals(name, tmp_path):
    crystals = few()
    path = WRITERS[name](tmp_path / name, crystals)
    origin, found, table, rejects = _read(path)
    assert rejects == []
    assert found is not None
    _same(found, crystals)
    energy = "target" if name in ("folder", "a.zip") else "energy_per_atom"
    by_id = dict(zip(table["material_id"], table[energy], strict=True))
    expected = dict(zip(crystals.ids.tolist(), files.energies(crystals), strict=True))
    assert by_id == pytest.approx(expected)
    assert energy in origin.targets
    assert origin.kind == "structure"


def test_split_json_as_matminer_writes_it(tmp_path):
    path = files.write_split_json(tmp_path / "x.json.gz", few())
    origin, found, table, _ = _read(path)
    assert table["material_id"] == [f"x-{k:07d}" for k in range(4)]
    assert table["band gap"] == [0.0, 0.5, 1.0, 1.5]
    np.testing.assert_array_equal(found.frac_coords, few().frac_coords)
    assert origin.name == "x"


def test_ase_database(tmp_path):
    origin, found, table, _ = _read(files.write_ase_db(tmp_path / "a.db", few()))
    assert found.n_sites.tolist() == [8, 5, 2, 1]
    assert table["gap"] == [0.5] * 4
    assert origin.energy_column == "energy_per_atom"


def test_one_cif_and_one_poscar(tmp_path):
    (tmp_path / "one.cif").write_text(files.cif(few(), 1))
    (tmp_path / "POSCAR").write_text(files.poscar(few(), 0))
    assert _read(tmp_path / "one.cif")[1].ids.tolist() == ["one"]
    assert _read(tmp_path / "POSCAR")[1].n_sites.tolist() == [8]


def test_jarvis_documents_and_cartesian_coordinates(tmp_path):
    atoms = {
        "lattice_mat": [[4, 0, 0], [0, 4, 0], [0, 0, 4]],
        "coords": [[0, 0, 0], [2, 2, 2]],
        "elements": ["Cs", "Cl"],
        "cartesian": True,
    }
    path = tmp_path / "j.json"
    path.write_text(json.dumps([{"jid": "JVASP-1", "atoms": atoms, "ehull": 0.1}]))
    origin, found, table, _ = _read(path)
    np.testing.assert_allclose(found.frac_coords[1], [0.5, 0.5, 0.5])
    assert table["material_id"] == ["JVASP-1"]
    assert origin.energy_column == "ehull"


def test_compositions_without_structures(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,composition,Eg\n1,Hg0.7Cd0.3Te,0.35\n2,nonsense!,1\n3,,2\n4,ZnO,\n")
    origin, found, table, rejects = _read(path)
    assert origin.kind == "composition"
    assert found is None
    assert table == {
        "material_id": ["1", "4"],
        "formula": ["Hg0.7Cd0.3Te", "ZnO"],
        "Eg": [0.35, None],
    }
    assert [(r.material_id, r.reason) for r in rejects] == [
        ("2", "bad_formula"),
        ("3", "unreadable"),
    ]


def test_columns_can_be_named(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("key,what,gap,heat\nx,NaCl,1.0,-3\n")
    with pytest.raises(SourceError, match="available columns: key, what, gap, heat"):
        Files(path).origin()
    options = {"formula_col": "what", "id_col": "key", "targets": ("gap",), "energy": "heat/cell"}
    origin, _, table, _ = _read(path, **options)
    assert table["material_id"] == ["x"]
    assert origin.targets == {"gap": ""}
    assert (origin.energy_column, origin.energy_per) == ("heat", "cell")
    with pytest.raises(SourceError, match=r"no column 'gape'.*did you mean 'gap'"):
        Files(path, ReadOptions(formula_col="what", targets=("gape",))).origin()


def test_unusable_records_become_ledger_rows(tmp_path):
    folder = files.write_folder(tmp_path / "f", few(), properties=False)
    (folder / "bad.cif").write_text("data_x\n_cell_length_a nonsense\n")
    (folder / "cut.cif.gz").write_bytes(gzip.compress(b"data_x" * 1000)[:-9])
    half = files.cif(few(), 0).replace("  1.0\n", "  0.5\n").replace("  1\n", "  0.5\n")
    (folder / "half.cif").write_text(half)
    (folder / "id_prop.csv").write_text("id,gap\nnacl.cif,5.0\nghost.cif,1.0\n")
    _, found, table, rejects = _read(folder)
    assert sorted(found.ids.tolist()) == ["cscl", "nacl", "po", "sto"]
    gaps = dict(zip(table["material_id"], table["gap"], strict=True))
    assert gaps == {"nacl": 5.0, "sto": None, "cscl": None, "po": None}
    reasons = {reject.material_id: reject.reason for reject in rejects}
    assert reasons == {
        "bad": "unreadable",
        "cut": "unreadable",
        "half": "disordered",
        "ghost.cif": "unreadable",
    }


def test_damaged_lines_and_shared_sites_of_documents(tmp_path):
    documents = [files.mp_document(few(), row) for row in range(3)]
    documents[1]["structure"]["sites"][0]["species"] = [{"element": "Sr", "occu": 0.7}]
    del documents[2]["structure"], documents[2]["formula_pretty"]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join([*map(json.dumps, documents), '{"material_id": "cut']))
    _, found, _, rejects = _read(path)
    assert found.ids.tolist() == ["nacl"]
    assert [r.reason for r in rejects] == ["disordered", "unreadable", "unreadable"]


@pytest.mark.parametrize("name", ["a.csv.gz", "x.json.gz"])
def test_truncated_files_are_one_clear_error(name, tmp_path):
    write = files.write_csv if name.startswith("a") else files.write_split_json
    path = write(tmp_path / name, few())
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SourceError, match=r"truncated|within its compressed data"):
        _read(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.zip", b"<html>not found</html>", "not a zip file"),
        ("x.json", b'{"a": 1}', "it is an object with the keys a"),
        ("x.json", b'[{"a": ', "not complete JSON"),
        ("x.csv", b"", "no readable record"),
        ("x.extxyz", b"hello\n", "expected a number of atoms"),
        ("x.extxyz", b"5\nLattice=\n", "ends within a frame"),
        ("x.docx", b"", "no reader"),
        ("x.csv.gz", b"not gzip", "of another kind after byte 0"),
    ],
)
def test_files_of_another_kind(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=words):
        _read(tmp_path / name)


def test_an_archive_of_a_later_version_is_an_error(tmp_path):
    path = _zipped(tmp_path / "a.zip", few())
    data = path.read_bytes()
    entry = data.index(b"PK\x01\x02")  # its bytes 6 and 7: the version needed to unpack it
    path.write_bytes(data[: entry + 6] + b"\xbc\x00" + data[entry + 8 :])
    with pytest.raises(SourceError, match=r"cannot be read: zip file version 18\.8"):
        _read(path)


def test_a_database_whose_own_text_is_damaged_is_an_error(tmp_path):
    path = files.write_ase_db(tmp_path / "a.db", few())
    data = path.read_bytes()
    assert data.count(b"CREATE TABLE systems") == 1
    path.write_bytes(data.replace(b"CREATE TABLE systems", b"CREATE \xa3ABLE systems"))
    with pytest.raises(SourceError, match="is damaged or of another kind"):
        _read(path)


def test_missing_paths_and_empty_folders(tmp_path):
    (tmp_path / "crystals.csv").write_text("id\n")
    with pytest.raises(SourceError, match=r"did you mean 'crystals.csv'"):
        Files(tmp_path / "crystal.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no structure file"):
        _read(tmp_path / "empty")


def test_zip_members_are_never_unpacked_to_the_disk(tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../escape.cif", files.cif(few(), 0))
    assert len(_read(path)[1]) == 1
    assert not (tmp_path.parent.parent / "escape.cif").exists()


def test_reading_goes_on_from_any_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 3)
    source = Files(files.write_csv(tmp_path / "a.csv", few()))
    whole = [chunk.table["material_id"] for chunk in source.chunks()]
    assert [len(ids) for ids in whole] == [3, 1]
    assert [chunk.table["material_id"] for chunk in source.chunks(start=1)] == whole[1:]


@pytest.mark.slow
def test_memory_is_bounded_by_the_chunk(tmp_path):
    """A long file is read without holding more than a few chunks."""
    import tracemalloc

    path = tmp_path / "long.csv"
    with open(path, "w") as file:
        file.write("id,formula,gap\n")
        file.writelines(f"{k},Na{k % 9 + 1}Cl,{k}\n" for k in range(60_000))
    source = Files(path)
    source.origin()
    tracemalloc.start()
    seen = sum(len(chunk) for chunk in source.chunks())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == 60_000
    assert peak < 4_000_000


def test_a_damaged_frame_among_others_is_a_ledger_row(tmp_path):
    path = files.write_extxyz(tmp_path / "a.extxyz", few())
    text = path.read_text()
    path.write_text('1\nLattice="1 0 0 0 a b" Properties=what\nNa 0 0 0\n' + text)
    _, found, _, rejects = _read(path)
    assert found.ids.tolist() == few().ids.tolist()
    assert [reject.reason for reject in rejects] == ["unreadable"]
