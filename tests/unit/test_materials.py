"""Materials in any form: names and order are kept, and what cannot be read has its reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition, Lattice, Molecule, Species, Structure
from support.crystals import few, rock_salt_structure

import matdata as md
from matdata.adapters.ase import to_atoms
from matdata.core.composition import Compositions
from matdata.core.ledger import Unusable
from matdata.materials import read_materials
from matdata.materials.read import formula_or_path

SALT = rock_salt_structure(5.64, "Na", "Cl")
SHARED = Structure(Lattice.cubic(4), [{"Na": 0.5, "K": 0.5}], [[0, 0, 0]])


def told(read):
    """Name and reduced formula of each material; name and reason of each reject."""
    batch, rejects = read.formulas()
    names = read.names_of(batch.ids.tolist()).tolist()
    lost = [(reject.material_id, reject.reason) for reject in read.named(rejects)]
    return list(zip(names, batch.reduced_formulas(), strict=True)), lost


def test_order_and_names_of_what_is_mixed():
    """Formulas have their own name, structures their place; nothing is dropped silently."""
    atoms = to_atoms(few(), 2)
    given = ["NaCl", SALT, "nonsense", Composition("Fe2O3"), atoms, None, SHARED, 7, "NaCl"]
    read = read_materials(given)
    found, lost = told(read)
    assert found == [
        ("NaCl", "NaCl"),
        ("1", "NaCl"),
        ("3", "Fe2O3"),
        ("4", Compositions.from_crystals(few()).reduced_formulas()[2]),
        ("NaCl", "NaCl"),
    ]
    assert lost == [
        ("nonsense", "unreadable"),
        ("5", "unreadable"),
        ("6", "disordered"),
        ("7", "unreadable"),
    ]
    crystals, rejects = read.structures()
    assert read.names_of(crystals.ids.tolist()).tolist() == ["1", "4"]
    assert {reject.reason for reject in rejects} == {"unreadable", "disordered", "no_structure"}
    assert len(crystals) + len(rejects) == len(read) == len(given)


@pytest.mark.parametrize(
    "one", ["NaCl", SALT, SALT.composition, SALT.as_dict(), SALT.to(fmt="cif")]
)
def test_one_material_is_one(one):
    assert [formula for _, formula in told(read_materials(one))[0]] == ["NaCl"]


def test_mappings_series_and_arrays():
    pair = [("a", "NaCl"), ("b", "MgO")]
    assert told(read_materials({"a": SALT, "b": "MgO"}))[0] == pair
    assert told(read_materials(pd.Series(["NaCl", "MgO"], index=["a", "b"])))[0] == pair
    plain = [("NaCl", "NaCl"), ("MgO", "MgO")]
    assert told(read_materials(np.array(["NaCl", "MgO"])))[0] == plain
    assert told(read_materials(name for name in ("NaCl", "MgO")))[0] == plain


def test_tables_are_read_by_the_names_of_their_columns():
    table = pd.DataFrame({"jid": ["x", "y"], "Formula": ["NaCl", "MgO"], "gap": [5.0, 7.8]})
    assert told(read_materials(table))[0] == [("x", "NaCl"), ("y", "MgO")]
    structures = pd.DataFrame({"structure": [SALT, None], "formula": ["KCl", "MgO"]})
    found, lost = told(read_materials(structures))
    assert (found, lost) == ([("0", "NaCl"), ("1", "MgO")], [])
    texts = pd.DataFrame({"cif": [SALT.to(fmt="cif"), "/etc/hostname"]}, index=["a", "b"])
    assert told(read_materials(texts)) == ([("a", "NaCl")], [("b", "unreadable")])
    with pytest.raises(
        md.StructureError, match=r"available columns: gap\n(.|\n)*table\['column'\]"
    ):
        read_materials(pd.DataFrame({"gap": [5.0]}))
    doubled = pd.DataFrame([["NaCl", "MgO"]], columns=["formula", "formula"])
    with pytest.raises(md.StructureError, match="several columns named 'formula'"):
        read_materials(doubled)


def test_columns_keep_their_ids():
    crystals = few()
    read = read_materials(crystals)
    assert read.names == tuple(crystals.ids.tolist())
    assert read.structures()[0].columns().keys() == crystals.columns().keys()
    formulas = Compositions.from_amounts(["q", "q"], [{11: 1.0, 17: 1.0}, {12: 1.0, 8: 1.0}])
    assert told(read_materials(formulas))[0] == [("q", "NaCl"), ("q", "MgO")]


@pytest.mark.parametrize("wrong", [None, 3, object(), b"NaCl", 2.5])
def test_what_is_no_material(wrong):
    kind = f"got {type(wrong).__name__}"
    with pytest.raises(md.StructureError, match=kind):
        md.compute("fractions", wrong)
    with pytest.raises(md.StructureError, match=kind):
        md.compute("fractions", [wrong])
    assert md.compute("fractions", ["NaCl", wrong]).ids.tolist() == ["NaCl"]


def test_molecules_and_odd_compositions_are_rejects():
    odd = [
        Molecule("HH", [[0, 0, 0], [0, 0, 0.7]]),
        Composition({"Na": -1.0, "Cl": 1.0}, allow_negative=True),
        Composition({}),
        Composition({"X": 1}),
    ]
    assert told(read_materials(["NaCl", *odd]))[1] == [
        ("1", "unreadable"),
        ("2", "unreadable"),
        ("3", "unreadable"),
        ("4", "unknown_element"),
    ]
    assert told(read_materials(Composition({Species("Na", 1): 1, Species("Cl", -1): 1})))[0] == [
        ("0", "NaCl")
    ]


def test_paths_and_texts_that_are_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("d1", "d2"):
        (tmp_path / folder).mkdir()
        SALT.to(filename=str(tmp_path / folder / "x.cif"))
    (tmp_path / "t.csv").write_text("id,formula\nf1,Fe2O3\nf2,NaCl\nf3,Na(\n")
    found, lost = told(read_materials([Path("d1/x.cif"), "d2/x.cif", "t.csv", "MgO", "no.cif"]))
    assert found == [
        ("d1/x.cif", "NaCl"),
        ("d2/x.cif", "NaCl"),
        ("f1", "Fe2O3"),
        ("f2", "NaCl"),
        ("MgO", "MgO"),
    ]
    assert lost == [("f3", "bad_formula"), ("no.cif", "unreadable")]
    assert told(read_materials({"salt": Path("d1/x.cif")}))[0] == [("salt", "NaCl")]
    assert told(read_materials({"t": Path("t.csv")}))[0][0] == ("t/f1", "Fe2O3")
    assert told(read_materials(Path("d1")))[0] == [("x", "NaCl")]


def test_a_text_is_a_formula_or_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "NaCl").mkdir()
    (tmp_path / "x.cif").write_text("")
    assert formula_or_path("NaCl") == "NaCl"
    assert formula_or_path("x.cif") == Path("x.cif")
    assert formula_or_path("./NaCl") == Path("NaCl")
    assert formula_or_path("(NaCl)") == "(NaCl)"
    assert formula_or_path("H" * 200) == "H" * 200
    for text in ("y.cif", "", "x" * 5000, "a\0b", "/" * 5000):
        with pytest.raises(Unusable) as caught:
            formula_or_path(text)
        assert caught.value.reason == "unreadable"
        assert len(str(caught.value)) < 6000


def test_features_have_names_and_rejects():
    done = md.compute("fractions", ["NaCl", "nonsense", "MgO", "NaCl"])
    assert done.ids.tolist() == ["NaCl", "MgO", "NaCl"]
    assert len(done.values) == 3
    assert [(one.material_id, one.reason) for one in done.rejects] == [("nonsense", "unreadable")]
    with pytest.raises(md.StructureError, match=r"none of 2 materials can be read: x: .*; y: "):
        md.compute("fractions", ["x", "y"])
    mixed = md.compute("lattice", [SALT, "MgO"])
    assert [(one.material_id, one.reason) for one in mixed.rejects] == [("MgO", "no_structure")]
    with pytest.raises(md.FeatureError, match="needs structures, got formulas"):
        md.compute("lattice", ["NaCl", "nonsense"])


def test_transformers_take_tables_and_name_what_fails():
    table = pd.DataFrame({"formula": ["NaCl", "MgO"], "gap": [5.0, 7.8]})
    values = md.transformer("fractions").fit_transform(table)
    np.testing.assert_array_equal(values, md.compute("fractions", ["NaCl", "MgO"]).values)
    with pytest.raises(md.FeatureError, match=r"1 materials have no fractions.* nonsense: unread"):
        md.transformer("fractions").transform(["NaCl", "nonsense"])
    with pytest.raises(md.StructureError, match="available columns: gap"):
        md.transformer("fractions").transform(table[["gap"]])
