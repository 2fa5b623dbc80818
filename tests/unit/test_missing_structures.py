"""Records without a structure: which cells are empty, and what becomes of the record."""

from __future__ import annotations

import json

import pytest
from support import files, mixed
from support.crystals import few

import matdata as md
from matdata.adapters.pymatgen import to_structure
from matdata.core.errors import SourceError
from matdata.materials import read_materials
from matdata.sources import find_source
from matdata.sources._optimade_entries import chunk_of
from matdata.sources.base import Request
from matdata.sources.files import Files
from matdata.sources.read_options import ReadOptions

WHOLE = {"material_id": "whole", "formula": "NaCl", "y": 1.0}
SALT = to_structure(few(), 0).as_dict()
ABSENT = ...  # stands for a key that is not there
#: Cells of documents, and what becomes of a record with the formula Fe2O3.
EMPTY = [None, "", "  ", "null", "None", "NaN", "nan", "n/a", {}, [], float("nan"), ABSENT]
BROKEN = [
    {"sites": []},
    {"lattice": {"matrix": [[1, 0, 0]]}, "sites": []},
    {"foo": 1},
    [1.0, 2.0],
    [[{"a": 1}]],
    ["x"],
    "Na",
    "Fe2O3.cif",
    "{}",
    "data_x\n_cell_length_a 1\n",
    "a\nb\nc",
    0,
    False,
    True,
    7.5,
]


def _documents(cell):
    odd = {"material_id": "odd", "formula": "Fe2O3", "structure": cell, "y": 2.0}
    if cell is ABSENT:
        del odd["structure"]
    return [{**WHOLE, "structure": SALT}, odd]


def _read(path, **options):
    chunks = list(Files(path, ReadOptions(**options)).chunks())
    assert len(chunks) == 1
    return chunks[0]


@pytest.mark.parametrize("cell", EMPTY, ids=repr)
@pytest.mark.parametrize("first", [0, 1])
def test_a_record_with_an_empty_cell_is_known_by_its_formula(cell, first, tmp_path):
    documents = _documents(cell)
    path = mixed.write_json(tmp_path / "a.json", documents[first:] + documents[:first])
    chunk = _read(path)
    assert not chunk.rejects
    assert sorted(chunk.table["material_id"]) == ["odd", "whole"]
    assert chunk.structures.crystals.ids.tolist() == ["whole"]
    row = chunk.table["material_id"].index("odd")
    assert chunk.table["formula"][row] == "Fe2O3"
    assert chunk.table["formula"][1 - row] is None
    assert chunk.table["y"][row] == 2.0


@pytest.mark.parametrize("cell", BROKEN, ids=repr)
@pytest.mark.parametrize("first", [0, 1])
def test_a_broken_structure_is_never_a_formula(cell, first, tmp_path):
    documents = _documents(cell)
    path = mixed.write_json(tmp_path / "a.json", documents[first:] + documents[:first])
    chunk = _read(path)
    assert chunk.table["material_id"] == ["whole"]
    assert [reject.material_id for reject in chunk.rejects] == ["odd"]
    assert chunk.rejects[0].reason == "unreadable"


@pytest.mark.parametrize("cell", ["", " ", "null", "None", "NaN", "nan", "N/A"])
def test_empty_cells_of_csv(cell, tmp_path):
    rows = [
        {**WHOLE, "cif": files.cif(few(), 0)},
        {"material_id": "odd", "formula": "NaN", "y": 2, "cif": cell},
        {"material_id": "bad", "formula": "Xx3", "y": 2, "cif": cell},
        {"material_id": "bare", "formula": "", "y": 2, "cif": cell},
        {"material_id": "broken", "formula": "MgO", "y": 2, "cif": "{}"},
    ]
    chunk = _read(mixed.write_csv(tmp_path / "a.csv", rows))
    assert chunk.table["material_id"] == ["whole", "odd"]
    assert chunk.table["formula"] == [None, "NaN"]  # sodium nitride
    assert [(r.material_id, r.reason) for r in chunk.rejects] == [
        ("bad", "bad_formula"),
        ("bare", "unreadable"),
        ("broken", "unreadable"),
    ]
    assert chunk.rejects[1].message == "record 4: no structure and no formula"


def test_a_structure_elsewhere_in_the_record_is_not_overlooked(tmp_path):
    odd = {"material_id": "odd", "formula": "MgO", "structure": None, "relaxed": SALT}
    path = mixed.write_json(tmp_path / "a.json", [{**WHOLE, "structure": SALT}, odd])
    (reject,) = _read(path).rejects
    assert reject.message == "record 2: no structure in 'structure', but one in 'relaxed'"


def test_a_column_of_structures_of_another_name_may_have_gaps(tmp_path):
    documents = [{"id": k, "formula": "MgO", "mine": SALT if k == 2 else None} for k in range(4)]
    chunk = _read(mixed.write_json(tmp_path / "a.json", documents))
    assert chunk.structures.rows.tolist() == [2]
    named = _read(mixed.write_json(tmp_path / "b.json", documents), structure_col="mine")
    assert named.structures.rows.tolist() == [2]


@pytest.mark.parametrize("at", [0, 69])
def test_structures_of_csv_under_another_name_are_found_wherever_they_stand(at, tmp_path):
    texts = ["", *["" if k != at else files.cif(few(), 0) for k in range(70)]]
    rows = [{"id": k, "formula": "MgO", "mine": text} for k, text in enumerate(texts)]
    path = mixed.write_csv(tmp_path / "a.csv", rows)
    chunk = _read(path)
    assert chunk.structures.rows.tolist() == [at + 1]
    assert "mine" not in chunk.table
    (limited,) = Files(path, limit=at + 1).chunks()
    assert not len(limited.structures.crystals)


@pytest.mark.parametrize("structures", ["none", "after", "before"])
def test_an_object_in_place_of_every_first_structure_is_no_formula(structures, tmp_path):
    """Whether or not another record has one, and wherever it stands."""
    broken = [{"id": f"b{k}", "formula": "MgO", "structure": {"foo": k}} for k in range(60)]
    bare = [{"id": f"f{k}", "formula": "MgO"} for k in range(60)]
    documents = {"none": broken, "after": bare + broken, "before": broken + bare}[structures]
    chunk = _read(mixed.write_json(tmp_path / "a.json", documents))
    assert chunk.table["material_id"] == [one["id"] for one in documents if one in bare]
    assert {reject.message.split(": ")[1] for reject in chunk.rejects} == {
        "'structure' is there, but is no structure"
    }
    assert len(chunk.rejects) == 60


def test_what_the_first_documents_lack_is_found_by_its_name(tmp_path):
    """In either order: a formula by a known name, columns of other names if they are named."""
    whole = [{"id": f"w{k}", "structure": SALT} for k in range(60)]
    bare = [{"id": f"b{k}", "formula_pretty": "MgO"} for k in range(60)]
    for number, documents in enumerate((whole + bare, bare + whole)):
        path = mixed.write_json(tmp_path / f"{number}.jsonl", documents)
        chunk = _read(path)
        assert (len(chunk), len(chunk.structures.crystals)) == (120, 60)
        limited = list(Files(path, limit=20).chunks())
        assert [len(one.structures.crystals) for one in limited] == [20 * (number == 0)]
    odd = [{"id": f"b{k}", "stuff": "MgO"} for k in range(60)]
    path = mixed.write_json(tmp_path / "odd.jsonl", whole + odd)
    assert len(_read(path).rejects) == 60
    assert len(_read(path, formula_col="stuff")) == 120
    with pytest.raises(SourceError, match="no column 'stuf'"):
        _read(path, formula_col="stuf")


def test_all_cells_empty_is_a_dataset_of_compositions_that_says_so(tmp_path, capsys):
    rows = [
        {"id": f"m{k}", "formula": f"Li{k + 1}O", "structure": "", "total_energy": -1.0 * k}
        for k in range(8)
    ]
    path = mixed.write_csv(tmp_path / "a.csv", rows)
    built = md.build(path, cache=tmp_path, split=None, workers=1)
    assert (built.kind, len(built), built.n_without_structure) == ("composition", 8, 8)
    assert "no material has a structure" in built.manifest["note"]
    # Nothing states that the energies are those of the formulas as written.
    assert built.columns["energy_per_atom"] == [None] * 8
    with pytest.raises(md.FeatureError, match="needs structures; a@"):
        md.build(path, cache=tmp_path, split=None, workers=1, features=["graph"])
    assert len(md.build(path, cache=tmp_path, workers=1, features=["fractions"], split=None)) == 8


def test_entries_of_jarvis_may_lack_atoms(tmp_path):
    atoms = {
        "lattice_mat": (few().lattice[0]).tolist(),
        "coords": few().frac_coords[:8].tolist(),
        "elements": ["Na"] * 4 + ["Cl"] * 4,
        "cartesian": False,
    }
    entries = [
        {"jid": "J-1", "formula": "NaCl", "atoms": atoms, "optb88vdw_bandgap": 5.0},
        {"jid": "J-2", "formula": "Fe2O3", "atoms": None, "optb88vdw_bandgap": 2.0},
        {"jid": "J-3", "formula": "Fe2O3", "atoms": {"elements": []}, "optb88vdw_bandgap": 2.0},
        {"jid": "J-4", "formula": "na", "optb88vdw_bandgap": 2.0},
        {"jid": "J-5", "formula": "Xx", "atoms": "na", "optb88vdw_bandgap": 2.0},
    ]
    (tmp_path / "j.json").write_text(json.dumps(entries))
    (chunk,) = find_source(f"jarvis:{tmp_path / 'j.json'}", Request()).chunks()
    assert chunk.table["material_id"] == ["J-1", "J-2"]
    assert chunk.structures.rows.tolist() == [0]
    assert [(r.material_id, r.reason) for r in chunk.rejects] == [
        ("J-3", "unreadable"),
        ("J-4", "unreadable"),
        ("J-5", "bad_formula"),
    ]


def test_entries_of_optimade_that_state_a_formula_alone():
    stated = {
        "o-1": {"chemical_formula_reduced": "Fe2O3", "lattice_vectors": None, "_x_gap": 2.0},
        "o-2": {"chemical_formula_reduced": "Fe2O3", "lattice_vectors": [[1, 0, 0]] * 3},
        "o-3": {"chemical_formula_reduced": "Fe2O3", "nperiodic_dimensions": 2},
        "o-4": {"_x_gap": 1.0},
        "o-5": {"chemical_formula_reduced": "Fe2O3", "structure_features": ["disorder"]},
        "o-6": {"chemical_formula_reduced": "Q7"},
    }
    entries = [{"id": k, "type": "structures", "attributes": v} for k, v in stated.items()]
    chunk = chunk_of(entries)
    assert chunk.table["material_id"] == ["o-1"]
    assert chunk.table["formula"] == ["Fe2O3"]
    assert not len(chunk.structures.crystals)
    assert [(r.material_id, r.reason) for r in chunk.rejects] == [
        ("o-2", "no_structure"),
        ("o-3", "not_periodic"),
        ("o-4", "not_periodic"),
        ("o-5", "disordered"),
        ("o-6", "bad_formula"),
    ]


@pytest.mark.slow
def test_a_file_of_both_is_read_in_memory(tmp_path):
    path = mixed.write_csv(tmp_path / "some.csv", mixed.rows(9))
    read = read_materials(path)
    assert (len(read.crystals), len(read.compositions), len(read.rejects)) == (6, 3, 0)
    assert len(md.compute("fractions", path).ids) == 9
    graph = md.compute("ofm", path)
    assert len(graph.ids) == 6
    assert [reject.reason for reject in graph.rejects] == ["no_structure"] * 3
