"""What a bare name means, without a clock; and several processes at once."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil

import pytest
from support.together import export, mark, split, together

import matdata as md
from matdata.cli import main
from matdata.core.errors import FeatureError, StoreError
from matdata.store.latest import LATEST, order

pytestmark = pytest.mark.slow


def build(cache, **options):
    return md.build("sample:40", cache=cache, workers=1, name="a", **{"split": None, **options})


@pytest.fixture
def versions(tmp_path):
    """A cache with two versions of `a`, the second built last."""
    cache = tmp_path / "cache"
    old = build(cache)
    return cache, old.ref, build(cache, filter={"sites_below": 10}).ref


def touched(cache):
    """All files with times in the reverse of the order in which they were made."""
    for number, path in enumerate(sorted(cache.rglob("*"), key=lambda p: p.stat().st_mtime_ns)):
        os.utime(path, (10**9 - number, 10**9 - number))


def test_times_of_files_mean_nothing(versions, tmp_path):
    cache, old, new = versions
    assert md.open("a", cache).ref == new
    touched(cache)
    assert md.open("a", cache).ref == new
    copy = tmp_path / "copy"
    shutil.copytree(cache, copy, copy_function=shutil.copyfile)
    assert md.open("a", copy).ref == new
    assert build(copy).ref == old  # found there, nothing is made
    assert md.open("a", copy).ref == old
    assert order(copy / "datasets" / "a")[-1] == old.partition("@")[2]


def test_the_version_before_is_meant_when_the_last_is_removed(versions):
    cache, old, new = versions
    shutil.rmtree(cache / "datasets" / "a" / new.partition("@")[2])
    assert md.open("a", cache).ref == old


def test_several_versions_without_an_order_are_no_guess(versions, capsys):
    cache, old, new = versions
    (cache / "datasets" / "a" / LATEST).unlink()
    with pytest.raises(StoreError, match="2 versions, and no record of which was built last") as e:
        md.open("a", cache)
    assert old in str(e.value)
    assert new in str(e.value)
    assert md.open(old, cache).ref == old
    assert main(["list", "--cache", str(cache)]) == 0
    assert "alone means this" not in capsys.readouterr().out
    assert build(cache).ref == old
    assert md.open("a", cache).ref == old


def test_a_damaged_order_is_reported_and_repaired_by_a_build(versions, capsys):
    cache, old, new = versions
    path = cache / "datasets" / "a" / LATEST
    path.write_text(path.read_text().replace("order", "ordre"))
    with pytest.raises(StoreError, match="does not match its own digest"):
        md.open("a", cache)
    assert md.open(new, cache).ref == new
    assert main(["list", "--cache", str(cache)]) == 0
    assert "does not match its own digest" in capsys.readouterr().out
    build(cache)
    assert md.open("a", cache).ref == old


def test_list_marks_the_version_that_the_name_means(versions, capsys):
    cache, _, new = versions
    assert main(["list", "--cache", str(cache)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].strip() for line in lines if "a alone means this" in line] == [new]
    assert main(["list", "--json", "--cache", str(cache)]) == 0
    found = json.loads(capsys.readouterr().out)["datasets"]
    assert {one["dataset"]: one["meant"] for one in found} == {new: True, versions[1]: False}


def test_features_are_distinguished_without_a_clock(tmp_path):
    cache = tmp_path / "cache"
    dataset = build(cache, features=["ofm"])
    build(cache, features=["ofm"], set={"ofm": {"valence": "matminer"}})
    last = dataset.feature("ofm").manifest["settings"]["valence"]
    assert last == "matminer"
    touched(cache)
    assert dataset.feature("ofm").manifest["settings"]["valence"] == "matminer"
    build(cache, features=["ofm"])
    assert dataset.feature("ofm").manifest["settings"]["valence"] == "outermost"
    home = cache / "features" / dataset.ref
    (home / LATEST).unlink()
    with pytest.raises(FeatureError, match="2 features that match"):
        dataset.feature("ofm")
    assert dataset.feature("ofm", valence="matminer").manifest["rows"] == len(dataset)


def test_features_with_equal_numbers_need_no_order(tmp_path):
    cache = tmp_path / "cache"
    dataset = build(cache, features=["fractions"])
    build(cache, features=["fractions"], store="hdf5")
    (cache / "features" / dataset.ref / LATEST).unlink()
    assert len(dataset.feature("fractions").dense()) == len(dataset)


def test_two_builds_that_end_at_once_leave_one_of_them_last(versions):
    cache, *refs = versions
    home = cache / "datasets" / "a"
    folders = [home / ref.partition("@")[2] for ref in refs]
    together(mark, [(folder, 40) for folder in folders])
    names = order(home)
    assert sorted(names) == sorted(folder.name for folder in folders)
    assert md.open("a", cache).folder.name == names[-1]
    assert not list(home.glob(".tmp-*"))


def test_two_processes_save_one_split_of_a_name(versions):
    cache, ref, _ = versions
    dataset = md.open(ref, cache)
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.Queue()
    together(split, [(dataset.folder, cache, seed, barrier, answers) for seed in (1, 2)])
    told = dict(answers.get(timeout=10) for _ in range(2))
    (winner,) = [seed for seed, said in told.items() if said == "saved"]
    (loser,) = [said for said in told.values() if said != "saved"]
    assert "has a split 'x' with other members" in loser
    assert dataset.load_split("x")[1]["settings"]["seed"] == winner
    assert main(["verify", "--cache", str(cache), "--quiet"]) == 0


def test_two_exports_to_one_file_leave_a_whole_one(versions, tmp_path):
    import numpy as np

    cache, ref, other = versions
    path = tmp_path / "out" / "x.npz"
    barrier = multiprocessing.get_context("spawn").Barrier(2)
    together(export, [(cache, one, path, barrier) for one in (ref, other)])
    with np.load(path) as file:
        ids = file["table.material_id"].tolist()
    assert ids in [md.open(one, cache).ids.tolist() for one in (ref, other)]
    assert [entry.name for entry in path.parent.iterdir()] == ["x.npz"]


def test_an_export_leaves_a_folder_of_its_name_alone(versions, tmp_path, capsys):
    cache, ref, _ = versions
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    asked = ["export", ref, str(tmp_path / "mine"), "--format", "npz", "--cache", str(cache)]
    assert main(asked) == 1
    assert "there is a folder of that name" in capsys.readouterr().err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "x"
