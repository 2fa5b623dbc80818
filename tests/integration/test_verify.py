"""`matdata verify` and its neighbours over caches in which anything lies."""

from __future__ import annotations

import json
import os
import shutil

import pytest

import matdata as md
from matdata.cli import main
from matdata.core.errors import StoreError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    cache = tmp_path_factory.mktemp("verify") / "cache"
    md.build("sample:60", features=["fractions"], cache=cache, workers=1, name="s")
    return cache


@pytest.fixture
def cache(built, tmp_path):
    shutil.copytree(built, tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def dataset(cache):
    return md.open("s", cache)


def verify(cache, capsys, *more):
    """Exit code, problems and notes."""
    capsys.readouterr()
    code = main(["verify", "--cache", str(cache), "--json", *more])
    found = json.loads(capsys.readouterr().out)
    return code, found["problems"], found["notes"]


def test_a_whole_cache_is_clean(cache, capsys):
    assert verify(cache, capsys) == (0, [], [])


def test_what_the_cache_of_a_checkout_says_about_itself_is_no_strange_file(cache, capsys):
    (cache / "README.md").write_text("the home of artefacts")
    (cache / "other.md").write_text("something else")
    code, problems, notes = verify(cache, capsys)
    assert (code, problems) == (0, [])
    assert len(notes) == 1
    assert "other.md" in notes[0]


def _fifo(path):
    os.mkfifo(path)


def _folder(path):
    (path / "inside").mkdir(parents=True)


def _loop(path):
    path.symlink_to(path.name)


def _link(path):
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("put", "words"),
    [
        (_fifo, "is a pipe, not a file"),
        (_folder, "is a folder, not a file"),
        (_loop, "cannot be read: Too many levels of symbolic links"),
        (_link, "is a link to nothing"),
        (lambda path: None, "is missing"),
        (lambda path: path.write_bytes(b""), "is damaged"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device, not a file"),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "datasets/s/*/table.parquet",
        "datasets/s/*/splits/*.json",
        "datasets/s/*/splits/*.parquet",
        "datasets/s/*/receipt.json",
        "features/*/fractions-*/ledger/00000.parquet",
        "snapshots/sample/*/manifest.json",
        "datasets/s/latest.json",
    ],
)
def test_what_takes_the_place_of_a_file_is_named(cache, capsys, name, put, words):
    (path,) = cache.glob(name)
    path.unlink()
    put(path)
    code, problems, _ = verify(cache, capsys)
    if name == "datasets/s/latest.json" and words == "is missing":
        assert code == 0  # it records what a bare name means; without it the only version is meant
        return
    assert code == 1
    named = path.parent if path.name == "manifest.json" else path
    if path.parent.name == "splits":  # a table without its note is reported as such
        named = path.with_suffix("")
    assert any(problem.startswith(f"{named}") for problem in problems)
    if name.endswith(("table.parquet", "latest.json")):
        assert f"{path} {words}" in problems[0]
    for command in (["list"], ["info", "s"]):
        main([*command, "--cache", str(cache)])  # no traceback, whatever they report


@pytest.mark.parametrize(
    ("home", "name"),
    [
        ("datasets", b"\xff\xfe"),
        ("datasets/s", b"line\nbreak"),
        ("snapshots", b"a file"),
        ("runs", b"\x1b[31m"),
        ("features", b"x@y"),
    ],
)
def test_strange_names_are_shown_escaped(cache, capsys, home, name):
    path = os.path.join(os.fsencode(cache / home), name)
    with open(path, "wb") as file:
        file.write(b"x")
    code, problems, _ = verify(cache, capsys)
    assert code == 1
    (problem,) = problems
    assert problem.isprintable()
    assert "a folder is expected here" in problem
    assert main(["list", "--cache", str(cache)]) == 0


def test_what_was_added_is_named(cache, dataset, capsys):
    stray = dataset.folder / "more" / "x.parquet"
    stray.parent.mkdir()
    stray.write_bytes(b"x")
    (dataset.folder / "splits" / "y.txt").write_bytes(b"x")
    code, problems, _ = verify(cache, capsys)
    assert code == 1
    assert problems == [
        f"{stray} is not in the manifest",
        f"{dataset.folder / 'splits' / 'y.txt'} is no part of a split: it has no note",
    ]


def test_a_folder_without_a_manifest_is_named(cache, dataset, capsys):
    (dataset.folder / "manifest.json").unlink()
    code, problems, notes = verify(cache, capsys)
    assert code == 1
    assert f"{dataset.folder} holds no manifest.json" in problems[0]
    assert any("belongs to a dataset that is not in this cache" in note for note in notes)


def test_leftovers_of_killed_processes_are_notes_not_faults(cache, dataset, capsys):
    (cache / "datasets" / "s" / ".building-dataset-0123").mkdir()
    (dataset.folder / "splits" / ".tmp-12-abcd-n.json").write_bytes(b"x")
    (dataset.folder / "splits" / "n.parquet").write_bytes(b"x")
    (cache / "runs" / ".tmp-1-2-x").write_bytes(b"x")
    code, problems, notes = verify(cache, capsys)
    assert (code, problems) == (0, [])
    assert len(notes) == 3


def test_readers_check_ledgers_and_notes(cache, dataset):
    feature = dataset.feature("fractions")
    (path,) = feature.folder.glob("ledger/*.parquet")
    path.write_bytes(path.read_bytes().replace(b"PAR1", b"PAR2"))
    with pytest.raises(StoreError, match=str(path)):
        feature.rejects()
    (name,) = dataset.split_names()
    note = dataset.folder / "splits" / f"{name}.json"
    note.write_text(note.read_text().replace('"seed": 0', '"seed": 1'))
    with pytest.raises(StoreError, match="does not match its own digest"):
        dataset.split()


def test_notes_without_a_seal_are_refused(cache, dataset):
    (name,) = dataset.split_names()
    path = dataset.folder / "splits" / f"{name}.json"
    note = json.loads(path.read_text())
    del note["note_digest"]
    path.write_text(json.dumps(note, sort_keys=True, indent=1) + "\n")
    with pytest.raises(StoreError, match="carries no digest of its content"):
        dataset.split()


def test_a_journal_that_holds_anything_is_no_traceback(tmp_path):
    from matdata.store.artefact import JOURNAL, building

    def stopped():
        with building(tmp_path, "f", "0" * 16) as writer:
            writer.write("a", lambda path: path.write_bytes(b"x"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    (staging,) = tmp_path.glob(".building-*")
    lines = ["[1]", '{"part": 1}', '{"part": "../../x", "files": {}, "meta": {}}', "\udcff{"]
    text = "\n".join(lines).encode("utf-8", "surrogateescape")
    (staging / JOURNAL).write_bytes((staging / JOURNAL).read_bytes() + text)
    with building(tmp_path, "f", "0" * 16) as writer:
        assert list(writer.parts) == ["a"]


def test_a_missing_snapshot_is_reported(cache, dataset, tmp_path, capsys):
    shutil.rmtree(cache / "snapshots" / "sample")
    asked = ["export", "s", str(tmp_path / "s.jsonl"), "--snapshot", "--cache", str(cache)]
    assert main(asked) == 1
    told = capsys.readouterr().err
    assert f"the snapshot that {dataset.ref} was made from is not in this cache" in told
    assert "next step: build from the source once more" in told


def test_a_feature_of_another_version_is_reported_with_both_and_the_command(cache, dataset, capsys):
    other = md.build(
        "sample:60", features=["fractions"], cache=cache, workers=1, name="s", dedupe="none",
        filter={"sites_below": 20},
    )  # fmt: skip
    (folder,) = (cache / "features" / other.ref).glob("fractions-*")
    target = cache / "features" / dataset.ref
    shutil.rmtree(target)
    shutil.copytree(folder, target / folder.name)
    with pytest.raises(StoreError) as told:
        dataset.feature("fractions")
    assert other.ref in str(told.value)
    assert f"`matdata featurize {dataset.ref} fractions`" in str(told.value)
    code, problems, _ = verify(cache, capsys)
    assert code == 1
    assert problems == [f"{target / folder.name} was computed from another version of the dataset"]
