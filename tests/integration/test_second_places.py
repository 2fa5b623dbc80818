"""Caches of others, which are read and never written to: $MATDATA_CACHE_ALSO."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import matdata as md
from matdata.checks.cache_state import cache_state
from matdata.cli import main
from matdata.core import cache as caches
from matdata.core.cache import ALSO, other_places, places
from matdata.core.errors import MatdataWarning, StoreError
from matdata.store.usage import disk_size
from matdata.training.run_lookup import find_run


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A laboratory's cache: a dataset with a split, a feature and a run."""
    lab = tmp_path_factory.mktemp("built")
    md.build("sample:120", name="shared", features=["fractions"], cache=lab, workers=1)
    target = next(iter(md.open("shared", lab).manifest["targets"]))
    asked = ["train", "example", "shared", "--target", target, "--name", "theirs"]
    assert main([*asked, "--epochs", "1", "--cache", str(lab), "--quiet"]) == 0
    return lab


@pytest.fixture
def lab(built, tmp_path, monkeypatch) -> Path:
    lab = Path(shutil.copytree(built, tmp_path / "lab"))
    monkeypatch.setenv(ALSO, str(lab))
    monkeypatch.setenv("MATDATA_CACHE", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    return lab


@pytest.fixture
def untouched(lab):
    """Compare every file of the laboratory's cache at the end."""
    before = contents(lab)
    yield
    assert contents(lab) == before


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    found = {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}
    return found | {str(p): (b"", 0) for p in sorted(folder.rglob("*")) if p.is_dir()}


@pytest.fixture
def own(tmp_path) -> Path:
    return tmp_path / "own"


def document(capsys, *words: str) -> dict:
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.usefixtures("untouched")
def test_a_dataset_of_others_is_opened_with_its_split_and_features(lab, own):
    dataset = md.open("shared")
    assert dataset.folder.is_relative_to(lab)
    assert dataset.features() == ["fractions"]
    assert len(dataset.feature("fractions").ids) == len(dataset)
    assert dataset.split().ids("train").size
    assert not list(own.iterdir())


@pytest.mark.usefixtures("untouched")
def test_its_features_go_to_ones_own_cache(lab, own):
    (feature,) = md.featurize("shared", "magpie", workers=1)
    assert feature.folder.is_relative_to(own / "features")
    dataset = md.open("shared")
    assert sorted(dataset.features()) == ["fractions", "magpie"]
    assert len(dataset["A" if "A" in dataset else dataset.ids[0]].features["magpie"])
    report = md.verify(cache=own)
    assert (report.faults, report.notes) == ([], [])


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("function", [md.featurize, md.work])
def test_a_feature_that_others_have_is_not_computed_again(lab, own, function):
    (feature,) = function("shared", "fractions", workers=1)
    assert feature.folder.is_relative_to(lab)
    assert not list(own.glob("features/*/*"))


@pytest.mark.slow
@pytest.mark.usefixtures("untouched")
def test_several_processes_may_share_the_work_on_it(lab, own):
    (feature,) = md.work("shared", "magpie", workers=1, shard_rows=20)
    assert feature.folder.is_relative_to(own)


@pytest.mark.usefixtures("untouched")
def test_training_and_its_test_part_are_on_record_in_ones_own_cache(lab, own):
    target = next(iter(md.open("shared").manifest["targets"]))
    run = md.train("example", "shared", target=target, name="mine", epochs=1)
    assert run.folder == own / "runs" / "mine"
    md.evaluate("mine")
    (record,) = own.glob("datasets/shared/*.openings.jsonl")
    assert '"run": "mine"' in record.read_text()
    assert md.verify(cache=own).faults == []
    assert sorted(one["run"] for one in md.runs().runs) == ["mine", "theirs"]


@pytest.mark.usefixtures("untouched")
def test_a_run_of_others_predicts_and_is_not_evaluated(lab, own):
    assert find_run(own, "theirs").cache == own
    assert md.predict("theirs", ["NaCl"]).ids.size == 1
    with pytest.raises(StoreError, match="not written to"):
        md.evaluate("theirs")


@pytest.mark.usefixtures("untouched")
def test_a_split_of_a_dataset_of_others_is_refused(lab):
    with pytest.raises(StoreError, match="lies in a place that") as caught:
        md.split("shared", "60/20/20")
    assert "your own cache" in str(caught.value)


@pytest.mark.slow
@pytest.mark.usefixtures("untouched")
def test_a_snapshot_of_others_is_built_from(lab, own, capsys):
    dataset = md.build("sample:120", name="again", dedupe="none", workers=1)
    assert dataset.folder.is_relative_to(own)
    assert not list(own.glob("snapshots/*/*"))
    assert md.export(dataset, own / "records.jsonl", snapshot=True).is_file()
    (snapshot,) = document(capsys, "list")["snapshots"]
    assert snapshot["place"] == str(lab)
    version = snapshot["snapshot"].partition("/")[2]
    kept = md.build("sample:120", name="kept", snapshot=version, workers=1)
    assert kept.folder.is_relative_to(own)


@pytest.mark.usefixtures("untouched")
def test_names_in_ones_own_cache_win(lab, own, capsys):
    theirs = md.open("shared").ref
    mine = md.build("sample:200", name="shared", workers=1)
    assert md.open("shared").ref == mine.ref != theirs
    assert md.open(theirs).folder.is_relative_to(lab)  # by its exact reference
    listed = document(capsys, "list")
    assert listed["also"] == [str(lab)]
    places_by_ref = {one["dataset"]: one["place"] for one in listed["datasets"]}
    assert places_by_ref == {mine.ref: str(own), theirs: str(lab)}
    assert [one["dataset"] for one in listed["datasets"] if one["meant"]] == [mine.ref]
    assert document(capsys, "info", theirs)["place"] == str(lab)
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert f"and {lab}, which is only read" in printed
    assert f", in {lab}" in printed
    assert main(["info", theirs]) == 0
    assert f"in {lab}, which is only read" in capsys.readouterr().out


@pytest.mark.usefixtures("untouched")
def test_sizes_of_artefacts_of_others_are_listed_and_no_part_of_the_total(lab, own, capsys):
    sized = document(capsys, "list", "--size")
    (snapshot,), (dataset,) = sized["snapshots"], sized["datasets"]
    for one in (snapshot, dataset, *dataset["features"]):
        assert one["place"] == str(lab)
        assert one["disk_bytes"] > 0
    assert sized["disk_bytes"] == disk_size(own)
    assert sized["runs"] == []


@pytest.mark.slow
def test_a_name_that_cannot_be_opened_here_is_not_looked_up_elsewhere(lab, own):
    first = md.build("sample:200", name="shared", workers=1)
    md.build("sample:60", name="shared", workers=1)
    (own / "datasets" / "shared" / "latest.json").unlink()
    with pytest.raises(StoreError, match="no record of which was built last"):
        md.open("shared")
    assert md.open(first.ref).ref == first.ref


def test_a_name_that_is_nowhere_lists_what_is_anywhere(lab, own):
    with pytest.raises(StoreError, match="did you mean 'shared'") as caught:
        md.open("sharde")
    assert str(lab) in str(caught.value)
    assert str(own) in str(caught.value)
    with pytest.raises(StoreError, match="did you mean 'theirs'"):
        md.open_run("their")


def test_places_keep_their_order_and_leave_out_ones_own(lab, own, monkeypatch):
    other = own.parent / "other"
    other.mkdir()
    monkeypatch.setenv(ALSO, os.pathsep.join(map(str, (other, own, lab, other, ""))))
    assert places(own) == (own, other, lab)
    monkeypatch.delenv(ALSO)
    assert places(own) == (own,)


def test_a_missing_place_is_one_warning(lab, own, monkeypatch):
    missing = own.parent / "not-mounted"
    monkeypatch.setenv(ALSO, f"{missing}{os.pathsep}{lab}")
    caches._warn_if_missing.cache_clear()
    with pytest.warns(MatdataWarning, match=r"not-mounted is not there.*MATDATA_CACHE_ALSO"):
        assert md.open("shared").folder.is_relative_to(lab)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert other_places(own) == (lab,)


@pytest.mark.slow
def test_the_command_line_warns_of_a_missing_place_in_one_line(tmp_path):
    environment = {**os.environ, ALSO: str(tmp_path / "gone"), "MATDATA_CACHE": str(tmp_path)}
    command = [sys.executable, "-m", "matdata.cli", "list"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: ")
    assert f"{tmp_path / 'gone'} is not there" in line


def test_doctor_lists_the_places(lab, own, monkeypatch):
    missing = own.parent / "not-mounted"
    monkeypatch.setenv(ALSO, os.pathsep.join(map(str, (lab, missing))))
    found = [one for one in cache_state(own) if one.name == "also"]
    assert [(one.state, one.text) for one in found] == [
        ("ok", f"{lab}, which is only read"),
        ("note", f"{missing} is not there, or no folder"),
    ]
    monkeypatch.setenv(ALSO, str(own))
    (finding,) = (one for one in cache_state(own) if one.name == "also")
    assert finding.state == "broken"


def test_whoever_works_in_a_place_that_is_only_read_is_refused(lab):
    with pytest.raises(StoreError, match="not written to"):
        md.build("sample:60", cache=lab, workers=1)


def test_gc_keeps_ones_own_features_of_a_dataset_of_others(lab, own, monkeypatch):
    """Also when the place is named no more, or its mount point is empty."""
    (feature,) = md.featurize("shared", "magpie", workers=1)
    assert feature.folder.is_relative_to(own)
    empty = own.parent / "mount-point"
    empty.mkdir()
    for named in (str(lab), str(empty), str(own.parent / "gone"), None):
        if named is None:
            monkeypatch.delenv(ALSO)
        else:
            monkeypatch.setenv(ALSO, named)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MatdataWarning)
            assert md.gc().removed == []
        assert feature.folder.is_dir()
    removed = md.rm(f"{feature.folder.parent.name}/features/magpie").removed
    assert [one.kind for one in removed] == ["feature"]


def test_a_place_that_may_not_be_looked_at_is_a_missing_one(lab, own, monkeypatch):
    def refused(path: object) -> bool:
        raise PermissionError

    monkeypatch.setattr(Path, "is_dir", refused)  # as below a folder that others may not enter
    monkeypatch.setattr("os.path.isdir", lambda path: False)
    caches._warn_if_missing.cache_clear()
    with pytest.warns(MatdataWarning, match="is not there"):
        assert places(own) == (own,)


def test_housekeeping_leaves_places_of_others_alone(lab, own, untouched):
    assert md.gc(keep=1).removed == []
    with pytest.raises(StoreError, match=r"shared is not in .*of which nothing is removed"):
        md.rm("shared", cascade=True)
    with pytest.raises(StoreError, match=r"runs/theirs is not in .*of which nothing"):
        md.rm("runs/theirs")


@pytest.mark.parametrize("nested", ["below", "link"])
def test_a_place_inside_ones_own_cache_or_linked_to_is_only_read(lab, own, nested, monkeypatch):
    place = own / "lab"
    if nested == "link":
        place.symlink_to(lab)
    else:
        shutil.copytree(lab, place)
    monkeypatch.setenv(ALSO, str(place))
    assert md.open("shared").folder.is_relative_to(place.resolve())
    assert md.gc().removed == []
    (feature,) = md.featurize("shared", "magpie", workers=1)
    assert feature.folder.is_relative_to(own / "features")
    with pytest.raises(StoreError, match="not written to"):
        md.build("sample:60", cache=place, workers=1)


def test_nothing_of_others_is_removed_and_who_owns_it_is_said(lab, own, untouched):
    for ref in ("shared", "runs/theirs", "shared/features/fractions"):
        with pytest.raises(StoreError, match="of which nothing is removed") as caught:
            md.rm(ref, cascade=True, cache=own)
        assert f"matdata rm {ref} --cache {lab}" in str(caught.value)
    with pytest.raises(StoreError, match="there is no run 'runs/nobody' in this cache"):
        md.rm("runs/nobody", cache=own)
    assert not md.gc(keep=1, cache=own).removed


def test_what_runs_of_others_were_trained_on_stays(lab, own):
    # the lab's run is of a dataset that is in one's own cache alone
    shutil.copytree(lab / "datasets", own / "datasets")
    shutil.rmtree(lab / "datasets")
    with pytest.raises(StoreError, match=r"only read were made from it: .*run runs/theirs"):
        md.rm("shared", cascade=True, cache=own)
    md.build("sample:100", name="shared", cache=own, workers=1)
    kept = md.gc(keep=1, cache=own).kept
    assert any("run runs/theirs" in one.why for one in kept)
    assert len(list((own / "datasets" / "shared").glob("*/manifest.json"))) == 2
    shutil.rmtree(lab / "runs")
    shutil.rmtree(lab / "features")
    assert md.gc(keep=1, cache=own).removed
    md.rm("shared", cascade=True, cache=own)


def test_what_others_have_as_well_may_go(lab, own):
    shutil.copytree(lab / "datasets", own / "datasets")
    assert md.rm("shared", cascade=True, cache=own).removed
    assert len(md.open("shared", own)) > 0  # that of the laboratory
