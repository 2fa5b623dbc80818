"""Exports are opened by the programs that they are written for."""

from __future__ import annotations

import gzip
import inspect
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from support import mixed, rich

import matdata as md
from matdata.adapters.ase import to_atoms
from matdata.cli import main
from matdata.datasets.exporting import ExportRequest, export_dataset
from matdata.datasets.exports import hf, hf_files
from matdata.datasets.exports.content import Exported

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return rich.build(tmp_path_factory.mktemp("rich"))


def write(dataset: Any, path: Path, form: str, **options: Any) -> Path:
    return export_dataset(dataset, ExportRequest(path, form, **options)).path


@pytest.fixture
def load_dataset(tmp_path, monkeypatch):
    """The library, without network and with a cache of its own."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    return lambda *words: datasets.load_dataset(
        *map(str, words), cache_dir=str(tmp_path / "hf-cache")
    )


@pytest.mark.slow
def test_load_dataset_opens_the_folder(dataset, tmp_path, load_dataset, monkeypatch):
    monkeypatch.setattr(hf_files, "SHARD_ROWS", 3)
    dataset.featurize("fractions", "ofm", workers=1)
    folder = write(dataset, tmp_path / "hf", "hf", features=("fractions", "ofm"))
    opened = load_dataset(folder)
    split = dataset.split("70-15-15-seed0")
    names = {"train": "train", "val": "validation", "test": "test"}
    assert {name: len(opened[name]) for name in opened} == {
        names[part]: len(ids) for part, ids in split.items()
    }
    assert len(list((folder / "data").glob("train-*-of-00003.parquet"))) == 3
    for part, ids in split.items():
        assert opened[names[part]]["material_id"][:] == ids
    row = opened["train"][0]
    crystal = dataset.crystal(row["material_id"])
    np.testing.assert_array_equal(row["lattice"], crystal.lattice[0])
    np.testing.assert_array_equal(row["frac_coords"], crystal.frac_coords)
    np.testing.assert_allclose(row["positions"], to_atoms(crystal).positions, atol=1e-12)
    assert row["numbers"] == crystal.numbers.tolist()
    assert row["species"] == to_atoms(crystal).get_chemical_symbols()
    assert row["hardness"] == dataset[row["material_id"]]["hardness"]
    np.testing.assert_array_equal(row["ofm"], dataset.feature("ofm")[row["material_id"]])
    np.testing.assert_array_equal(
        row["fractions"], dataset.feature("fractions")[row["material_id"]]
    )


@pytest.mark.slow
def test_load_dataset_opens_each_of_several_splits(tmp_path, load_dataset, monkeypatch):
    monkeypatch.setattr(hf_files, "SHARD_ROWS", 3)
    some = rich.build(tmp_path)
    some.folds(method="kfold", set={"k": 3})
    folder = write(some, tmp_path / "hf", "hf", split="70-15-15-seed0,kfold3-seed0")
    called = {"train": "train", "val": "validation", "test": "test"}
    names = [one for one in some.split_names() if one.startswith("kfold")]
    assert len(names) == 3
    for name in (None, "70-15-15-seed0", *names):
        opened = load_dataset(folder, *filter(None, [name]))
        split = some.split(name or "70-15-15-seed0")
        assert {
            k: sorted(opened[v]["material_id"][:]) for k, v in called.items() if v in opened
        } == {part: list(ids) for part, ids in split.items()}
    rows = [pq.read_metadata(path).num_rows for path in (folder / "data").iterdir()]
    assert sum(rows) == len(some)  # none is written twice
    losses = json.loads((folder / "matdata.json").read_text())["losses"]
    assert [one["of"] for one in losses] == [names]
    again = md.build(folder, cache=tmp_path / "c", workers=1, name="rich")
    given = {part: list(ids) for part, ids in again.split("given").items()}
    assert given == dict(some.split("70-15-15-seed0").items())
    md.card(some, output=folder)
    assert len(load_dataset(folder, names[1])["test"]) == len(some.split(names[1])["test"])


def test_the_first_of_several_splits_has_all_materials(tmp_path):
    some = rich.build(tmp_path)
    ids = {part: some.ids[[k]].tolist() for k, part in enumerate(("train", "val", "test"))}
    (tmp_path / "ids.json").write_text(json.dumps(ids))
    some.split(method="fixed", set={"file": str(tmp_path / "ids.json")}, name="few")
    with pytest.raises(md.ConfigError, match="few leaves out materials that another split has"):
        write(some, tmp_path / "hf", "hf", split="few,70-15-15-seed0")
    folder = write(some, tmp_path / "hf", "hf", split="70-15-15-seed0,few")
    text = (folder / "README.md").read_text()
    assert '- config_name: "few"' in text


@pytest.mark.slow
def test_names_of_splits_that_yaml_takes_for_other_values(tmp_path, load_dataset, monkeypatch):
    """Four splits of which each divides the rows anew, in files of which few are open at a time."""
    monkeypatch.setattr(hf, "OPEN_FILES", 2)
    some = rich.build(tmp_path, split=None)
    for seed, name in enumerate(("yes", "2024", "null", "1e3")):
        some.split(seed=seed, name=name)
    folder = write(some, tmp_path / "hf", "hf", split="yes,2024,null,1e3")
    assert len(list((folder / "data").iterdir())) > 4
    for name in ("yes", "2024", "null", "1e3"):
        opened, split = load_dataset(folder, name), some.split(name)
        assert sorted(opened["test"]["material_id"]) == sorted(split["test"])
        assert sorted(opened["train"]["material_id"]) == sorted(split["train"])


def test_splits_that_divide_rows_among_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(hf_files, "MOST_GROUPS", 3)
    some = rich.build(tmp_path, split="70/15/15")
    some.split(seed=1, name="other")
    with pytest.raises(md.ConfigError, match=r"2 splits divide the rows among . files"):
        write(some, tmp_path / "hf", "hf", split="70-15-15-seed0,other")
    assert not (tmp_path / "hf").exists()


@pytest.mark.slow
def test_load_dataset_opens_materials_without_a_structure(tmp_path, load_dataset):
    path = mixed.write_csv(tmp_path / "some.csv", mixed.rows(9))
    some = md.build(path, cache=tmp_path / "c", split=None, workers=1, dedupe="none")
    opened = load_dataset(write(some, tmp_path / "hf", "hf"))
    assert list(opened) == ["train"]
    bare = [row["material_id"] for row in opened["train"] if row["lattice"] is None]
    assert bare == mixed.bare_ids(mixed.rows(9))


def test_the_card_has_licence_splits_and_losses(dataset, tmp_path):
    yaml = pytest.importorskip("yaml")
    folder = write(dataset, tmp_path / "hf", "hf")
    text = (folder / "README.md").read_text()
    header = yaml.safe_load(text.split("---\n")[1])
    assert header["license"] == "cc-by-4.0"
    assert header["size_categories"] == ["n<1K"]
    assert header["configs"] == [
        {
            "config_name": "default",
            "data_files": [
                {"split": name, "path": f"data/{name}-*"}
                for name in ("train", "validation", "test")
            ],
        }
    ]
    assert "A. Author, 2024" in text
    assert "| `hardness` | GPa | yes |" in text
    assert dataset.digest in text
    note = json.loads((folder / "matdata.json").read_text())
    assert note["losses"] == []
    assert note["content_digest"] == Exported(dataset).content_digest
    assert note["provenance"]["made_from"] == dataset.manifest["made_from"]


def test_the_parts_of_the_folder_are_the_split(dataset, tmp_path):
    folder = write(dataset, tmp_path / "hf", "hf")
    again = md.build(folder, cache=tmp_path / "c", workers=1, name="rich")
    given, split = again.split("given"), dataset.split("70-15-15-seed0")
    assert {part: list(ids) for part, ids in given.items()} == dict(split.items())
    third = write(again, tmp_path / "third", "hf", split="given")

    names = pq.read_schema(next(iter((third / "data").glob("train-*")))).names
    assert "part" not in names


def test_several_splits_must_be_named(tmp_path, capsys):
    some = rich.build(tmp_path)
    some.folds(method="kfold", set={"k": 3})
    out, cache = str(tmp_path / "out"), ["--cache", str(some.cache)]
    assert main(["export", "rich", out, "--format", "hf", *cache]) == 1
    assert "several splits are saved: 70-15-15-seed0, " in capsys.readouterr().err
    assert main(["export", "rich", out, "--format", "csv", "--split", "x", *cache]) == 1
    assert "csv holds no split" in capsys.readouterr().err
    assert main(["export", "rich", out, "--format", "matbench", "--split", "kfold", *cache]) == 1
    message = capsys.readouterr().err
    assert "has no split or folds 'kfold'" in message
    family = re.search(r"saved: 70-15-15-seed0, (\S+);", message)[1]
    written = write(some, tmp_path / "mb", "matbench", split=family)
    validation = json.loads((written / "rich_validation.json").read_text())
    folds = validation["splits"]["rich"]
    assert list(folds) == ["fold_0", "fold_1", "fold_2"]
    assert sorted(one for fold in folds.values() for one in fold["test"]) == some.ids.tolist()
    for fold in folds.values():
        assert sorted([*fold["train"], *fold["test"]]) == some.ids.tolist()


def test_matminer_reads_the_data_set(dataset, tmp_path):
    io = pytest.importorskip("matminer.utils.io")
    folder = write(dataset, tmp_path / "mb", "matbench")
    table = io.load_dataframe_from_json(str(folder / "rich.json.gz"), pbar=False)
    assert table.index.tolist() == dataset.ids.tolist()
    first = table.iloc[0]
    assert first["structure"] == dataset.structure(dataset.ids[0])
    assert first["hardness (GPa)"] == dataset.columns["hardness"][0]
    with gzip.open(folder / "rich.json.gz", "rt") as file:
        assert list(json.load(file)) == ["index", "columns", "data"]


def backends_of_ase():
    """`ase.db.connect`, which opens databases of other packages from some version on."""
    connect = pytest.importorskip("ase.db").connect
    pytest.importorskip("ase_db_backends")
    if "db_kwargs" not in inspect.signature(connect).parameters:
        pytest.skip("this ASE opens no databases of other packages")
    return connect


def test_ase_and_its_backend_read_the_database(dataset, tmp_path):
    connect = backends_of_ase()
    path = write(dataset, tmp_path / "out.aselmdb", "aselmdb")
    assert [one.name for one in tmp_path.iterdir()] == ["out.aselmdb"]
    with connect(str(path), type="aselmdb", readonly=True, use_lock_file=False) as database:
        assert len(database) == len(dataset)
        assert database.metadata["key_descriptions"]["hardness"][2] == "GPa"
        for row, identity in zip(database.select(), dataset.ids, strict=True):
            atoms, crystal = row.toatoms(), dataset.crystal(identity)
            assert row.material_id == identity == row.data["material_id"]
            assert row.key_value_pairs["hardness"] == row.data["hardness"]
            np.testing.assert_array_equal(atoms.numbers, crystal.numbers)
            np.testing.assert_allclose(atoms.cell.array, crystal.lattice[0], rtol=0)
            np.testing.assert_allclose(
                atoms.get_scaled_positions(wrap=False), crystal.frac_coords, atol=1e-12
            )
        assert [row.material_id for row in database.select("hardness>2")] == [
            one
            for one, value in zip(dataset.ids, dataset.columns["hardness"], strict=True)
            if value > 2
        ]


def test_a_database_of_the_backend_itself_is_built(tmp_path):
    from ase import Atoms

    connect = backends_of_ase()
    path = tmp_path / "theirs.aselmdb"
    with connect(str(path), type="aselmdb", use_lock_file=False) as database:
        for k in range(12):
            salt = Atoms(
                "NaCl", scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]], cell=[3 + k / 9] * 3
            )
            salt.pbc = k != 7
            data = {"forces": np.full((2, 3), 0.5 * k), "note": f"n{k}"}
            database.write(salt, key_value_pairs={"gap": 0.5 * k, "sid": f"s{k}"}, data=data)
    theirs = md.build(path, cache=tmp_path / "c", split=None, workers=1, id_col="sid")
    assert sorted(theirs.ids) == sorted(f"s{k}" for k in range(12) if k != 7)
    assert theirs["s10"]["gap"] == 5.0
    assert theirs["s10"]["note"] == "n10"
    assert theirs["s10"]["forces"] == [[5.0] * 3] * 2
    (reject,) = theirs.rejects()
    assert (reject.material_id, reject.reason) == ("s7", "not_periodic")


@pytest.mark.parametrize("damage", ["cut", "other", "empty"])
def test_damaged_databases_are_refused(damage, dataset, tmp_path):
    path = write(dataset, tmp_path / "out.aselmdb", "aselmdb")
    content = {"cut": path.read_bytes()[:9000], "other": b"x" * 9000, "empty": b""}[damage]
    path.write_bytes(content)
    with pytest.raises(md.SourceError, match="no readable LMDB file"):
        md.build(path, cache=tmp_path / "c", split=None, workers=1)


def test_a_row_that_unpacks_to_too_much_is_left_out(dataset, tmp_path):
    import zlib

    lmdb = pytest.importorskip("lmdb")
    path = write(dataset, tmp_path / "out.aselmdb", "aselmdb")
    with (
        lmdb.open(str(path), subdir=False, lock=False, map_size=1 << 26) as database,
        database.begin(write=True) as transaction,
    ):
        transaction.put(b"3", zlib.compress(b'"' + b"x" * (40 << 20) + b'"'))
        transaction.put(b"4", b"not zlib")
        transaction.put(b"5", zlib.compress(b"[" * 5000))
    again = md.build(path, cache=tmp_path / "c", split=None, workers=1)
    assert len(again) == len(dataset) - 3
    assert {one.reason for one in again.rejects()} == {"unreadable"}


def test_pytorch_geometric_opens_the_folder(dataset, tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_geometric")
    folder = write(dataset, tmp_path / "pyg", "pyg")
    readme = (folder / "README.md").read_text()
    (snippet,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    names: dict[str, Any] = {}
    exec(snippet, names)  # what a user copies from the README
    graphs = names["Crystals"](folder)
    assert len(graphs) == len(dataset)
    targets = re.search(r"columns of `y`: (.*)\.", readme)[1].replace("`", "").split(", ")
    for k, identity in enumerate(dataset.ids):
        graph, crystal = graphs[k], dataset.crystal(identity)
        assert graph.z.tolist() == crystal.numbers.tolist()
        np.testing.assert_allclose(graph.pos, to_atoms(crystal).positions, atol=1e-5)
        np.testing.assert_allclose(graph.cell[0], crystal.lattice[0], rtol=1e-6)
        assert graph.num_nodes == len(crystal.numbers)
        band_gap = dataset.columns["band_gap"][k]
        learned = float(graph.y[0, targets.index("band_gap")])
        assert np.isnan(learned) if band_gap is None else learned == pytest.approx(band_gap)
    from torch_geometric.loader import DataLoader

    batch = next(iter(DataLoader(graphs, batch_size=5)))
    assert batch.y.shape == (5, len(targets))
    assert batch.pos.dtype is torch.float32


def test_the_optimade_tools_accept_the_answer(dataset, tmp_path):
    models = pytest.importorskip("optimade.models")
    structures = pytest.importorskip("optimade.adapters.structures")
    path = write(dataset, tmp_path / "out.json", "optimade")
    answer = models.StructureResponseMany(**json.loads(path.read_text()))
    assert answer.meta.data_returned == len(answer.data) == len(dataset)
    for entry, identity in zip(answer.data, dataset.ids, strict=True):
        assert entry.id == identity
        theirs = structures.Structure(entry.model_dump()).as_pymatgen
        ours = dataset.structure(identity)
        assert theirs.composition == ours.composition
        np.testing.assert_allclose(theirs.lattice.matrix, ours.lattice.matrix, rtol=1e-12)
        np.testing.assert_allclose(theirs.frac_coords, ours.frac_coords, atol=1e-9)
    by_service = md.build("optimade", from_=path, cache=tmp_path / "c", split=None, workers=1)
    assert by_service.ids.tolist() == dataset.ids.tolist()


def test_entries_that_contradict_themselves_are_left_out(dataset, tmp_path):
    path = write(dataset, tmp_path / "out.json", "optimade")
    answer = json.loads(path.read_text())
    first, second, third, *_ = answer["data"]
    first["attributes"]["_matdata_frac_coords"][0][0] += 0.25
    second["attributes"]["structure_features"] = ["disorder"]
    third["type"] = "references"
    path.write_text(json.dumps(answer))
    again = md.build(path, cache=tmp_path / "c", split=None, workers=1)
    assert len(again) == len(dataset) - 3
    reasons = {one.material_id: one.reason for one in again.rejects()}
    assert reasons[first["id"]] == "contradiction"
    assert reasons[second["id"]] == "disordered"


def test_materials_of_no_part_and_a_column_of_parts_are_declared(tmp_path):
    from matdata.splits.base import Split
    from matdata.splits.saved import save_splits

    path = tmp_path / "some.json"
    records = [{**one, "part": f"p{k}"} for k, one in enumerate(rich.records(6))]
    path.write_text(json.dumps(records))
    some = md.build(path, cache=tmp_path / "c", split=None, workers=1, name="some")
    parts = {"train": some.ids[:3], "test": some.ids[4:]}
    save_splits(some, [Split("mine", "fixed", {}, parts)])
    written = export_dataset(some, ExportRequest(tmp_path / "hf", "hf"))
    losses = {loss["aspect"]: loss["of"] for loss in written.losses}
    assert losses == {"rows": ["mine"], "names": ["part"]}
    again = md.build(written.path, cache=tmp_path / "d", workers=1, name="some")
    assert again.ids.tolist() == [*some.ids[:3], *some.ids[4:]]
    assert again.columns["part_given"] == ["p0", "p1", "p2", "p4", "p5"]
    assert set(again.split("given")["test"]) == set(some.ids[4:].tolist())
    with pytest.raises(md.ConfigError, match="without features, --split"):
        ExportRequest(tmp_path / "a.jsonl", snapshot=True, split="mine")
