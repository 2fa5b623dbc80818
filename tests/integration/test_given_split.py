"""Folders of train, val and test files: one dataset, its split `given`, ids that stay apart."""

from __future__ import annotations

import gzip
import json

import pandas as pd
import pytest
from support import files
from support.crystals import few

import matdata as md
from matdata.cli import main
from matdata.core.errors import SourceError
from matdata.sources.files import Files

pytestmark = pytest.mark.slow

FORMULAS = ["NaCl", "MgO", "Fe2O3", "LiF", "KBr", "CaO"]
PARTS = {"train": FORMULAS[:3], "val": FORMULAS[3:5], "test": FORMULAS[5:]}


def _frame(formulas, **more):
    gaps = [float(len(formula)) for formula in formulas]
    return pd.DataFrame({"formula": formulas, "gap": gaps, **more})


def _folder(path, ending, ids=None):
    path.mkdir()
    for part, formulas in PARTS.items():
        frame = _frame(formulas, **({"id": ids[part]} if ids else {}))
        name = path / f"{part}{ending}"
        if ending == ".parquet":
            frame.to_parquet(name)
        elif ending in (".jsonl", ".json"):
            frame.to_json(name, orient="records", lines=ending == ".jsonl")
        else:
            frame.to_csv(name, index=False)
    return path


def _built(path, tmp_path, **options):
    return md.build(path, cache=tmp_path / "cache", symmetry="none", **options)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".json", ".jsonl", ".parquet"])
def test_tables_of_parts_are_one_dataset_with_their_split(tmp_path, ending, capsys):
    folder = _folder(tmp_path / "mine", ending)
    arguments = ["build", str(folder), "--cache", str(tmp_path / "cache")]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    names = [f"{part}{ending}" for part in PARTS]
    assert f"{names[0]}, {names[1]} and {names[2]} make the split `given`" in out
    assert "split given: train 3, val 2, test 1" in out
    dataset = md.open("mine", cache=tmp_path / "cache")
    part_of = dict(zip(dataset.ids.tolist(), dataset.columns["part"], strict=True))
    assert part_of["test-0000000"] == "test"
    assert part_of["train-0000002"] == "train"
    assert len(part_of) == 6
    assert main(["info", "mine", "--cache", str(tmp_path / "cache")]) == 0
    assert "split given: train 3, val 2, test 1" in capsys.readouterr().out


def test_extended_xyz_and_folders_of_cifs(tmp_path):
    crystals = few()
    xyz, cifs = tmp_path / "xyz", tmp_path / "cifs"
    xyz.mkdir()
    for row, part in enumerate(PARTS):
        files.write_extxyz(xyz / f"{part}.extxyz", crystals.take([row]))
        (cifs / part).mkdir(parents=True)
        (cifs / part / "a.cif").write_text(files.cif(crystals, row))
        (cifs / part / "id_prop.csv").write_text(f"a,{row}.5\n")
    by_frame = _built(xyz, tmp_path)
    assert sorted(by_frame.columns["part"]) == ["test", "train", "val"]
    assert by_frame.ids.tolist() == sorted(crystals.ids[:3].tolist())
    by_file = _built(cifs, tmp_path)
    assert by_file.ids.tolist() == ["test/a", "train/a", "val/a"]
    assert by_file.columns["target"] == [2.5, 0.5, 1.5]
    assert by_file.columns["part"] == ["test", "train", "val"]
    assert by_file.splits()[0] == ["given"]


def test_row_numbers_and_shared_ids_stay_apart(tmp_path):
    numbers = {part: range(len(formulas)) for part, formulas in PARTS.items()}
    dataset = _built(_folder(tmp_path / "numbers", ".csv", numbers), tmp_path)
    assert dataset.ids.tolist() == [
        "test-0", "train-0", "train-1", "train-2", "val-0", "val-1"
    ]  # fmt: skip
    names = {"train": ["mp-1", "mp-2", "mp-3"], "val": ["mp-4", "mp-1"], "test": ["mp-5"]}
    dataset = _built(_folder(tmp_path / "names", ".jsonl", names), tmp_path)
    assert dataset.ids.tolist() == ["mp-2", "mp-3", "mp-4", "mp-5", "train-mp-1", "val-mp-1"]
    assert "1 ids are preceded by the name of their file" in dataset.manifest["note"]
    names["test"] = ["val-mp-1"]
    with pytest.raises(SourceError, match=r"'mp-1' is in several files, and val-mp-1 is an id"):
        _built(_folder(tmp_path / "clash", ".csv", names), tmp_path)


def test_the_same_crystal_in_two_parts_is_a_leak_that_no_deduplication_hides(tmp_path, capsys):
    folder = tmp_path / "leaky"
    folder.mkdir()
    crystals = few()
    files.write_csv(folder / "train.csv", crystals)
    files.write_csv(folder / "test.csv", crystals.take([0]))
    cache = str(tmp_path / "cache")
    assert main(["build", str(folder), "--dedupe", "polymorph", "--cache", cache]) == 0
    out = capsys.readouterr().out
    assert "lowest-energy polymorphs of each part" in out
    dataset = md.open("leaky", cache=cache)
    assert len(dataset) == len(crystals) + 1
    words = ["audit", "leaky", "--split", "given", "--cache", cache]
    assert main([*words, "--keys", "protostructure"]) == 0
    assert "perhaps the same material on both sides" in capsys.readouterr().err
    assert main([*words, "--near-duplicates"]) == 1
    assert "LEAKS" in capsys.readouterr().out


def test_what_is_asked_of_the_split(tmp_path):
    folder = _folder(tmp_path / "mine", ".csv")
    assert _built(folder, tmp_path, split="given").splits()[0] == ["given"]
    assert _built(folder, tmp_path).splits()[0] == ["given"]
    joined = _built(folder, tmp_path, parts="none", name="joined")
    assert "part" not in joined.columns
    assert len(joined) == 6
    assert "given" not in joined.splits()[0]
    with pytest.raises(md.IncompleteError, match="no split came with the data"):
        _built(folder / "train.csv", tmp_path, split="given")
    with pytest.raises(md.ConfigError, match="--group-by makes another one"):
        _built(folder, tmp_path, split="given", group_by=["formula"])
    small = Files(folder, limit=3)
    assert [chunk.table["part"] for chunk in small.chunks()] == [["train", "val", "test"]]


def test_parts_of_which_nothing_is_left_are_named(tmp_path, capsys):
    folder = _folder(tmp_path / "mine", ".csv")
    _frame(["Zz2"] * len(PARTS["test"])).to_csv(folder / "test.csv", index=False)
    asked = ["build", str(folder), "--cache", str(tmp_path / "cache")]
    assert main(asked) == 0
    assert "the split `given` has no test: no record" in capsys.readouterr().err
    _frame(["Zz2"] * len(PARTS["val"])).to_csv(folder / "val.csv", index=False)
    assert main([*asked, "--split", "given", "--allow-loss"]) == 3
    error = capsys.readouterr().err
    assert "no record of these files is left: val, test" in error
    assert "choose other ratios" not in error


def test_files_of_different_columns_are_refused(tmp_path):
    folder = _folder(tmp_path / "mine", ".csv")
    _frame(PARTS["test"]).rename(columns={"gap": "Gap"}).to_csv(folder / "test.csv", index=False)
    with pytest.raises(
        SourceError, match=r"train.csv and test.csv have different columns"
    ) as error:
        _built(folder, tmp_path)
    assert "only train.csv has gap; only test.csv has Gap" in str(error.value)


def test_columns_in_different_units_are_not_given_one_header(tmp_path):
    folder = _folder(tmp_path / "mine", ".csv")
    for part, unit in {"train": "eV", "test": "meV", "val": "eV"}.items():
        renamed = _frame(PARTS[part]).rename(columns={"gap": f"gap ({unit})"})
        renamed.to_csv(folder / f"{part}.csv", index=False)
    with pytest.raises(SourceError, match="gap in different units") as error:
        _built(folder, tmp_path)
    assert "convert the numbers" in str(error.value)


def test_own_columns_are_kept_beside_those_of_matdata(tmp_path):
    folder = _folder(tmp_path / "mine", ".csv")
    for part, formulas in PARTS.items():
        _frame(formulas, part="mine", part_given="too").to_csv(folder / f"{part}.csv", index=False)
    dataset = _built(folder, tmp_path)
    assert set(dataset.columns["part_given_given"]) == {"mine"}
    assert set(dataset.columns["part_given"]) == {"too"}
    path = tmp_path / "own.jsonl"
    structure = json.loads(
        files.write_jsonl(tmp_path / "x.jsonl", few()).read_text().split("\n")[0]
    )
    rows = [
        {**structure, "formula_given": "mine", "energy_per_atom": 7.0, "total": -3.0},
        {"id": "bare", "formula": "MgO", "formula_given": "mine", "energy_per_atom": 8.0},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    dataset = _built(path, tmp_path, energy="total/cell")
    assert dataset.columns["formula_given_given"] == ["mine", "mine"]
    assert sorted(dataset.columns["energy_per_atom_given"]) == [7.0, 8.0]


def test_shards_of_a_repository_are_one_table(tmp_path):
    home = tmp_path / "repo" / "data"
    home.mkdir(parents=True)
    (tmp_path / "repo" / "README.md").write_text("a card")
    for k in range(2):
        _frame(FORMULAS[2 * k : 2 * k + 2]).to_parquet(home / f"train-0000{k}-of-00002.parquet")
    _frame(FORMULAS[4:]).to_parquet(home / "validation-00000-of-00001.parquet")
    dataset = _built(tmp_path / "repo", tmp_path)
    assert dataset.ids.tolist() == [
        *(f"train-000000{k}" for k in range(4)), "val-0000000", "val-0000001"
    ]  # fmt: skip
    assert dataset.columns["part"] == ["train"] * 4 + ["val"] * 2


def test_a_number_that_no_float_holds_stays_as_it_is_written(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"formula": "NaCl", "note": 1e400}\n{"formula": "MgO", "note": "x"}\n')
    with gzip.open(tmp_path / "b.json.gz", "wt") as file:
        file.write('[{"formula": "NaCl", "a": {"note": -1e999}}]')
    assert next(Files(path).chunks()).table["note"] == ["1e400", "x"]
    assert next(Files(tmp_path / "b.json.gz").chunks()).table["a.note"] == ["-1e999"]
