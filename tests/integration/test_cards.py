"""`matdata card`: a README and a Croissant file beside the data, which other programs take."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import yaml
from support import rich

import matdata as md
from matdata.cli import main
from matdata.core.cache import storage_error
from matdata.datasets.cards.datasheet import UNKNOWN, code, text
from matdata.store import files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return rich.build(tmp_path_factory.mktemp("rich"), split="60/20/20")


@pytest.fixture(scope="module")
def folder(dataset, tmp_path_factory):
    path = tmp_path_factory.mktemp("cards") / "card"
    assert main(["card", "rich", "--output", str(path), "--cache", str(dataset.cache)]) == 0
    return path


def test_a_new_folder_gets_data_and_card(dataset, folder):
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    parts = {f"data/{part}-00000-of-00001.parquet" for part in ("train", "validation", "test")}
    assert written == {"README.md", "croissant.json", "matdata.json", *parts}
    again = md.card(dataset, folder)
    assert (again.exported, set(again.data)) == (False, parts)


def test_every_file_has_its_digest(folder):
    document = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    objects = [one for one in document["distribution"] if one["@type"] == "cr:FileObject"]
    assert len(objects) == 3
    for one in objects:
        data = (folder / one["contentUrl"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(data).hexdigest()
        assert one["contentSize"] == f"{len(data)} B"
    note = json.loads((folder / "matdata.json").read_text(encoding="utf-8"))
    for name, (_, digest) in note["files"].items():
        assert digest == hashlib.sha256((folder / name).read_bytes()).hexdigest(), name


def test_mlcroissant_validates_it_and_reads_the_records(dataset, folder):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is of the group bench")
    opened = mlcroissant.Dataset(str(folder / "croissant.json"))
    assert not opened.metadata.ctx.issues.errors
    split = dataset.split()
    (parts,) = [one for one in opened.metadata.record_sets if one.id == "splits"]
    assert [one["splits/url"] for one in parts.data] == [
        "cr:TrainingSplit", "cr:ValidationSplit", "cr:TestSplit",
    ]  # fmt: skip
    found: dict[str, set[str]] = {}
    columns = {}
    names = {field.id: field.name for one in opened.metadata.record_sets for field in one.fields}
    for record in opened.records("materials"):
        by_name = {names[key]: value for key, value in record.items()}
        identity = by_name["material_id"].decode()
        found.setdefault(by_name["split"].decode(), set()).add(identity)
        columns[identity] = by_name
    called = {"train": "train", "val": "validation", "test": "test"}
    assert found == {called[part]: set(ids) for part, ids in split.items()}
    for row, identity in enumerate(dataset.ids.tolist()):
        assert columns[identity]["hardness"] == dataset.columns["hardness"][row]
        lattice = dataset.crystal(identity).lattice[0].tolist()
        assert columns[identity]["lattice"] == lattice


def test_the_readme_has_the_header_and_answers_from_the_manifest(dataset, folder):
    readme = (folder / "README.md").read_text(encoding="utf-8")
    _, head, body = readme.split("---\n", 2)
    header = yaml.safe_load(head)
    assert header["license"] == "cc-by-4.0"
    assert [one["split"] for one in header["configs"][0]["data_files"]] == [
        "train", "validation", "test",
    ]  # fmt: skip
    for words in ("CC-BY-4.0", "A. Author, 2024", "Crystals for tests", "60-20-20-seed0",
                  dataset.digest, "min_distance=0.5"):  # fmt: skip
        assert words in body, words
    assert UNKNOWN in body


def test_other_programs_and_matdata_read_the_folder(dataset, folder, tmp_path):
    built = md.build(folder, cache=tmp_path, name="again", workers=1)
    assert sorted(built.ids) == sorted(dataset.ids)
    assert {part: set(ids) for part, ids in built.split("given").items()} == {
        part: set(ids) for part, ids in dataset.split().items()
    }


def test_hugging_face_opens_the_folder_without_a_warning(dataset, folder, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets", reason="datasets is of the group bench")
    said: list[str] = []
    heard = logging.Handler()
    heard.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("datasets")
    monkeypatch.setattr(logger, "handlers", [*logger.handlers, heard])
    export = tmp_path / "hf"
    md.export(dataset, export, format="hf")
    for path in (folder, export):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            opened = datasets.load_dataset(str(path), cache_dir=str(tmp_path / "cache"))
        assert {part: len(rows) for part, rows in opened.items()} == {
            "train": 7, "validation": 3, "test": 2,
        }  # fmt: skip
        stated = datasets.load_dataset_builder(str(path), cache_dir=str(tmp_path / "cache"))
        for part, rows in opened.items():  # of what matdata states the library takes both
            split = stated.info.splits[part]
            assert split.num_examples == len(rows)
            assert split.num_bytes == pytest.approx(rows.data.nbytes, rel=0.1)  # as it is in Arrow
    assert not said


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_single_file_has_its_card_beside_it(dataset, ending, tmp_path, capsys):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is of the group bench")
    path = tmp_path / f"mine.{ending}"
    cache = ["--cache", str(dataset.cache)]
    assert main(["card", "rich", "--output", str(path), *cache]) == 0
    said = capsys.readouterr().out
    names = {f"mine.{ending}{more}" for more in ("", ".README.md", ".croissant.json")}
    assert {one.name for one in tmp_path.iterdir()} == names
    assert "1 file" in said
    document = json.loads((tmp_path / f"mine.{ending}.croissant.json").read_text("utf-8"))
    (one,) = document["distribution"]
    assert one["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    opened = mlcroissant.Dataset(str(tmp_path / f"mine.{ending}.croissant.json"))
    assert not opened.metadata.ctx.issues.errors
    names_of = {field.id: field.name for r in opened.metadata.record_sets for field in r.fields}
    records = [{names_of[k]: v for k, v in row.items()} for row in opened.records("materials")]
    assert [one["material_id"].decode() for one in records] == dataset.ids.tolist()
    hardness = "hardness" if ending == "parquet" else "hardness (GPa)"
    assert [one[hardness] for one in records] == pytest.approx(list(dataset.columns["hardness"]))
    assert [bool(one["metal"]) for one in records] == list(dataset.columns["metal"])
    readme = (tmp_path / f"mine.{ending}.README.md").read_text(encoding="utf-8")
    _, head, body = readme.split("---\n", 2)
    header = yaml.safe_load(head)
    assert header["configs"][0]["data_files"] == [{"split": "train", "path": f"mine.{ending}"}]
    assert ("dataset_info" in header) == (ending == "parquet")
    assert f'pd.read_{ending}("mine.{ending}")' in body
    assert hardness in body
    again = dataset.card(path)
    assert (again.exported, again.path) == (False, path)
    assert again.files == (f"mine.{ending}.README.md", f"mine.{ending}.croissant.json")


def test_a_file_that_is_not_the_export_has_no_card(dataset, tmp_path):
    dataset.featurize("fractions")
    path = tmp_path / "mine.csv"
    md.export(dataset, path, features="fractions")
    with pytest.raises(md.StoreError, match="has other features"):
        dataset.card(path)
    assert dataset.card(path, features="fractions").data == ("mine.csv",)
    (tmp_path / "mine.csv.README.md").write_text("Ours.")
    with pytest.raises(md.StoreError, match="is there already, and says something else"):
        dataset.card(path, features="fractions")
    path.write_text(f"{path.read_text('utf-8')}more\n", encoding="utf-8")
    with pytest.raises(md.StoreError, match="is not what an export of rich@"):
        dataset.card(path, features="fractions")
    for name, why in (("mine.npz", "end the name in one of .parquet, .csv"), ("x.csv", "no split")):
        with pytest.raises(md.ConfigError, match=why):
            dataset.card(tmp_path / name, split="60-20-20-seed0")
    assert {one.name for one in tmp_path.iterdir()} == {
        "mine.csv", "mine.csv.README.md", "mine.csv.croissant.json",
    }  # fmt: skip


def test_an_export_can_take_the_place_of_a_folder_with_a_card(dataset, tmp_path):
    path = tmp_path / "hf"
    md.export(dataset, path, format="hf")
    md.card(dataset, path)
    md.export(dataset, path, format="hf")
    assert not (path / "croissant.json").exists()


def test_equal_datasets_give_equal_cards(dataset, folder, tmp_path):
    other = tmp_path / "other"
    md.card(dataset, other)
    for name in ("README.md", "croissant.json", "matdata.json"):
        assert (other / name).read_bytes() == (folder / name).read_bytes(), name


def test_what_is_no_export_of_the_dataset_is_refused_and_left_alone(dataset, tmp_path):
    alien = tmp_path / "alien"
    alien.mkdir()
    (alien / "mine.txt").write_text("mine")
    with pytest.raises(md.StoreError, match="holds no export"):
        md.card(dataset, alien)
    changed = tmp_path / "changed"
    md.card(dataset, changed)
    with pytest.raises(md.ConfigError, match="has its data already"):
        md.card(dataset, changed, split="60-20-20-seed0")
    (changed / "data" / "more.parquet").write_bytes(b"?")
    with pytest.raises(md.StoreError, match="not those of its export: data/more"):
        md.card(dataset, changed)
    assert [path.name for path in alien.iterdir()] == ["mine.txt"]


def test_an_edited_card_is_not_overwritten(dataset, tmp_path):
    md.card(dataset, tmp_path / "card")
    readme = tmp_path / "card" / "README.md"
    readme.write_text(f"{readme.read_text(encoding='utf-8')}\nOurs.\n", encoding="utf-8")
    with pytest.raises(md.StoreError, match=r"README\.md as somebody edited it"):
        md.card(dataset, tmp_path / "card")
    assert readme.read_text(encoding="utf-8").endswith("Ours.\n")


def test_what_a_killed_card_left_is_removed(dataset, tmp_path):
    md.card(dataset, tmp_path / "card")
    readme = tmp_path / "card" / "README.md"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    mine, own = files.temporary_beside(readme), f"-{os.getpid()}-"
    left = mine.with_name(mine.name.replace(own, f"-{dead.pid}-"))
    left.write_text("half")
    assert md.card(dataset, tmp_path / "card").files == ("README.md", "croissant.json")
    assert not left.exists()


def test_texts_of_users_are_no_markup():
    evil = "<script>alert(1)</script> | `x` [a](javascript:b) # *b*\nnew"
    for shown in (text(evil), code(evil)):
        assert "\n" not in shown
        assert "|" not in shown.replace("\\|", "")
    assert "<script>" not in text(evil)
    assert "[a](" not in text(evil)


def test_an_error_of_writing_names_no_file_of_our_own():
    arrow = OSError(errno.EACCES, "Failed to open local file '/lab/.tmp-1-x.parquet'. Detail: 13")
    error = storage_error(arrow, Path("/lab/x.parquet"), named=True)
    assert str(error.what) == f"cannot write to /lab/x.parquet: {os.strerror(errno.EACCES)}"
