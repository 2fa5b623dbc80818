"""Snapshots as files, and datasets rebuilt from kept ones."""

from __future__ import annotations

import gzip
import json

import pytest
from support.crystals import many
from support.files import mp_document, write_csv
from support.mp_server import KEY, serving

import matdata as md
from matdata.cli import main
from matdata.sources.mp import MaterialsProject, PageSizes


def _export(ref, path, cache):
    assert main(["export", ref, str(path), "--snapshot", "--cache", str(cache), "--quiet"]) == 0
    return path


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A dataset of the Materials Project, and the file saved from it."""
    monkeypatch.setenv("MP_API_KEY", KEY)
    documents = [mp_document(many(23), row) for row in range(23)]
    documents[4]["structure"]["sites"][0]["species"][0]["occu"] = 0.5
    cache = tmp_path / "cache"
    monkeypatch.setattr(MaterialsProject, "page_sizes", PageSizes(10))
    with serving(documents) as server:
        monkeypatch.setenv("MP_API_ENDPOINT", server.url)
        dataset = md.build("mp", cache=cache, workers=1, split=None)
    monkeypatch.delenv("MP_API_KEY")
    return dataset, _export("mp", tmp_path / "mp.jsonl.gz", cache)


def _files(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.name != "receipt.json"
    }


@pytest.mark.slow
def test_a_colleague_without_a_key_rebuilds_every_byte(saved, tmp_path):
    dataset, path = saved
    other = md.build("mp", cache=tmp_path / "other", from_=path, workers=1, split=None)
    assert other.ref == dataset.ref
    assert _files(other.folder) == _files(dataset.folder)
    assert other.ledger["reason"].tolist().count("disordered") == 1
    snapshot = dataset.manifest["made_from"]["snapshot"]
    assert _files(tmp_path / "other" / "snapshots" / snapshot) == _files(
        tmp_path / "cache" / "snapshots" / snapshot
    )
    again = _export("mp", tmp_path / "again.jsonl.gz", tmp_path / "other")
    assert again.read_bytes() == path.read_bytes()
    assert md.build(path, cache=tmp_path / "third", split=None).ref == dataset.ref


def _lines(path):
    return gzip.decompress(path.read_bytes()).decode().splitlines()


@pytest.mark.slow
def test_a_changed_or_cut_file_is_refused_and_nothing_is_kept(saved, tmp_path):
    dataset, path = saved
    lines = _lines(path)
    changed = json.loads(lines[2])
    changed["lattice"][0][0] += 1e-9
    bad = tmp_path / "bad.jsonl"
    for spoilt, words in [
        ([*lines[:2], json.dumps(changed), *lines[3:]], "the file states"),
        (lines[:-1], "22 of 22 records"),
        (lines[:9], "of 22 records"),
        ([*lines[:9], lines[9][:30]], "line 10 is not JSON"),
    ]:
        bad.write_text("\n".join(spoilt))
        with pytest.raises(md.SourceError, match=words) as caught:
            md.build("mp", cache=tmp_path / "other", from_=bad, workers=1)
        assert caught.value.next_step
    whole = md.build("mp", cache=tmp_path / "other", from_=path, workers=1, split=None)
    assert whole.ref == dataset.ref


@pytest.mark.slow
def test_a_file_of_another_source_or_with_a_limit_is_refused(saved):
    _, path = saved
    with pytest.raises(md.SourceError, match="saved from the source mp, not jarvis"):
        md.build("jarvis", from_=path)
    with pytest.raises(md.SourceError, match="no --limit"):
        md.build("mp", from_=path, limit=3)
    with pytest.raises(md.SourceError, match="cannot be read from a file"):
        md.build("sample", from_=path.with_name("nothing"))


@pytest.mark.parametrize("source", ["sample:40", "files"])
def test_generated_records_and_files_can_be_saved_too(source, tmp_path):
    given = write_csv(tmp_path / "a.csv", many(12)) if source == "files" else source
    dataset = md.build(given, cache=tmp_path / "one", split=None, workers=1)
    path = _export(dataset.ref, tmp_path / "a.jsonl", tmp_path / "one")
    other = md.build(source, cache=tmp_path / "two", from_=path, split=None, workers=1)
    assert _files(other.folder) == _files(dataset.folder)


def test_an_old_snapshot_gives_the_old_dataset(tmp_path):
    path = write_csv(tmp_path / "a.csv", many(12))
    old = md.build(path, cache=tmp_path, split=None, workers=1)
    version = old.manifest["made_from"]["snapshot"].partition("/")[2]
    write_csv(path, many(20))
    new = md.build(path, cache=tmp_path, split=None, workers=1)
    assert new.ref != old.ref
    before = _files(old.folder)
    import shutil

    shutil.rmtree(old.folder)
    again = md.build(path, cache=tmp_path, split=None, workers=1, snapshot=version)
    assert again.ref == old.ref
    assert _files(again.folder) == before
    with pytest.raises(md.SourceError, match="no snapshot 'x' of files") as caught:
        md.build(path, cache=tmp_path, snapshot="x")
    assert version in caught.value.next_step
    with pytest.raises(md.SourceError, match="several snapshots"):
        md.build(path, cache=tmp_path, snapshot="local-")
