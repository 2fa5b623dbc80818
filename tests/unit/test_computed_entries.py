"""Computed entries of pymatgen in JSON files."""

from __future__ import annotations

import copy
import gzip
import json

import numpy as np
import pytest
from pymatgen.entries.computed_entries import ComputedEntry, ComputedStructureEntry
from support.building import build_all
from support.crystals import real
from support.entries import SCHEME, adjustment, bare, entry, li_o, write

import matdata as md
from matdata.core.ledger import Unusable
from matdata.sources.readers.computed_entries import is_entry, plain_entry


def _built(entries, tmp_path, **options):
    return build_all(write(tmp_path / "entries.json", entries), tmp_path, **options)


def test_columns_are_pymatgens_properties(tmp_path):
    entries = li_o()
    table = _built(entries, tmp_path).table
    assert sorted(table.index) == sorted(one["entry_id"] for one in entries)
    for one in entries:
        if "structure" in one:
            theirs = ComputedStructureEntry.from_dict(copy.deepcopy(one))
        else:
            theirs = ComputedEntry.from_dict({**one, "correction": 0.0})
        row = table.loc[one["entry_id"]]
        assert row.energy_per_atom == pytest.approx(theirs.energy_per_atom, abs=1e-12)
        assert row.correction_per_atom == pytest.approx(theirs.correction_per_atom, abs=1e-12)
        uncorrected = theirs.uncorrected_energy_per_atom
        assert row.uncorrected_energy_per_atom == pytest.approx(uncorrected, abs=1e-12)
        assert row.energy_per_cell == pytest.approx(theirs.energy, abs=1e-12)
    assert table.loc["li2o"].correction_scheme == SCHEME
    assert table.loc["li"].correction_scheme is None


def test_polymorphs_stay_and_energies_have_units(tmp_path):
    dataset = _built(li_o(), tmp_path)
    assert dataset.n_without_structure == 1
    assert dataset.units["energy_per_atom"] == "eV/atom"
    assert dataset.units["energy_per_cell"] == "eV/cell"
    assert dataset.manifest["energy_column"] == "energy_per_atom"
    assert dataset.compositions.reduced_formulas().count("LiO") == 2


def test_lines_and_order_of_entries_do_not_matter(tmp_path):
    entries = li_o()
    one = _built(entries, tmp_path)
    lines = tmp_path / "entries.jsonl"
    lines.write_text("".join(json.dumps(e) + "\n" for e in reversed(entries)))
    other = build_all(lines, tmp_path, name="other")
    assert one.table.equals(other.table[one.table.columns])


def test_a_list_of_formulas_alone(tmp_path):
    dataset = _built([bare("a", "NaCl", -6.0), bare("b", "Na", -1.0)], tmp_path)
    assert dataset.kind == "composition"
    assert dataset.table.energy_per_atom.to_dict() == {"a": -3.0, "b": -1.0}


def _with(**changes):
    one = entry("bad", "Li2O", -15.0, [adjustment(-0.7, 1)])
    return {**one, **changes}


BAD = {
    "no energy": (_with(energy=None), "no energy"),
    "NaN": (_with(energy=float("nan")), "no energy"),
    "true": (_with(energy=True), "no energy"),
    "no composition": (_with(composition=None), "no composition"),
    "empty composition": (_with(composition={}), "no composition"),
    "no atoms": (_with(composition={"Li": 0.0}), "no atoms"),
    "negative": (_with(composition={"Li": -1.0}), "holds -1.0 of Li"),
    "element": (_with(composition={"Xx": 1.0}), "Xx"),
    "correction": (_with(correction=3.0), "the correction is 3 eV, its parts sum to -0.7 eV"),
    "correction of text": (_with(correction="3"), "not a number"),
    "adjustments": (_with(energy_adjustments={"a": 1}), "no list"),
    "adjustment": (_with(energy_adjustments=[{"@class": "Odd"}]), "of the kind Odd"),
    "adjustment without numbers": (
        _with(energy_adjustments=[{"@class": "ConstantEnergyAdjustment"}]),
        "without its numbers",
    ),
    "another composition": (_with(composition={"Li": 1.0, "O": 1.0}), "the structure Li2O"),
    "Gibbs energies": (_with(**{"@class": "GibbsComputedStructureEntry"}), "at 0 K"),
    "structure": (_with(structure={"lattice": 3, "sites": [1]}), "not a pymatgen structure"),
}


@pytest.mark.parametrize(("broken", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_used_is_a_row_of_the_ledger(tmp_path, broken, message):
    dataset = _built([*li_o(), broken], tmp_path)
    (reject,) = dataset.rejects()
    assert reject.material_id == "bad"
    assert message in reject.message
    assert len(dataset) == len(li_o())


def test_other_documents_are_no_entries():
    assert not is_entry({"composition": {"Li": 1}, "energy": -1.0, "formula": "Li"})
    assert not is_entry({"composition": {"Li": 1}, "energy": -1.0, "structure": {"sites": []}})
    assert not is_entry({"composition": {"Li": 1}})
    assert not is_entry({"composition": {"a": 1}, "energy": 1.0})
    assert not is_entry({"@class": "Structure", "@module": "pymatgen.core.structure"})


def test_corrections_without_their_parts_are_of_an_unnamed_scheme():
    assert plain_entry(entry("a", "Li", 1.0, structure=False))["correction_scheme"] is None
    manual = {**entry("a", "Li", 1.0, structure=False), "correction": -0.5}
    assert plain_entry(manual)["correction_scheme"] == "ManualEnergyAdjustment"
    assert plain_entry(manual)["energy_per_atom"] == 0.5
    with pytest.raises(Unusable):
        plain_entry({**manual, "correction": float("inf")})


def test_two_schemes_are_refused_with_their_counts(tmp_path):
    older = li_o("MaterialsProjectCompatibility")[2:4]
    mixed = [*li_o(), *({**one, "entry_id": f"{one['entry_id']}-old"} for one in older)]
    with pytest.raises(md.CurationError, match=f"4 {SCHEME}, 2 MaterialsProjectCompatibility"):
        _built(mixed, tmp_path)


def test_run_types_that_the_scheme_reconciles_pass(tmp_path):
    plus_u = entry("u", "CoO", -20.0, [adjustment(-1.0, 1)], parameters={"run_type": "GGA+U"})
    assert len(_built([*li_o(), plus_u], tmp_path)) == 7
    raw = entry("raw", "CoO", -20.0, parameters={"run_type": "GGA+U"})
    with pytest.raises(md.CurationError, match="run_type"):
        _built([*li_o(), raw], tmp_path)


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["Ba-F-La-Ni-O", "Ca-F-La-Ni-O", "Li-Co-Ni-O"])
@pytest.mark.slow
def test_real_entries(tmp_path, name):
    path = real(f"hull/{name}.json.gz")
    with gzip.open(path, "rt") as file:
        entries = {one["entry_id"]: one for one in json.load(file)}
    dataset = build_all(path, tmp_path)
    assert sorted(dataset.ids) == sorted(entries)
    table = dataset.table
    energy = [
        (one["energy"] + one.get("correction", 0.0)) / sum(one["composition"].values())
        for one in (entries[name] for name in table.index)
    ]
    np.testing.assert_allclose(table.energy_per_atom, energy, rtol=1e-12)


def _by_pymatgen(entries, name):
    """Corrections per atom by id, as pymatgen computes them from its own entries."""
    from pymatgen.entries import compatibility

    scheme, found = getattr(compatibility, name)(), {}
    for one in entries:
        plain = {**copy.deepcopy(one), "energy_adjustments": [], "correction": 0.0}
        made = scheme.process_entry(ComputedStructureEntry.from_dict(plain))
        if made is not None:
            found[one["entry_id"]] = made.correction_per_atom
    return found


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("corrections", "scheme"), [("mp2020", SCHEME), ("mp", "MaterialsProjectCompatibility")]
)
@pytest.mark.slow
def test_corrections_computed_anew_are_pymatgens(tmp_path, corrections, scheme):
    with gzip.open(real("hull/Li-Co-Ni-O.json.gz"), "rt") as file:
        entries = json.load(file)[::5]
    stripped = [{**one, "energy_adjustments": [], "correction": 0.0} for one in entries]
    table = _built(stripped, tmp_path, corrections=corrections).table
    assert set(table.correction_scheme) == {scheme}
    expected = _by_pymatgen(entries, scheme)
    assert set(expected) == set(table.index)
    theirs = [expected[name] for name in table.index]
    np.testing.assert_allclose(table.correction_per_atom, theirs, atol=1e-9)
    if corrections == "mp2020":
        stated = {
            one["entry_id"]: one["correction"] / sum(one["composition"].values()) for one in entries
        }
        np.testing.assert_allclose(theirs, [stated[name] for name in table.index], atol=1e-9)
    energy = table.uncorrected_energy_per_atom + table.correction_per_atom
    np.testing.assert_allclose(table.energy_per_atom, energy, atol=1e-12)


def test_corrections_are_left_out_or_refused(tmp_path):
    table = _built(li_o(), tmp_path, corrections="none").table
    np.testing.assert_array_equal(table.energy_per_atom, table.uncorrected_energy_per_atom)
    assert table.correction_scheme.isna().all()
    path = tmp_path / "plain.csv"
    path.write_text("formula,energy_per_atom\nNaCl,1\n")
    with pytest.raises(md.SourceError, match="no computed entries"):
        build_all(path, tmp_path, corrections="mp2020")


@pytest.mark.slow
def test_an_entry_that_a_scheme_cannot_correct_is_a_row_of_the_ledger(tmp_path):
    potcars = [{"titel": "PAW_PBE Li_sv 10Sep2004"}, {"titel": "PAW_PBE O 08Apr2002"}]
    good = {"run_type": "GGA", "hubbards": {}, "is_hubbard": False, "potcar_spec": potcars}
    hostile = {**good, "hubbards": {"@module": "os", "@class": "system", "@callable": "system"}}
    entries = [
        entry("good", "Li2O", -14.0, parameters=good, data={"oxide_type": "oxide"}),
        entry("other", "Li2O", -14.0, parameters={**good, "run_type": "HSE06"}),
        entry("unstated", "Li2O", -14.0, parameters={}),
        entry("hostile", "Li2O", -14.0, parameters=hostile, data={"oxide_type": {"@class": "x"}}),
    ]
    dataset = _built(entries, tmp_path, corrections="mp2020", allow_mixed=True)
    rejects = {one.material_id: one.reason for one in dataset.rejects()}
    assert rejects == {"other": "no_correction", "unstated": "no_correction"}
    assert dataset.table.correction_per_atom["good"] == pytest.approx(-0.687 / 3)
