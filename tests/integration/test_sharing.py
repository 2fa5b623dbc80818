"""Push, pull, import and archives on this machine: whole, resumable, and nothing sent twice."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from support.killing import killed_at

import matdata as md
from matdata.cli import main
from matdata.core.digest import digest_file
from matdata.sharing import receive, retrying
from matdata.sharing.folder import LocalFolder
from matdata.sharing.layout import Key
from matdata.sharing.object_folder import ObjectFolder
from matdata.store.walk import entries_below

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
SPLIT = "70-15-15-seed0"


@pytest.fixture
def cache(tmp_path):
    """A cache with datasets, splits, features and a run."""
    copy = Path(shutil.copytree(GOLDEN, tmp_path / "cache"))
    shutil.rmtree(copy / "files")
    return copy


@pytest.fixture
def other(tmp_path):
    """Another cache, which is empty."""
    return tmp_path / "other"


@pytest.fixture(params=["folder", "memory"])
def place(request, tmp_path):
    """An address to push to."""
    if request.param == "folder":
        yield str(tmp_path / "shared")
        return
    from fsspec.implementations.memory import MemoryFileSystem

    yield f"memory://{tmp_path.name}"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


def pull(place, ref, other, **options):
    address = place if "://" in place else f"file://{place}"
    return md.pull(f"{address}/{ref}" if ref else address, cache=other, **options)


def states(done):
    return {one.ref: one.state for one in done}


def contents(folder):
    """Names and digests of all files but those of the lock and of the order of use."""
    return {
        name: digest_file(folder / name)
        for name in entries_below(folder).files
        if not name.rpartition("/")[2].startswith(".") and not name.endswith("latest.json")
    }


def same(cache, other, *places):
    for one in places:
        assert contents(other / one) == contents(cache / one) != {}


@pytest.mark.slow
def test_a_dataset_comes_back_with_its_splits_and_features_byte_by_byte(cache, other, place):
    pushed = md.push("golden", place, features="all", cache=cache)
    assert {one.kind for one in pushed} == {"dataset", "split", "feature"}
    assert {one.state for one in pushed} == {"pushed"}
    pulled = pull(place, "golden", other, features="all")
    assert {one.state for one in pulled} == {"pulled"}
    ref = "golden@local-5ca89036"
    same(cache, other, "datasets/golden/local-5ca89036", f"features/{ref}")
    assert md.verify(cache=other).faults == []
    assert not list(other.rglob(".building-*"))
    one, two = md.open("golden", cache), md.open("golden", other)
    np.testing.assert_array_equal(
        one.feature("fractions").dense(), two.feature("fractions").dense()
    )
    assert states(pull(place, "golden", other, features="all")) == {
        one.ref: "unchanged" for one in pulled
    }


def test_what_is_there_is_not_sent_again(cache, place):
    first = md.push("golden", place, cache=cache)
    again = md.push("golden", place, cache=cache)
    assert sum(one.sent for one in first) > 0
    assert [(one.state, one.sent, one.sent_files) for one in again] == [("unchanged", 0, 0)] * 2


def test_a_push_of_what_is_there_reads_and_sends_no_blob(cache, place, monkeypatch):
    md.push("golden", place, features="all", cache=cache)
    for kind in (LocalFolder, ObjectFolder):
        for name in ("put", "put_new", "put_bytes", "sizes"):
            monkeypatch.delattr(kind, name, raising=False)
    md.push("golden", place, features="all", cache=cache)


def test_equal_files_of_different_artefacts_are_one_blob(cache, tmp_path):
    shared = tmp_path / "shared"
    md.push("golden", shared, features="all", cache=cache)
    names = [path.name for path in (shared / "blobs").rglob("*") if path.is_file()]
    records = [json.loads(path.read_text()) for path in shared.glob("*/*/*-*.json")]
    listed = [one["sha256"] for record in records for one in record["files"].values()]
    assert sorted(names) == sorted(set(listed))
    assert len(set(listed)) < len(listed)


def test_a_run_comes_with_its_dataset_split_and_features(cache, other, place):
    pushed = md.push("runs/golden", place, cache=cache)
    kinds = [one.kind for one in pushed]
    assert kinds == ["dataset", "split", "feature", "run"]
    pulled = pull(place, "runs/golden", other)
    assert [one.kind for one in pulled] == kinds
    same(cache, other, "runs/golden")
    assert md.open_run("golden", other).finished
    assert md.verify(cache=other).faults == []
    assert set(states(pull(place, "runs/golden", other)).values()) == {"unchanged"}


def test_a_feature_brings_its_dataset_unless_it_is_pushed_alone(cache, other, tmp_path):
    shared, apart = tmp_path / "shared", tmp_path / "apart"
    ref = "golden/features/fractions"
    assert [one.kind for one in md.push(ref, shared, cache=cache)] == ["dataset", "feature"]
    assert [one.kind for one in pull(str(shared), ref, other)] == ["dataset", "feature"]
    assert [one.kind for one in md.push(ref, apart, alone=True, cache=cache)] == ["feature"]
    with pytest.raises(md.StoreError, match="holds no dataset"):
        pull(str(apart), "golden/features/fractions-57de9998", other)


@pytest.mark.slow
def test_a_split_and_a_snapshot_can_be_named(cache, other, tmp_path):
    shared = tmp_path / "shared"
    md.push(f"golden/splits/{SPLIT}", shared, cache=cache)
    assert [one.kind for one in pull(str(shared), f"golden/splits/{SPLIT}", other)] == [
        "dataset", "split"]  # fmt: skip
    done = md.push("golden", shared, snapshot=True, splits="none", cache=cache)
    assert [one.kind for one in done] == ["snapshot", "dataset"]
    pull(str(shared), "golden", other, snapshot=True)
    assert main(["export", "golden", str(tmp_path / "s.jsonl"), "--snapshot", "--cache",
                 str(other), "--quiet"]) == 0  # fmt: skip


def test_the_bare_name_means_what_was_pushed_last(cache, other, place):
    ds = md.open("golden", cache)
    md.push("mixed", place, cache=cache)
    md.push(ds, place)
    pull(place, "golden", other)
    assert md.open("golden", other).ref == ds.ref
    with pytest.raises(md.StoreError, match="holds 2 datasets") as caught:
        pull(place, "", other)
    assert "golden, mixed" in str(caught.value)


def test_a_reference_alone_is_looked_up_where_the_environment_says(
    cache, other, place, monkeypatch
):
    with pytest.raises(md.ConfigError, match="MATDATA_REMOTE does not name the shared folder"):
        md.pull("golden", cache=other)
    md.push("golden", place, cache=cache)
    monkeypatch.setenv("MATDATA_REMOTE", place)
    assert len(md.pull("golden", cache=other)) == 2


def test_a_pushed_folder_is_named_by_its_path(cache, other, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    md.push("golden", "shared", cache=cache)
    for what in ("shared/golden", "./shared/golden", Path("shared/golden"), "shared/"):
        assert md.pull(what, cache=other)[0].ref.partition("@")[0] == "golden"
    assert md.open("shared/golden", cache=other).ref == md.open("golden", cache).ref
    with pytest.raises(md.StoreError, match=r"no dataset 'gold' \(did you mean 'golden'") as caught:
        md.pull("shared/gold", cache=other)
    assert caught.value.next_step == "datasets there: golden"
    with pytest.raises(md.StoreError, match="nothing was pushed to"):
        md.pull("elsewhere/golden", cache=other)
    with pytest.raises(md.StoreError, match="is a path, and the name of a dataset") as caught:
        md.verify("shared/golden", cache=other)
    assert "matdata pull" in caught.value.next_step


def test_damage_of_the_cache_is_not_pushed_and_is_mended_by_a_pull(cache, other, place):
    md.push("golden", place, cache=cache)
    pull(place, "golden", other)
    table = other / "datasets/golden/local-5ca89036/table.parquet"
    data = table.read_bytes()
    table.write_bytes(data[:-9] + b"x" + data[-8:])
    elsewhere = f"{place}-elsewhere"
    with pytest.raises(md.DamageError, match=r"table\.parquet is damaged"):
        md.push("golden", elsewhere, cache=other)
    with pytest.raises(md.StoreError):
        pull(elsewhere, "golden", other)
    done = pull(place, "golden", other)
    assert done[0].state == "repaired"
    assert done[0].received == len(data)
    assert md.verify(cache=other).faults == []


@pytest.mark.slow
def test_a_push_that_was_stopped_is_not_visible_and_goes_on(cache, other, tmp_path, monkeypatch):
    shared, put, left = tmp_path / "shared", LocalFolder.put, [5]

    def stopped(self, path, name):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        put(self, path, name)

    monkeypatch.setattr(LocalFolder, "put", stopped)
    with pytest.raises(KeyboardInterrupt):
        md.push("golden", shared, features="all", workers=1, cache=cache)
    monkeypatch.undo()
    assert not list(shared.glob("features/*/*.json"))
    sent = len(list(shared.glob("blobs/*/*")))
    done = md.push("golden", shared, features="all", cache=cache)
    assert len(list(shared.glob("blobs/*/*"))) == sent + sum(one.sent_files for one in done)
    pull(str(shared), "golden", other, features="all")
    assert md.verify(cache=other).faults == []


def test_a_pull_that_was_stopped_goes_on_at_the_byte(cache, other, tmp_path, monkeypatch):
    shared, opened, read = tmp_path / "shared", LocalFolder.opened, []
    md.push("golden", shared, cache=cache)
    monkeypatch.setattr(receive, "PIECE", 100)

    def watching(self, name, offset=0):
        read.append((name, offset))
        return opened(self, name, offset)

    monkeypatch.setattr(LocalFolder, "opened", watching)

    class Stop:
        """A process that is stopped in place of its tenth write."""

        def __init__(self, path, *how, **more):
            self.file, self.left = open(path, *how, **more), 10  # noqa: SIM115

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, piece):
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
            self.file.write(piece)

    monkeypatch.setattr(receive, "open", Stop, raising=False)
    with pytest.raises(KeyboardInterrupt):
        pull(str(shared), "golden", other, workers=1)
    assert not list((other / "datasets/golden").glob("[!.]*"))
    monkeypatch.delattr(receive, "open")
    read.clear()
    pull(str(shared), "golden", other, workers=1)
    assert [offset for _, offset in read if offset] == [900]
    assert md.verify(cache=other).faults == []


@pytest.mark.slow
def test_two_pushers_and_two_pullers_at_once_agree(cache, tmp_path):
    shared, done, failures = tmp_path / "shared", [], []
    gate = threading.Barrier(4)

    def work(action):
        gate.wait()
        try:
            done.append(action())
        except Exception as error:
            failures.append(error)

    def together(*actions):
        threads = [threading.Thread(target=work, args=(one,)) for one in actions]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    together(*[lambda: md.push("golden", shared, features="all", cache=cache)] * 4)
    address, other = f"file://{shared}/golden", tmp_path / "other"
    together(*[lambda: md.pull(address, features="all", cache=other)] * 4)
    assert failures == []
    assert len(done) == 8
    assert md.verify(cache=other).faults == []
    assert not list(shared.rglob(".tmp-*"))


def test_of_two_runs_of_one_name_the_first_stays(cache, other, place):
    md.push("runs/golden", place, cache=cache)
    second = Path(shutil.copytree(cache, cache.with_name("second")))
    (second / "runs/golden/note.txt").write_text("mine")
    with pytest.raises(md.StoreError, match="holds another run called runs/golden"):
        md.push("runs/golden", place, cache=second)
    shutil.copytree(second, other)
    (other / "runs/golden/log.csv").write_text("mine")
    with pytest.raises(md.StoreError, match=r"differs in log\.csv"):
        pull(place, "runs/golden", other)


def test_blobs_that_were_damaged_there_are_found_and_mended(cache, other, tmp_path, monkeypatch):
    monkeypatch.setattr(retrying, "PAUSE", 0.0)
    shared = tmp_path / "shared"
    md.push("golden", shared, cache=cache)
    blob = max((shared / "blobs").rglob("*"), key=lambda path: path.stat().st_size)
    blob.write_bytes(bytes(blob.stat().st_size))
    with pytest.raises(md.StoreError, match="other bytes came"):
        pull(str(shared), "golden", other)
    assert not list((other / "datasets/golden").glob("[!.]*"))
    assert {one.state for one in md.push("golden", shared, cache=cache)} == {"unchanged"}
    first, second = md.push("golden", shared, check="all", cache=cache)
    assert (first.sent_files, second.sent_files) == (1, 0)
    pull(str(shared), "golden", other)
    assert md.verify(cache=other).faults == []


@pytest.mark.slow
def test_commands_print_json_and_the_same_names(cache, other, tmp_path, capsys):
    shared = tmp_path / "shared"
    words = ["push", "golden", str(shared), "--features", "fractions", "--json"]
    assert main([*words, "--cache", str(cache)]) == 0
    pushed = json.loads(capsys.readouterr().out)
    assert pushed["url"] == str(shared)
    assert pushed["sent_bytes"] == sum(one["sent_bytes"] for one in pushed["artefacts"])
    assert main(["import", str(shared), "--json", "--cache", str(other)]) == 0
    imported = json.loads(capsys.readouterr().out)
    assert [one["state"] for one in imported["artefacts"]] == ["pulled"] * 3
    assert main(["pull", f"file://{shared}/golden", "--cache", str(other)]) == 0
    assert "unchanged dataset golden@local-5ca89036" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
def test_an_archive_comes_back_byte_by_byte(cache, other, tmp_path, ending):
    paths = [tmp_path / f"{name}.{ending}" for name in "ab"]
    for path in paths:
        words = ["export", "golden", str(path), "--archive", "--features", "fractions"]
        assert main([*words, "--cache", str(cache), "--quiet"]) == 0
    assert digest_file(paths[0]) == digest_file(paths[1])
    kinds = [one.kind for one in md.import_(paths[0], cache=other)]
    assert kinds == ["dataset", "split", "feature"]
    same(cache, other, "datasets/golden/local-5ca89036")
    assert md.verify(cache=other).faults == []
    assert not list(other.rglob(".tmp-*"))


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("nosuch", "no dataset 'nosuch'"),
        ("golden/features/offm", "has no feature 'offm'"),
        ("golden/splits/nosuch", "has no split 'nosuch'"),
        ("runs/nosuch", "no run 'nosuch'"),
        ("snapshots/files/nosuch", "no snapshots files/nosuch"),
        ("a/b/c/d", "an artefact of the cache is needed"),
    ],
)
def test_what_is_not_there_is_named(cache, tmp_path, ref, message):
    with pytest.raises(md.MatdataError, match=message):
        md.push(ref, tmp_path / "shared", cache=cache)
    assert not (tmp_path / "shared").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", ".x", "a.", "x" * 201, "a\n"])
def test_names_that_not_every_store_can_hold_are_refused(name):
    with pytest.raises(md.StoreError, match="cannot be the name"):
        Key("dataset", "golden", name)


def test_what_is_named_twice_is_packed_once(cache, other, tmp_path):
    path = tmp_path / "a.zip"
    words = ["export", "golden", str(path), "--archive", "--features", "fractions,fractions"]
    assert main([*words, "--cache", str(cache), "--quiet"]) == 0
    kinds = [one.kind for one in md.import_(path, cache=other)]
    assert kinds == ["dataset", "split", "feature"]


@pytest.mark.parametrize("option", [["--derived"], ["--split", SPLIT], ["--format", "csv"]])
def test_an_archive_takes_no_options_of_exports(cache, tmp_path, option, capsys):
    path = tmp_path / "a.zip"
    words = ["export", "golden", str(path), "--archive", *option, "--cache", str(cache)]
    assert main(words) == 1
    assert "--archive writes artefacts as they are" in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.parametrize("inside", ["", "/lab"])
def test_a_file_in_the_place_of_the_folder_is_one_error_at_once(cache, tmp_path, inside):
    (tmp_path / "file").write_text("x")
    with pytest.raises(md.StoreError, match="Not a directory") as caught:
        md.push("golden", f"{tmp_path}/file{inside}", cache=cache)
    assert "a file has the name of the folder" in str(caught.value)
    assert "attempts" not in str(caught.value)
    assert (tmp_path / "file").read_text() == "x"


def test_a_full_disk_there_is_no_fault_of_the_network(cache, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LocalFolder, "put", full)
    with pytest.raises(md.StoreError, match="No space left on device") as caught:
        md.push("golden", tmp_path / "shared", cache=cache)
    assert "network" not in str(caught.value)
    assert "make room there" in str(caught.value)


def test_an_address_in_the_place_of_the_artefact_is_hidden(tmp_path):
    url = f"s3://KEY-of-somebody:{'Sentinel' * 20}@bucket/lab"
    with pytest.raises(md.ConfigError, match="is an address") as caught:
        md.push(url, tmp_path / "shared")
    assert "Sentinel" not in str(caught.value)


@pytest.mark.slow
def test_what_lies_in_a_second_place_is_pushed_whole(cache, other, tmp_path, monkeypatch):
    monkeypatch.setenv("MATDATA_CACHE_ALSO", str(cache))
    own, shared = tmp_path / "own", tmp_path / "shared"
    own.mkdir()
    pushed = md.push("golden", shared, features="all", snapshot=True, cache=own)
    assert {one.kind for one in pushed} == {"snapshot", "dataset", "split", "feature"}
    assert {one.kind for one in md.push("runs/golden", shared, cache=own)} == {
        "dataset", "split", "feature", "run"}  # fmt: skip
    monkeypatch.delenv("MATDATA_CACHE_ALSO")
    pull(str(shared), "golden", other, features="all", snapshot=True)
    same(cache, other, "datasets/golden/local-5ca89036", "features/golden@local-5ca89036")
    assert md.verify(cache=other).faults == []


@pytest.mark.parametrize("ref", ["golden", "runs/golden"])
@pytest.mark.slow
def test_gc_leaves_a_pull_at_work_alone(cache, other, tmp_path, monkeypatch, ref):
    shared, opened, stagings = tmp_path / "shared", LocalFolder.opened, set()
    md.push(ref, shared, cache=cache)

    def beside(self, name, offset=0):
        stagings.update(one.name.split("-")[2] for one in other.rglob(".building-pull-*"))
        assert main(["gc", "--cache", str(other), "--quiet"]) == 0
        return opened(self, name, offset)

    monkeypatch.setattr(LocalFolder, "opened", beside)
    pull(str(shared), ref, other, workers=1)
    monkeypatch.undo()
    assert stagings == ({"dataset", "split"} if ref == "golden" else
                        {"dataset", "split", "feature", "run"})  # fmt: skip
    assert md.verify(cache=other).faults == []


@pytest.mark.slow
def test_a_name_that_leads_out_is_no_version(cache, other, tmp_path):
    from matdata.store.records import seal_record

    shared = tmp_path / "shared"
    md.push("golden", shared, cache=cache)
    latest = shared / "datasets/golden/latest.json"
    latest.write_text(json.dumps(seal_record({"order": ["../../x"]})))
    with pytest.raises(md.DamageError, match="it names no version"):
        pull(str(shared), "golden", other)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["push", "pull"])
def test_a_killed_process_leaves_nothing_that_looks_whole(tmp_path, command):
    """SIGKILL at some moment of a transfer; the same command ends in the same bytes."""
    cache, shared, other = tmp_path / "cache", tmp_path / "shared", tmp_path / "other"
    md.build("sample:240", features=["fractions"], shard_rows=4, cache=cache, name="s", workers=1)
    if command == "pull":
        md.push("s", shared, features="all", cache=cache)
        words = ["pull", f"file://{shared}/s", "--cache", str(other)]
        pattern = "features/*/.building-*/shards/*"
    else:
        words = ["push", "s", str(shared), "--cache", str(cache)]
        pattern = "blobs/*/*"
    words = [sys.executable, "-m", "matdata.cli", *words, "--features", "all", "--workers", "1"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    target = other if command == "pull" else shared
    assert killed_at(process, target, pattern, 4)
    assert not list(shared.glob("features/*/*.json")) or command == "pull"
    assert not list(other.glob("features/*/[!.]*/manifest.json"))
    subprocess.run([*words, "--quiet"], check=True)
    md.pull(f"file://{shared}/s", features="all", cache=other)
    assert md.verify(cache=other).faults == []
    ref = md.open("s", cache).ref
    same(cache, other, f"features/{ref}", f"datasets/s/{ref.partition('@')[2]}")
    assert not list(other.rglob(".building-*"))
