"""Records of older formats are upgraded step by step, and newer ones refused."""

from __future__ import annotations

import json

import pytest

import matdata as md
from matdata.core.digest import digest_json
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.formats import FORMATS, Format, upgraded
from matdata.store.manifest import NAME, read_manifest, seal
from matdata.store.records import seal_record


def _third(record):
    """Version 2 called the number of rows `count`, and version 1 had no kind."""
    return {**{k: v for k, v in record.items() if k != "count"}, "rows": record["count"]}


@pytest.fixture
def third(monkeypatch):
    """A format of datasets that was changed twice."""
    upgrades = {1: lambda record: {**record, "kind": "structure"}, 2: _third}
    monkeypatch.setitem(FORMATS, "dataset", Format(3, upgrades))


def _write(folder, version, **content):
    body = {**content, "format": {"name": "matdata-dataset", "version": version}}
    folder.mkdir(exist_ok=True)
    manifest = {**body, "manifest_digest": digest_json(body)}
    (folder / NAME).write_text(json.dumps(manifest))
    return folder


def test_each_older_version_is_read_as_todays(third, tmp_path):
    written = {1: {"count": 5}, 2: {"count": 5, "kind": "structure"}}
    for version, content in written.items():
        manifest = read_manifest(_write(tmp_path / str(version), version, **content), "dataset")
        assert (manifest["rows"], manifest["kind"]) == (5, "structure")
        assert manifest["format"]["version"] == version  # as it was written


def test_the_digest_is_that_of_what_was_written(third, tmp_path):
    folder = _write(tmp_path / "a", 1, count=5)
    changed = json.loads((folder / NAME).read_text())
    (folder / NAME).write_text(json.dumps({**changed, "count": 6}))
    with pytest.raises(md.StoreError, match="does not match its own digest"):
        read_manifest(folder)


@pytest.mark.parametrize("version", [4, 0, -1, True, "3", None, 2.0])
def test_other_versions_are_refused(third, version):
    with pytest.raises(md.StoreError, match="reads up to 3"):
        upgraded("dataset", {}, version, "here")


def test_a_format_needs_an_upgrade_from_each_older_version():
    with pytest.raises(ValueError, match="needs an upgrade"):
        Format(3, {2: dict})


def test_manifests_state_the_version_of_their_own_format(third):
    assert seal({}, "dataset")["format"] == {"name": "matdata-dataset", "version": 3}
    assert seal({}, "run")["format"] == {"name": "matdata-run", "version": 1}


def test_an_unknown_format_is_refused(tmp_path):
    body = {"format": {"name": "matdata-poem", "version": 1}}
    (tmp_path / NAME).write_text(json.dumps({**body, "manifest_digest": digest_json(body)}))
    with pytest.raises(md.StoreError, match="is a matdata-poem"):
        read_manifest(tmp_path)


def test_splits_are_upgraded_as_well(tmp_path, monkeypatch):
    dataset = md.build("sample:40", cache=tmp_path, workers=1, split=None)
    dataset.split(method="random", name="a")
    note = dataset.load_split("a")[1]
    assert note["format"] == {"name": "matdata-split", "version": 1}
    upgrade = lambda note: {**note, "method": note["method"].upper()}  # noqa: E731
    monkeypatch.setitem(FORMATS, "split", Format(2, {1: upgrade}))
    assert DatasetFolder(dataset.folder).load_split("a")[1]["method"] == "RANDOM"
    path = dataset.folder / "splits" / "a.json"
    bare = {k: v for k, v in note.items() if k != "format"}
    path.write_text(json.dumps(seal_record(bare, "note_digest")))
    with pytest.raises(md.StoreError, match="version None"):
        dataset.load_split("a")
