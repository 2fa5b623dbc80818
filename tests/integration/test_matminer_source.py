"""matminer's data sets from a local server and from files."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest
from support.crystals import many, real
from support.file_server import Fault, serving_files
from support.files import write_split_json

import matdata as md
from matdata.sources import matminer_data
from matdata.sources.matminer_data import Entry


def _list(monkeypatch, *entries):
    monkeypatch.setattr(matminer_data, "known_sets", lambda: {e.name: e for e in entries})


def _entry(name, url, body, rows, columns):
    return Entry(name, url, hashlib.sha256(body).hexdigest(), rows, columns, "someone, 2018")


@pytest.fixture
def steels(monkeypatch):
    rows = [[f"Fe{0.5 + k / 1000:.4f}C{0.5 - k / 1000:.4f}", 1000.0 + k] for k in range(312)]
    data = {"index": [*range(312)], "columns": ["composition", "yield strength"], "data": rows}
    body = gzip.compress(json.dumps(data).encode())
    with serving_files({"/steels": body}) as server:
        url = f"{server.url}/steels"
        columns = ("composition", "yield strength")
        _list(monkeypatch, _entry("matbench_steels", url, body, 312, columns))
        server.body = body
        yield server


def test_a_matbench_set_carries_its_folds(steels, tmp_path):
    dataset = md.build("matminer:matbench_steels", cache=tmp_path, workers=1, split=None)
    assert len(dataset) == 312
    assert dataset.ids[0] == "mb-steels-001"
    assert dataset.units["yield strength"] == "MPa"
    assert dataset.table.loc["mb-steels-012", "yield strength"] == 1011.0
    names = [one.name for one in dataset.folds(method="matbench")]
    assert len(names) == 5
    parts = dataset.split(names[0])
    assert len(parts["test"]) == 63


def test_the_digest_is_compared_on_every_read(steels, tmp_path):
    source = "matminer:matbench_steels"
    md.build(source, cache=tmp_path, workers=1, split=None, limit=5)
    path = tmp_path / "downloads" / "matbench_steels.json.gz"
    path.write_bytes(steels.body[:500])
    dataset = md.build(source, cache=tmp_path, workers=1, split=None, limit=20)
    assert len(dataset) == 20
    assert path.read_bytes() == steels.body


@pytest.mark.slow
def test_another_file_is_refused(steels, tmp_path):
    path = tmp_path / "mine.json.gz"
    path.write_bytes(steels.body[:-1])
    with pytest.raises(md.SourceError, match="the published file"):
        md.build("matminer:matbench_steels", cache=tmp_path, from_=path)
    path.write_bytes(steels.body)
    dataset = md.build("matminer:matbench_steels", cache=tmp_path, from_=path, split=None)
    assert len(dataset) == 312
    assert not steels.ranges
    steels.faults = [Fault(200, gzip.compress(b"[]"))]
    with pytest.raises(md.SourceError, match="expected"):
        md.build("matminer:matbench_steels", cache=tmp_path / "other")


def test_structures_and_chunks_beyond_the_first(monkeypatch, tmp_path):
    path = write_split_json(tmp_path / "matbench_x.json.gz", many(12))
    monkeypatch.setattr("matdata.sources.chunks.CHUNK_ROWS", 5)
    body = path.read_bytes()
    _list(monkeypatch, _entry("matbench_x", "http://x", body, 12, ("structure", "band gap")))
    dataset = md.build("matminer:matbench_x", cache=tmp_path, from_=path, split=None, workers=1)
    assert dataset.ids.tolist() == [f"mb-x-{k:02}" for k in range(1, 13)]
    assert dataset.table.loc["mb-x-11", "band gap"] == 5.0
    source = matminer_data.MatminerData(_request(path))
    assert source.parse(next(source.raw_chunks(2))).table["material_id"] == ["mb-x-11", "mb-x-12"]


def _request(path):
    from matdata.sources.base import Request

    return Request("matbench_x", file=path)


def test_all_sets_of_the_installed_matminer_are_known():
    sets = matminer_data.known_sets()
    assert len(sets) >= 45
    assert all(len(e.sha256) == 64 and e.url.startswith("https://") for e in sets.values())
    with pytest.raises(md.SourceError, match="did you mean 'matbench_phonons'"):
        md.build("matminer:matbench_phonon")


@pytest.mark.slow
@pytest.mark.real_data
def test_the_real_phonons(monkeypatch, tmp_path):
    path = real("phonons/matbench_phonons.json.gz")
    columns = ("last phdos peak", "structure")
    entry = _entry("matbench_phonons", "http://x", path.read_bytes(), 1265, columns)
    _list(monkeypatch, entry)
    dataset = md.build(
        "matminer:matbench_phonons", cache=tmp_path, from_=path, split=None, workers=1,
        symmetry="none",
    )  # fmt: skip
    assert len(dataset) == 1265
    assert dataset.ids[0] == "mb-phonons-0001"
    assert dataset.units["last phdos peak"] == "1/cm"
    assert [len(fold["test"]) for fold in dataset.folds(method="matbench")] == [253] * 5
