"""What is periodic in fewer than three directions, or contradicts what it states, is refused."""

from __future__ import annotations

import copy
import json

import pytest
from support import files
from support.crystals import few

import matdata as md
from matdata.adapters.ase import to_atoms
from matdata.adapters.pymatgen import to_structure
from matdata.adapters.sites import from_dict
from matdata.core.errors import SourceError, StructureError
from matdata.core.ledger import Unusable
from matdata.sources._optimade_entries import chunk_of
from matdata.sources.files import Files

NACL = {
    "lattice_vectors": [[4, 0, 0], [0, 4, 0], [0, 0, 4]],
    "cartesian_site_positions": [[0, 0, 0], [2, 2, 2]],
    "species_at_sites": ["Na", "Cl"],
    "species": [
        {"name": "Na", "chemical_symbols": ["Na"], "concentration": [1.0]},
        {"name": "Cl", "chemical_symbols": ["Cl"], "concentration": [1.0]},
    ],
    "dimension_types": [1, 1, 1],
    "nperiodic_dimensions": 3,
    "nsites": 2,
    "nelements": 2,
    "elements": ["Cl", "Na"],
    "elements_ratios": [0.5, 0.5],
    "chemical_formula_reduced": "ClNa",
    "chemical_formula_hill": "ClNa",
    "chemical_formula_anonymous": "AB",
    "chemical_formula_descriptive": "rock salt, NaCl",
}


def _reason(**stated):
    chunk = chunk_of([{"id": "x", "attributes": {**NACL, **stated}}])
    return chunk.rejects[0].reason if chunk.rejects else "read"


def test_an_entry_that_agrees_with_itself_is_read():
    assert _reason() == "read"
    unknown = dict.fromkeys(list(NACL)[4:])
    assert _reason(**unknown) == "read"


@pytest.mark.parametrize(
    ("reason", "stated"),
    [
        ("not_periodic", {"dimension_types": [1, 1, 0], "nperiodic_dimensions": 2}),
        ("not_periodic", {"dimension_types": [1, 1, 0], "nperiodic_dimensions": None}),
        ("not_periodic", {"dimension_types": None, "nperiodic_dimensions": 2}),
        ("contradiction", {"dimension_types": [1, 1, 1], "nperiodic_dimensions": 2}),
        ("contradiction", {"nsites": 4}),
        ("contradiction", {"nelements": 3}),
        ("contradiction", {"elements": ["K", "Na"], "elements_ratios": None}),
        ("contradiction", {"elements_ratios": [0.75, 0.25]}),
        ("contradiction", {"chemical_formula_reduced": "ClKNa"}),
        ("contradiction", {"chemical_formula_hill": "Cl2Na"}),
        ("contradiction", {"chemical_formula_descriptive": "NaCl2"}),
        ("contradiction", {"chemical_formula_anonymous": "A2B"}),
        ("unreadable", {"elements_ratios": 7}),
        ("unreadable", {"dimension_types": [1, float("inf"), 1]}),
        ("unreadable", {"dimension_types": [1, 2, 1], "nperiodic_dimensions": None}),
        ("unreadable", {"dimension_types": [1, "0", 1], "nperiodic_dimensions": None}),
    ],
)
def test_entries_that_are_no_crystals_or_contradict_themselves(reason, stated):
    assert _reason(**stated) == reason


@pytest.mark.parametrize("pbc", [[True, True, False], [False] * 3, [True, True]])
def test_structures_of_pymatgen_that_are_slabs_are_refused(pbc, tmp_path):
    document = files.mp_document(few(), 0)
    slab = copy.deepcopy(document)
    slab["structure"]["lattice"]["pbc"] = pbc
    with pytest.raises(Unusable, match="periodic along") as refusal:
        from_dict(slab["structure"])
    assert refusal.value.reason == "not_periodic"
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(map(json.dumps, [document, {**slab, "material_id": "slab"}])))
    (chunk,) = Files(path).chunks()
    assert [(r.material_id, r.reason) for r in chunk.rejects] == [("slab", "not_periodic")]
    assert len(chunk.crystals) == 1


@pytest.mark.parametrize("pbc", ["", "yes", [], {}, False, 0, 1, [True, True, "T"]])
def test_what_is_no_list_of_three_flags_is_not_taken_for_periodic(pbc):
    structure = files.mp_document(few(), 0)["structure"]
    structure["lattice"]["pbc"] = pbc
    with pytest.raises(Unusable):
        from_dict(structure)


def test_structures_without_flags_are_periodic():
    structure = files.mp_document(few(), 0)["structure"]
    for pbc in ({"pbc": None}, {}):
        structure["lattice"] = {"matrix": structure["lattice"]["matrix"], **pbc}
        assert len(from_dict(structure).numbers) == 8


def test_objects_in_memory_that_are_slabs_are_refused():
    from pymatgen.core import Lattice, Structure

    structure = to_structure(few(), 2)
    lattice = Lattice(structure.lattice.matrix, pbc=(True, True, False))
    slab = Structure(lattice, structure.species, structure.frac_coords)
    atoms = to_atoms(few(), 2)
    atoms.pbc = [True, True, False]
    for material in (slab, atoms):
        with pytest.raises(StructureError, match="periodic along"):
            md.compute("ofm", material)


def _split(tmp_path, table):
    path = tmp_path / "s.json"
    path.write_text(json.dumps(table))
    (chunk,) = Files(path).chunks()
    return chunk


@pytest.mark.parametrize("index", [[0], [0, 1, 2, 3], []])
def test_labels_and_rows_of_other_number_are_refused(index, tmp_path):
    rows = [["NaCl", 1.0], ["KCl", 2.0], ["LiF", 3.0]]
    table = {"columns": ["formula", "y"], "index": index, "data": rows}
    with pytest.raises(SourceError, match="differ in length"):
        _split(tmp_path, table)


def test_rows_without_labels_are_numbered_and_short_ones_are_ledger_rows(tmp_path):
    table = {"columns": ["formula", "y"], "data": [["NaCl", 1.0], ["KCl"], None, ["LiF", 3.0]]}
    chunk = _split(tmp_path, table)
    assert chunk.table["material_id"] == ["s-0000000", "s-0000003"]
    assert chunk.table["y"] == [1.0, 3.0]
    assert [reject.message for reject in chunk.rejects] == [
        "record 2: a row with 1 values for 2 columns",
        "record 3: a row with no list of values for 2 columns",
    ]
    table["columns"] = ["formula", "formula"]
    with pytest.raises(SourceError, match="several columns are named 'formula'"):
        _split(tmp_path, table)
