"""The Materials Project from its open data: real Delta tables on a stand-in bucket."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from support.crystals import many, real
from support.files import mp_document
from support.mp_server import KEY, VERSION, serving
from support.mp_tables import write_collection
from support.s3_server import serving_bucket

import matdata as md
from matdata.cli import main
from matdata.sources import _mp_bucket
from matdata.sources.mp import MaterialsProject, PageSizes
from matdata.sources.snapshot import Snapshot

pytestmark = pytest.mark.slow


@pytest.fixture
def documents():
    crystals = many(23)
    made = [mp_document(crystals, row) for row in range(23)]
    made[3]["deprecated"] = True
    made[4]["structure"]["sites"][0]["species"][0]["occu"] = 0.5
    made[7]["structure"] = None
    return made


def _thermo(documents, kind="GGA_GGA+U"):
    return [
        {
            "material_id": one["material_id"],
            "thermo_type": kind,
            "energy_type": "GGA",
            "energy_per_atom": one["energy_per_atom"] - 1.0,
            "formation_energy_per_atom": -0.25,
        }
        for one in documents[2:]
    ]


@pytest.fixture
def bucket(documents, monkeypatch, tmp_path):
    """A bucket with an older version besides the newest, and two levels of theory."""
    folder = tmp_path / "bucket"
    write_collection(folder, "summary", documents[:5], "2025.09.25")
    write_collection(folder, "summary", documents[::-1], VERSION, mode="append")
    both = [*_thermo(documents), *_thermo(documents, "R2SCAN")]
    write_collection(folder, "thermo", both, VERSION)
    monkeypatch.setattr(MaterialsProject, "page_sizes", PageSizes(10))
    monkeypatch.delenv("MP_API_KEY", raising=False)
    with serving_bucket(folder) as server:
        monkeypatch.setenv(_mp_bucket.ENV, server.url)
        yield server


def _bulk(cache, **query):
    query = {"bulk": True, **query}
    return md.build("mp", cache=cache, query=query, workers=1, dedupe="none", split=None)


def _rest(documents, cache, monkeypatch, **query):
    monkeypatch.setenv("MP_API_KEY", KEY)
    with serving(documents) as server:
        server.thermo = [*_thermo(documents), *_thermo(documents, "R2SCAN")]
        monkeypatch.setenv("MP_API_ENDPOINT", server.url)
        return md.build("mp", cache=cache, query=query, workers=1, dedupe="none", split=None)


def _snapshot(dataset, cache):
    return Snapshot.open(cache / "snapshots" / dataset.manifest["made_from"]["snapshot"])


@pytest.mark.parametrize("thermo", ["GGA_GGA+U", "R2SCAN", "summary"])
def test_the_same_records_as_through_the_api(thermo, bucket, documents, monkeypatch, tmp_path):
    bulk = _bulk(tmp_path / "bulk", thermo=thermo)
    rest = _rest(documents, tmp_path / "rest", monkeypatch, thermo=thermo)
    one, other = _snapshot(bulk, tmp_path / "bulk"), _snapshot(rest, tmp_path / "rest")
    assert one.digest == other.digest
    assert one.folder.name == other.folder.name
    assert one.origin["version"] == VERSION
    assert one.origin["licence"] == "CC BY 4.0"
    assert one.manifest["records"] == 20
    assert sorted(bulk.ledger["reason"]) == ["deprecated", "disordered", "no_structure"]
    assert bulk.ids.tolist() == rest.ids.tolist()
    assert bulk.table.equals(rest.table)
    assert "open data" in bulk.manifest["note"]
    assert not list((tmp_path / "bulk" / "downloads").glob(".scratch*"))


def test_nothing_is_fetched_twice_and_no_key_is_needed(bucket, tmp_path, capsys):
    arguments = ["build", "mp", "--bulk", "--cache", str(tmp_path / "c"), "--split", "none"]
    assert main(arguments) == 0
    assert len(bucket.keys) == 6  # three files of each table's newest version
    assert all(VERSION in key for key, _ in bucket.keys)
    bucket.keys.clear()
    assert main(arguments) == 0
    assert main([*arguments, "--thermo", "R2SCAN"]) == 0
    assert bucket.keys == []
    assert "BY-NC" in capsys.readouterr().out


def test_a_cut_download_goes_on_at_the_file_and_byte_it_lost(bucket, documents, tmp_path):
    bucket.faults = {".parquet": [None, (200, None, 5000)]}
    with pytest.raises(md.SourceError, match="5,000 of") as caught:
        _bulk(tmp_path)
    assert caught.value.next_step
    assert not list((tmp_path / "snapshots" / "mp").glob("2026*"))
    whole = {key for key, _ in bucket.keys} - {bucket.keys[1][0]}
    bucket.keys.clear()
    assert len(_bulk(tmp_path)) == 20
    again = dict(bucket.keys)
    assert "bytes=5000-" in again.values()
    assert len(whole & again.keys()) < len(whole), "what was whole is not fetched again"


@pytest.mark.parametrize(
    ("end", "fault", "words"),
    [
        (".parquet", (503, b"slow down", None), "answers 503"),
        (".parquet", (403, b"no", None), "answers 403"),
        (".parquet", (200, b"<html>", None), "bytes 6, expected"),
        (".json", (403, b"no", None), "cannot be read"),
        (".json", (200, b'{"add": ', None), "cannot be read"),
    ],
)
def test_faults_of_the_bucket(end, fault, words, bucket, tmp_path):
    bucket.faults = {end: [fault] * 20}
    with pytest.raises(md.SourceError, match=words) as caught:
        _bulk(tmp_path)
    assert caught.value.next_step
    bucket.faults.clear()
    assert len(_bulk(tmp_path)) == 20


def test_bytes_changed_on_the_way_are_noticed(bucket, tmp_path):
    bucket.flip = True
    with pytest.raises(md.SourceError, match=r"MD5 \w+, expected \w+"):
        _bulk(tmp_path)
    bucket.flip = False
    assert len(_bulk(tmp_path)) == 20


def test_a_file_of_other_length_than_the_log_counts(bucket, documents, tmp_path):
    for log in (tmp_path / "bucket").rglob("_delta_log/*.json"):
        text = log.read_text()
        counts = r'(numRecords\\*": *)(\d+)'
        log.write_text(re.sub(counts, lambda found: f"{found[1]}{int(found[2]) + 1}", text))
    with pytest.raises(md.SourceError, match="the table's log counts"):
        _bulk(tmp_path)


def test_restricted_documents_are_left_out(documents, monkeypatch, tmp_path):
    documents[0]["builder_meta"] = {"license": "BY-NC"}
    documents[1]["builder_meta"] = {"license": "BY-C"}
    write_collection(tmp_path / "b", "summary", documents, VERSION)
    with serving_bucket(tmp_path / "b") as server:
        monkeypatch.setenv(_mp_bucket.ENV, server.url)
        dataset = _bulk(tmp_path / "c", thermo="summary")
    assert documents[0]["material_id"] not in dataset.ids
    assert documents[1]["material_id"] in dataset.ids


def test_missing_collections_are_reported(documents, monkeypatch, tmp_path):
    write_collection(tmp_path / "b", "summary", documents, VERSION)
    write_collection(tmp_path / "b", "thermo", _thermo(documents), "2025.09.25")
    with serving_bucket(tmp_path / "b") as server:
        monkeypatch.setenv(_mp_bucket.ENV, server.url)
        with pytest.raises(md.SourceError, match=f"no thermo of version {VERSION}"):
            _bulk(tmp_path / "c")
    monkeypatch.setenv(_mp_bucket.ENV, "http://127.0.0.1:9")
    monkeypatch.setitem(_mp_bucket.PATIENCE, "max_retries", "0")
    with pytest.raises(md.SourceError, match="cannot be read") as caught:
        _bulk(tmp_path / "d")
    assert "without --bulk" in caught.value.next_step
    with pytest.raises(md.SourceError, match="a limit was given"):
        md.build("mp", limit=3, query={"bulk": True})


@pytest.mark.real_data
def test_real_documents(monkeypatch, tmp_path):
    with gzip.open(real("mp200/summary.jsonl.gz"), "rt") as file:
        documents = [json.loads(line) for line in file]
    write_collection(tmp_path / "b", "summary", documents, VERSION)
    with serving_bucket(tmp_path / "b") as server:
        monkeypatch.setenv(_mp_bucket.ENV, server.url)
        bulk = _bulk(tmp_path / "bulk", thermo="summary")
    monkeypatch.setenv("MP_API_KEY", KEY)
    rest = _rest(documents, tmp_path / "rest", monkeypatch, thermo="summary")
    assert _snapshot(bulk, tmp_path / "bulk").digest == _snapshot(rest, tmp_path / "rest").digest
