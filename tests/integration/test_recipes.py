"""The recipes: each builds from files, splits as its paper does, and counts honestly."""

from __future__ import annotations

import csv
import gzip
import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from matdata_recipes import common, finder_mp
from pymatgen.entries.compatibility import MaterialsProject2020Compatibility
from pymatgen.entries.computed_entries import ComputedStructureEntry
from pymatgen.io.vasp.sets import MPRelaxSet
from support.crystals import caesium_chloride, many, perovskite, rock_salt
from support.files import mp_document, write_jsonl
from support.recipes import RECIPES, counts

import matdata as md
from matdata.adapters.pymatgen import to_structure
from matdata.adapters.sites import to_crystals

HELPERS = (
    "__init__",
    "common",
    "gathered",
    "plan",
    "preset_data",
    "presets",
    "results",
    "summaries",
    "wbm",
)
HELPERS += ("places", "script", "preset_command", "more_presets")
HELPERS += ("precursor_folds", "reaction_null")  # they score, and take no cache
HELPERS += ("reaction_examples", "reaction_figures", "reaction_rows", "reaction_scores")
HELPERS += ("reaction_tables",)
HELPERS += ("hull_distances", "hull_distance_figures")  # of any entries; tests of their own
HELPERS += ("leaderboards", "ofm_valence", "data_set", "properties", "table_data")
HELPERS += ("calibration", "cuprate_figures", "cuprates", "dielectric_curves", "finder_enz")
HELPERS += (
    "oscillators",
    "plasma_edges",
    "published_ids",
    "retrospective",
    "table_presets",
    "train",
)
NAMES = sorted(path.stem for path in RECIPES.glob("*.py") if path.stem not in HELPERS)
OF_MP = ("finder_mp", "ocrystalnet_mp", "wren_mp", "wren_mp_without_taata")
NEED_FILES = [name for name in NAMES if name not in OF_MP]


pytestmark = pytest.mark.slow


def test_there_is_a_recipe_for_every_data_set_of_the_papers():
    assert len(NAMES) == 18


@pytest.mark.parametrize("name", NAMES)
def test_without_files_or_key_it_says_where_the_data_are(name, capsys):
    module = importlib.import_module(f"matdata_recipes.{name}")
    more = getattr(module, "arguments", None)
    assert common.run(module.recipe, module.__doc__, [], more) == 1
    error = capsys.readouterr().err
    if name in NEED_FILES and name != "roost_mp_band_gaps":
        assert "expected --from FILE" in error
        assert "the data: " in error
    else:
        assert "API key" in error


def test_experimental_band_gaps(run, tmp_path):
    path = tmp_path / "expt.csv"
    rows = [f"{k},{'Na2Cl2' if k % 2 else 'MgO'},{0.1 * k}" for k in range(1, 41)]
    path.write_text("\n".join(["material_id,composition,Eg", *rows]))
    (result,) = run("roost_expt_band_gaps", "--from", path, "--output", tmp_path / "out")
    assert counts(result) == {"materials": (3895, 40)}  # formulas that repeat are kept
    dataset = md.open(result["dataset"])
    assert {p: len(ids) for p, ids in dataset.split("80-20-seed0").items()} == {
        "train": 32,
        "test": 8,
    }
    assert (
        dataset.split(method="fixed", set={"file": result["files"][0]}, name="again").name
        == "again"
    )
    assert dataset.split("again") == dataset.split("80-20-seed0")


def test_transfer_set_leaves_out_the_compositions_of_ex(run, tmp_path):
    (tmp_path / "mp.csv").write_text(
        "material_id,composition,band_gap\na,NaCl,5\nb,MgO,4\nc,CaO,3\nd,Fe,0\ne,SrO,2\n"
        + "\n".join(f"x{k},Li{k}O,1" for k in range(2, 10))
    )
    (tmp_path / "ex.csv").write_text(
        "material_id,composition,Eg\n"
        + "\n".join(f"{k},{formula},1" for k, formula in enumerate(["Na2Cl2"] + ["ZnO"] * 20))
    )
    arguments = ["--from", tmp_path / "mp.csv", "--expt", tmp_path / "ex.csv"]
    whole, without = run("roost_mp_band_gaps", *arguments)
    assert counts(whole)["materials"] == (43921, 12)
    assert counts(without)["materials"] == (None, 11)
    reasons = md.open(whole["dataset"]).ledger.set_index("material_id")["reason"].to_dict()
    assert reasons == {"d": "not_selected"}
    assert md.open(without["dataset"]).ids.tolist()[:3] == ["b", "c", "e"]


def _documents(path: Path, count: int) -> Path:
    crystals = many(count)
    lines = []
    for row in range(count):
        document = mp_document(crystals, row)
        document |= {"n": 1.5 if row % 3 == 0 else None, "shear_modulus": {"vrh": 2.0 - row % 4}}
        lines.append(json.dumps(document))
    path.write_text("\n".join(lines))
    return path


def test_materials_project_sets(run, tmp_path):
    path = _documents(tmp_path / "summary.jsonl", 36)
    (finder,) = run("finder_mp", "--from", path)
    found = counts(finder)
    n = found["materials"][1]
    assert n == len(set(md.open(finder["dataset"]).columns["formula"]))
    assert found["in split n-70-15-15"][0] == 3920
    table = md.open(finder["dataset"]).table
    moduli = table[(table["k_vrh"] > 0) & (table["g_vrh"] > 0)]
    assert md.open(finder["dataset"]).units["k_vrh"] == "GPa"
    assert "bulk_modulus.vrh" not in table
    parts = md.open(finder["dataset"]).split("log-KG-70-15-15-seed0")
    assert sorted(identity for ids in parts.values() for identity in ids) == moduli.index.tolist()
    (crystals,) = run("ocrystalnet_mp", "--from", path)
    assert counts(crystals)["materials"] == (69239, 36)
    assert crystals["splits"][0] == "shares-of-60000-4619-4620-seed0"
    (wren,) = run("wren_mp", "--from", path, "--symmetry", "moyopy")
    assert counts(wren)["records read"] == (139367, 36)
    assert list(counts(wren))[2] == "lowest-energy protostructures"
    (other,) = run("finder_mp", "--from", path, "--seed", 1)
    assert "n-70-15-15-seed1" in other["splits"]


@pytest.mark.parametrize("cif", [False, True])
def test_published_tables_of_finder_keep_their_parts(run, tmp_path, capsys, cif):
    """A folder made by hand as the authors' is: rows of formulas, and crystals where a model reads
    them."""
    crystals, folder = many(12), tmp_path / "e_form"
    folder.mkdir()
    rows = np.split(np.arange(12), (6, 9))
    for part, own in zip(("train", "val", "test"), rows, strict=True):
        with open(folder / f"{part}.csv", "w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["material_id", "formula", "e_form", *(["cif"] if cif else [])])
            for row in own:
                structure = to_structure(crystals, row)
                text = [structure.to(fmt="cif")] if cif else []
                formula = structure.composition.reduced_formula
                lines.writerow([crystals.ids[row], formula, -0.1 * row, *text])
    files = [folder / f"{part}.csv" for part in ("train", "val", "test")]
    (made,) = run("finder_mp", "--target", "e_form", "--from", *files)
    dataset = md.open(made["dataset"])
    assert made["dataset"].startswith("finder-e_form@")
    assert dataset.manifest["kind"] == ("structure" if cif else "composition")
    assert [*dataset.manifest["targets"]] == ["e_form"]
    parts = dataset.split("published")
    for part, own in zip(("train", "val", "test"), rows, strict=True):
        assert sorted(parts[part]) == sorted(crystals.ids[own].tolist())
    arguments = ["--from", *map(str, files[:2])]
    assert common.run(finder_mp.recipe, finder_mp.__doc__, arguments, finder_mp.arguments) == 1
    assert "expected train, val and test of one folder" in capsys.readouterr().err


def test_mp_without_the_ternaries_of_taata(run, tmp_path):
    """Those of exactly these three elements go; their binaries stay."""
    sites = [perovskite(4.0, 22, 30, 7), perovskite(4.1, 40, 30, 7), perovskite(4.2, 30, 72, 7)]
    sites += [rock_salt(4.3, 22, 7), perovskite(4.0, 22, 30, 8), rock_salt(5.6, 11, 17)]
    sites += [rock_salt(5.0 + 0.1 * k, 56, anion) for k, anion in enumerate((8, 16, 34, 52))]
    names = [f"m{k}" for k in range(len(sites))]
    path = write_jsonl(tmp_path / "mp.jsonl", to_crystals(names, sites))
    run("wren_mp_without_taata", "--from", path, "--symmetry", "moyopy")
    dataset = md.open("wren-mp-without-taata")
    assert dataset.ids.tolist() == names[3:]
    ledger = dataset.ledger
    assert sorted(ledger[ledger["reason"] == "not_selected"]["material_id"]) == ["m0", "m1", "m2"]


def test_taata_tests_on_one_of_each_trio(run, tmp_path):
    sites = [rock_salt(4.3 + 0.1 * k, metal, 7) for k, metal in enumerate((22, 40, 72))]
    sites += [caesium_chloride(2.9 + 0.1 * k, m, 30) for k, m in enumerate((22, 40, 72))]
    sites += [perovskite(3.9 + 0.1 * k, m, 30, 7) for k, m in enumerate((22, 40, 72))]
    path = write_jsonl(tmp_path / "taata.jsonl", to_crystals([f"t{k}" for k in range(9)], sites))
    (result,) = run("taata", "--from", path, "--symmetry", "moyopy")
    assert counts(result)["less than 500 Å^3 a site"] == (9256, 9)
    sizes = {part: len(ids) for part, ids in md.open("taata").split().items()}
    assert sizes == {"train": 6, "test": 3}


def _entry(structure, energy: float, run_type: str = "GGA") -> dict:
    """A computed entry with the pseudopotentials of the Materials Project."""
    potcars = MPRelaxSet.CONFIG["POTCAR"]
    specs = [{"titel": f"PAW_PBE {potcars[s.symbol]}"} for s in structure.elements]
    parameters = {"run_type": run_type, "hubbards": {}, "is_hubbard": False, "potcar_spec": specs}
    composition = structure.composition.as_dict()
    return {"structure": structure.as_dict(), "composition": dict(composition), "energy": energy,
            "parameters": parameters, "data": {}}  # fmt: skip


def _batch(path: Path, crystals, energy: float) -> Path:
    sizes = crystals.n_sites.tolist()
    entries = [_entry(to_structure(crystals, k), energy * n) for k, n in enumerate(sizes)]
    other = _entry(to_structure(crystals, 0), 0.0, "HSE06")
    with gzip.open(path, "wt") as file:
        json.dump({"entries": [*entries, other, {"energy": 1.0}]}, file)
    return path


@pytest.mark.filterwarnings("ignore:Failed to guess oxidation states")
def test_wbm_energies_are_corrected_as_those_of_mp(run, tmp_path):
    """Against pymatgen; what is not corrected cannot be compared, and is left out."""
    crystals = many(12)
    path = _batch(tmp_path / "step_1.json.gz", crystals, -9.0)
    run("wren_wbm", "--from", path, "--symmetry", "moyopy")
    table = md.open("wren-wbm").table
    assert set(table.correction_scheme) == {"MaterialsProject2020Compatibility"}
    scheme = MaterialsProject2020Compatibility()
    for name in table.index:
        structure = to_structure(crystals, int(name.rpartition("-")[2]) - 1)
        given = _entry(structure, -9.0 * len(structure))
        entry = ComputedStructureEntry(structure, given["energy"], parameters=given["parameters"])
        expected = scheme.process_entry(entry).energy_per_atom
        assert table.energy_per_atom[name] == pytest.approx(expected, abs=1e-9)
        assert table.uncorrected_energy_per_atom[name] == pytest.approx(-9.0)
    assert (table.energy_per_atom < -9.01).any()
    ledger = md.open("wren-wbm").ledger
    assert {"wbm-1-13"} == {*ledger[ledger["reason"] == "no_correction"]["material_id"]}


def test_wbm_takes_hull_distances_from_the_summary(run, tmp_path):
    crystals = many(6)
    path = _batch(tmp_path / "step_1.json.gz", crystals, -9.0)
    columns = "e_form_per_atom_mp2020_corrected,e_above_hull_mp2020_corrected_ppd_mp"
    columns += ",unique_prototype"
    formulas = [to_structure(crystals, k).formula.replace(" ", "") for k in range(6)]
    lines = [f"wbm-1-{k + 1},{formulas[k]},{-0.1 * k},{0.01 * k},{k % 2 == 0}" for k in range(4)]
    lines.append("wbm-1-5,XeF2,0,0,True")
    summary = tmp_path / "summary.csv"
    summary.write_text("\n".join([f"material_id,formula,{columns}", *lines]) + "\n")
    run("wren_wbm", "--from", path, "--symmetry", "moyopy", "--summary", summary)
    table = md.open("wren-wbm").table
    assert len(table)
    assert {*table.index} <= {f"wbm-1-{k}" for k in range(1, 5)}
    for name in table.index:
        k = int(name[-1]) - 1
        assert table.formation_energy_per_atom[name] == pytest.approx(-0.1 * k)
        assert table.energy_above_hull[name] == pytest.approx(0.01 * k)
        assert table.unique_prototype[name] == (k % 2 == 0)
    ledger = md.open("wren-wbm").ledger.set_index("material_id")
    assert ledger.reason["wbm-1-5"] == "other_formula"
    assert ledger.reason["wbm-1-6"] == "not_selected"
    summary.write_text("material_id,formula\n")
    with pytest.raises(AssertionError, match="has no column e_"):
        run("wren_wbm", "--from", path, "--summary", summary)


def test_wbm_its_batches_and_the_union_with_mp(run, tmp_path):
    crystals = many(24)
    mp = write_jsonl(tmp_path / "mp.jsonl", crystals.take(slice(0, 15)))
    low = _batch(tmp_path / "step_1.json.gz", crystals.take(slice(10, 20)), -9.0)
    high = _batch(tmp_path / "step_2.json.gz", crystals.take(slice(18, 24)), 0.0)
    fast = ["--symmetry", "moyopy"]
    (made,) = run("wren_mp", "--from", mp, *fast)
    (wbm,) = run("wren_wbm", "--from", low, high, "--without", "wren-mp", *fast)
    dataset = md.open("wren-wbm")
    assert counts(wbm)["materials"] == (220751, len(dataset))
    assert len(dataset) < counts(wbm)["less than 500 Å^3 a site"][1]
    assert set(dataset.columns["batch"]) == {1, 2}
    assert dataset.ids[0] == "wbm-1-10"
    assert not {*dataset.columns["protostructure"]} & {*md.open("wren-mp").table["protostructure"]}
    (both,) = run("wren_mp_wbm", "--from", low, high, "--mp", mp, *fast)
    union = md.open("wren-mp-wbm")
    assert len(union) == len(set(union.columns["protostructure"]))
    expected = counts(made)["less than 500 Å^3 a site"][1] + len(dataset)
    assert counts(both)["materials"] == (322915, expected)
    parts = union.split("fixed-screening")
    assert {identity[:4] for identity in parts["test"]} == {"wbm-"}
    rejects = union.ledger
    assert (rejects["reason"] == "no_structure").sum() + (rejects["stage"] == "source").sum() >= 2


def test_oqmd_keeps_the_lowest_energy_of_a_composition(run, tmp_path):
    path = tmp_path / "oqmd.csv"
    rows = [f"Na{k}Cl,{-0.1 * k}" for k in range(1, 21)] + ["NaCl,-5", "Na2Cl2,-6"]
    path.write_text("\n".join(["formula,formation_energy_per_atom", *rows]))
    (result,) = run("roost_oqmd_formation_enthalpy", "--from", path)
    assert counts(result)["materials"] == (256620, 20)
    table = md.open(result["dataset"]).table.set_index("formula")
    assert table.loc["NaCl", "formation_energy_per_atom"] == -6


def test_published_parts_are_kept_row_by_row(run, tmp_path):
    home = tmp_path / "some_set"
    home.mkdir()
    for part, formulas in {
        "train": ["NaCl", "NaCl", "MgO"],
        "val": ["NaCl"],
        "test": ["K"],
    }.items():
        rows = [f"{formula},{k}" for k, formula in enumerate(formulas)]
        (home / f"{part}.csv").write_text("\n".join(["formula,target", *rows]))
    files = [home / f"{part}.csv" for part in ("train", "val", "test")]
    (result,) = run("lgdcnn_extended", "--from", *files)
    sizes = {part: len(ids) for part, ids in md.open("lgdcnn-some_set").split("published").items()}
    assert sizes == {"train": 3, "val": 1, "test": 1}
    assert result["splits"] == ["published"]


def test_matbench_refuses_a_table_that_has_lostrows(run, tmp_path, capsys):
    path = tmp_path / "steels.csv"
    path.write_text("formula,target\n" + "Fe,1\n" * 311)
    module = importlib.import_module("matdata_recipes.matbench_folds")
    arguments = ["--from", str(path)]
    assert common.run(module.recipe, "", arguments, module.arguments) == 1
    assert "311 rows, which is none of the tasks" in capsys.readouterr().err
    arguments += ["--task", "steel"]
    assert common.run(module.recipe, "", arguments, module.arguments) == 1
    assert "did you mean 'steels'" in capsys.readouterr().err
