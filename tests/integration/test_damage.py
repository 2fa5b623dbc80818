"""Damaged artefacts: no command says that all is well, and what can be made again is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support import killing
from support.crystals import many
from support.files import write_csv

import matdata as md
from matdata.cli import main

pytestmark = pytest.mark.slow

FEATURES = "fractions,lattice"


def build(cache, *more):
    source = cache.parent / "some.csv"
    work = ["--workers", "1", "--shard-rows", "100", "--symmetry", "none"]
    asked = ["build", str(source), "--features", FEATURES, *work]
    return main([*asked, "--cache", str(cache), *more])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A cache with all kinds of artefacts, and a run."""
    home = tmp_path_factory.mktemp("whole")
    write_csv(home / "some.csv", many(520))
    cache = home / "cache"
    assert build(cache, "--quiet") == 0
    asked = ["featurize", "some", FEATURES, "--store", "hdf5", "--shard-rows", "150", "--quiet"]
    assert main([*asked, "--cache", str(cache)]) == 0
    assert train(cache, "first", "--quiet") == 0
    return home


def train(cache, name, *more):
    target = ["--target", "energy_per_atom", "--epochs", "1", "--threads", "1", "--name", name]
    return main(["train", "example", "some", *target, *more, "--cache", str(cache)])


@pytest.fixture
def cache(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "copy")
    return tmp_path / "copy" / "cache"


def artefacts(folder: Path) -> dict[str, bytes]:
    """Every byte but those of receipts, and of what was asked for last."""
    found = killing.artefacts(folder)
    return {name: content for name, content in found.items() if not name.endswith("latest.json")}


KINDS = {
    "snapshot": "snapshots/files/local-*",
    "dataset": "datasets/some/local-*",
    "zarr": "features/some@*/lattice-*",
    "hdf5": "features/some@*/fractions-*",
}


def folder_of(cache: Path, kind: str) -> Path:
    folders = [path for path in cache.glob(KINDS[kind]) if path.is_dir()]
    if kind in ("zarr", "hdf5"):
        suffix = {"zarr": ".zarr", "hdf5": ".h5"}[kind]
        folders = [path for path in folders if list(path.glob(f"shards/*{suffix}"))]
    (folder,) = folders
    return folder


def data_files(folder: Path) -> list[Path]:
    names = json.loads((folder / "manifest.json").read_text())["files"]
    return [folder / name for name in sorted(names)]


def flip(folder):
    path = max(data_files(folder), key=lambda path: path.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(folder):
    path = max(data_files(folder), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-7])


def truncate_table(folder):
    path = next(path for path in data_files(folder) if path.suffix == ".parquet")
    path.write_bytes(path.read_bytes()[:20])


def cut_table(folder):
    path = folder / "table.parquet"
    path.write_bytes(path.read_bytes()[:-20])


def remove_one(folder):
    data_files(folder)[-1].unlink()


def remove_half(folder):
    for path in data_files(folder)[::2]:
        path.unlink()


def remove_manifest(folder):
    (folder / "manifest.json").unlink()


def edit_manifest(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"files"', '"FILES"', 1))


def cut_receipt(folder):
    path = folder / "receipt.json"
    path.write_text(path.read_text()[:10])


DAMAGES = (
    flip,
    truncate,
    truncate_table,
    remove_one,
    remove_half,
    remove_manifest,
    edit_manifest,
    cut_receipt,
)
OF_FILES = (flip, truncate, remove_one, remove_half)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_the_command_that_made_it_repairs_it(kind, damage, whole, cache, capsys):
    folder = folder_of(cache, kind)
    before = {path: path.read_bytes() for path in data_files(folder)}
    nodes = {path: path.stat().st_ino for path in before}
    damage(folder)
    kept = [path for path, old in before.items() if path.exists() and path.read_bytes() == old]
    if kind == "hdf5":
        asked = ["featurize", "some", "fractions", "--store", "hdf5", "--shard-rows", "150"]
        code = main([*asked, "--cache", str(cache), "--json"])
    else:
        code = build(cache, "--json")
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert not json.loads(printed.out)["unchanged"]
    assert "repaired" in printed.out
    assert artefacts(cache) == artefacts(whole / "cache")
    assert [path.stat().st_ino for path in kept] == [nodes[path] for path in kept]
    assert main(["verify", "--cache", str(cache), "--quiet"]) == 0
    assert not list(cache.rglob(".building-*"))


@pytest.mark.parametrize("damage", OF_FILES, ids=lambda damage: damage.__name__)
def test_featurize_and_split_repair_the_dataset_first(damage, whole, cache, capsys):
    for command in (["featurize", "some", "lattice"], ["split", "some", "--seed", "0"]):
        damage(folder_of(cache, "dataset"))
        assert main([*command, "--cache", str(cache)]) == 0
        assert "is damaged" in (text := capsys.readouterr().err) or "is missing" in text
        here, there = (folder_of(home, "dataset") for home in (cache, whole / "cache"))
        assert artefacts(here) == artefacts(there)


READERS = {
    "train": ["train", "example", "some", "--target", "energy_per_atom", "--epochs", "1"],
    "export": ["export", "some", "OUT.npz", "--features", "fractions"],
    "predict": ["predict", "first", "some"],
    "evaluate": ["evaluate", "first", "--no-pictures"],
}


#: Damage of what all of them read: every shard of a feature, and the table of the dataset.
READ = [("hdf5", damage) for damage in OF_FILES] + [("dataset", cut_table)]


@pytest.mark.parametrize(("kind", "damage"), READ, ids=lambda one: getattr(one, "__name__", one))
@pytest.mark.parametrize("name", READERS)
def test_readers_refuse_and_repair_when_asked(name, kind, damage, whole, cache, capsys, tmp_path):
    damage(folder_of(cache, kind))
    command = [word.replace("OUT", str(tmp_path / "out")) for word in READERS[name]]
    command += ["--cache", str(cache), "--json"]
    assert main(command) == 1
    failed = json.loads(capsys.readouterr().out)
    assert failed["error"]["kind"] == "DamageError"
    assert "--repair" in failed["error"]["next_step"]
    assert main([*command, "--repair"]) == 0, capsys.readouterr().err
    here, there = (folder_of(home, kind) for home in (cache, whole / "cache"))
    assert artefacts(here) == artefacts(there)


def test_a_finished_training_does_not_overlook_damage(cache, capsys):
    assert train(cache, "first") == 0
    assert "unchanged" in capsys.readouterr().out
    flip(folder_of(cache, "hdf5"))
    assert train(cache, "first") == 1
    assert "--repair" in capsys.readouterr().err
    assert train(cache, "first", "--repair") == 0
    assert md.repair("some", cache) == []


def test_a_damaged_manifest_of_a_dataset_names_its_build(cache, capsys):
    edit_manifest(folder_of(cache, "dataset"))
    for words in (["featurize", "some", "lattice"], ["split", "some"], READERS["train"]):
        assert main([*words, "--cache", str(cache), "--repair"]) == 1
        assert "`matdata build` that made it" in capsys.readouterr().err


def test_a_dataset_whose_snapshot_is_gone_cannot_be_made_again(cache, capsys):
    shutil.rmtree(cache / "snapshots")
    flip(folder_of(cache, "dataset"))
    before = artefacts(cache)
    assert main(["featurize", "some", "lattice", "--cache", str(cache)]) == 1
    error = capsys.readouterr().err
    assert "its snapshot is not in this cache" in error
    assert "`matdata build` that made it" in error
    assert artefacts(cache) == before
    with pytest.raises(md.DamageError, match="cannot be made again"):
        md.repair("some", cache)
    assert build(cache, "--quiet") == 0


def test_what_is_made_again_and_differs_replaces_nothing(cache, capsys, monkeypatch):
    from matdata.features.cell import Lattice

    folder = folder_of(cache, "zarr")
    remove_one(folder)
    before = artefacts(folder)
    original = Lattice.featurize

    def shifted(self, batch):
        block = original(self, batch)
        for values in block.fields.values():
            values *= 2
        return block

    monkeypatch.setattr(Lattice, "featurize", shifted)
    monkeypatch.setattr(Lattice, "reusable", False)  # else the other format's values are copied
    assert build(cache) == 1
    assert "differs from it" in capsys.readouterr().err
    assert artefacts(folder) == before


def splits_of(cache: Path) -> Path:
    return folder_of(cache, "dataset") / "splits"


def test_splits_are_repaired_by_their_settings(cache, capsys):
    asked = ["split", "some", "--method", "kfold", "--set", "k=3", "--name", "mine"]
    assert main([*asked, "--cache", str(cache), "--quiet"]) == 0
    known = artefacts(splits_of(cache))
    table = splits_of(cache) / "mine-1.parquet"
    table.write_bytes(table.read_bytes()[:-9])
    command = ["train", "example", "some", "--target", "energy_per_atom", "--epochs", "1"]
    command += ["--split", "mine-1", "--cache", str(cache)]
    assert main(command) == 1
    assert "matdata split" in capsys.readouterr().err
    assert main([*command, "--repair"]) == 0
    assert artefacts(splits_of(cache)) == known
    for name in ("mine-0.parquet", "mine-2.json"):
        (splits_of(cache) / name).write_bytes(b"{")
    capsys.readouterr()
    assert main([*asked, "--cache", str(cache), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [one["state"] for one in printed["splits"]] == ["repaired", "unchanged", "repaired"]
    assert artefacts(splits_of(cache)) == known


def test_a_damaged_note_is_not_replaced_by_that_of_another_split(cache, capsys):
    name = "70-15-15-seed0"
    (splits_of(cache) / f"{name}.json").write_text("{}")
    before = artefacts(splits_of(cache))
    asked = ["split", "some", "--seed", "7", "--name", name, "--cache", str(cache)]
    assert main(asked) == 1
    error = capsys.readouterr().err
    assert "another split" in error
    assert f"remove {name}.parquet and {name}.json" in error
    assert artefacts(splits_of(cache)) == before
    assert build(cache, "--quiet") == 0


def test_verify_repairs_all_datasets(whole, cache, capsys):
    flip(folder_of(cache, "dataset"))
    remove_half(folder_of(cache, "hdf5"))
    assert main(["verify", "--cache", str(cache)]) == 1
    assert main(["verify", "--cache", str(cache), "--repair"]) == 0
    assert capsys.readouterr().out.count("repaired: ") == 2
    assert artefacts(cache) == artefacts(whole / "cache")


def test_features_without_their_records_are_repaired_by_their_names(tmp_path, capsys):
    source, cache = write_csv(tmp_path / "own.csv", many(6)), tmp_path / "cache"
    asked = ["build", str(source), "--symmetry", "none", "--cache", str(cache)]
    assert main([*asked, "--features", "fractions,column:energy_per_atom"]) == 0
    features = sorted(cache.glob("features/own@*/[!.]*-*"))
    before = artefacts(cache)
    edit_manifest(features[0])
    remove_manifest(features[1])
    assert main(["verify", "--repair", "--cache", str(cache)]) == 0, capsys.readouterr().err
    assert artefacts(cache) == before


def test_what_cannot_be_repaired_does_not_keep_the_rest_from_it(cache, capsys):
    edit_manifest(folder_of(cache, "hdf5"))  # with shards of 150, which only its manifest says
    cut_table(folder_of(cache, "dataset"))
    flip(folder_of(cache, "zarr"))
    assert main(["verify", "--repair", "--cache", str(cache)]) == 1
    printed = capsys.readouterr()
    assert printed.out.count("repaired: ") == 2
    assert printed.out.count("DAMAGED") == 1
    assert "`matdata featurize` that made it" in printed.err


def test_features_of_a_damaged_dataset_are_not_called_orphans(cache, capsys):
    edit_manifest(folder_of(cache, "dataset"))
    assert main(["verify", "--cache", str(cache)]) == 1
    assert "not in this cache, or to one that is damaged" in capsys.readouterr().out
    shutil.rmtree(folder_of(cache, "dataset"))
    assert main(["verify", "--cache", str(cache)]) == 0
    assert "or to one that is damaged" not in capsys.readouterr().out


def test_a_snapshot_of_the_same_records_is_not_called_repaired(cache, capsys):
    assert build(cache, "--limit", "9999", "--json") == 0
    states = json.loads(capsys.readouterr().out)["states"]
    assert states == {"snapshot": "built", "dataset": "unchanged", "split": "unchanged"}


def test_what_another_user_guards_is_not_damage(cache, capsys):
    path = folder_of(cache, "zarr") / "manifest.json"
    content = json.loads(path.read_text())
    content["format"]["version"] = 99
    path.write_text(json.dumps(content))
    assert build(cache) == 1
    assert "newer" in capsys.readouterr().err or "99" in path.read_text()
    assert json.loads(path.read_text())["format"]["version"] == 99


@pytest.mark.parametrize("moves", range(4))
def test_a_repair_that_was_stopped_is_gone_on_with(moves, whole, cache, monkeypatch):
    """Files are moved one by one into the damaged artefact: it may be stopped between any two."""
    from matdata.store import damage

    remove_half(folder_of(cache, "hdf5"))
    original, done = damage._replace, []

    def stopping(new, old):
        if len(done) == moves:
            raise KeyboardInterrupt
        done.append(old)
        original(new, old)

    asked = ["featurize", "some", "fractions", "--store", "hdf5", "--shard-rows", "150"]
    asked += ["--cache", str(cache), "--quiet"]
    with monkeypatch.context() as patch:
        patch.setattr(damage, "_replace", stopping)
        assert main(asked) == 130
    assert main(asked) == 0
    assert artefacts(cache) == artefacts(whole / "cache")
    assert main(["verify", "--cache", str(cache), "--quiet"]) == 0
