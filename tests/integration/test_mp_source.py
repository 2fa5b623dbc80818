"""The Materials Project source with its real client against a stand-in server."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from support.crystals import many, real
from support.files import mp_document
from support.mp_server import KEY, VERSION, serving

import matdata as md
from matdata.sources import _mp_client, _mp_rest, web
from matdata.sources.mp import MaterialsProject, PageSizes

pytestmark = pytest.mark.slow

#: Imported when a test needs it: the client takes seconds.
CLIENT_SETTINGS = "mp_api.client.core.settings.MAPI_CLIENT_SETTINGS"


@pytest.fixture
def documents():
    crystals = many(23)
    return [mp_document(crystals, row) for row in range(len(crystals))]


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("MP_API_KEY", KEY)
    monkeypatch.delenv("PMG_MAPI_KEY", raising=False)


def _build(server, monkeypatch, cache, **options):
    monkeypatch.setenv("MP_API_ENDPOINT", server.url)
    return md.build("mp", cache=cache, workers=1, **options)


def test_pages_arrive_whole_and_sorted(documents, key, monkeypatch, tmp_path):
    monkeypatch.setattr(MaterialsProject, "page_sizes", PageSizes(10))
    with serving(documents[::-1]) as server:
        dataset = _build(server, monkeypatch, tmp_path, dedupe="none")
        assert server.pages == [1, 2, 3]
    assert len(dataset) == 23
    assert dataset.ids.tolist() == sorted(d["material_id"] for d in documents)
    assert dataset.folder.name.startswith(VERSION)
    assert dataset.units["bulk_modulus.vrh"] == "GPa"
    assert dataset.table.loc["m-0001", "bulk_modulus.vrh"] == 1.5
    assert np.isnan(dataset.table.loc["m-0000", "bulk_modulus.vrh"])
    assert dataset.manifest["licence"] == "CC BY 4.0"


def test_a_cut_download_goes_on_at_the_page_it_lost(documents, key, monkeypatch, tmp_path):
    monkeypatch.setattr(MaterialsProject, "page_sizes", PageSizes(10))
    with serving(documents) as server:
        server.faults = [None, (500, b"{}")]
        with pytest.raises(md.SourceError, match="Materials Project"):
            _build(server, monkeypatch, tmp_path)
        assert not list((tmp_path / "snapshots" / "mp").glob("2026*"))
        server.pages.clear()
        dataset = _build(server, monkeypatch, tmp_path, dedupe="none")
        assert server.pages == [2, 3]
    assert len(dataset) == 23


SHORT = (200, b'{"data": [', {"Content-Length": "1000", "Connection": "close"})


@pytest.mark.parametrize(
    ("faults", "words", "cause"),
    [
        ([(429, b"{}", {"Retry-After": "0"})] * 9, "refused", "limits how often"),
        ([(502, b"{}")] * 9, "refused", "internal error"),
        ([(504, b"{}")] * 9, "refused", "internal error"),
        ([(503, b"{}")], "refused", "internal error"),
        ([(404, b"{}")], "refused", "MP_API_ENDPOINT"),
        ([(401, b'{"message": "no"}')], "refused", "key is wrong"),
        ([SHORT] * 9, "refused|unreadable|reached", "truncated"),
        ([2.0] * 9, "refused|reached", "slow"),
        ([(200, b"[]")], "unreadable", "truncated"),
        ([(200, b'{"data": {}}')], "unreadable", "truncated"),
        ([(200, b'{"data": [], "meta": {"total_doc": 99}}')], "then 99", "changed"),
    ],
)
def test_each_fault_of_a_page_has_its_cause(
    faults, words, cause, documents, key, monkeypatch, tmp_path
):
    monkeypatch.setattr(MaterialsProject, "page_sizes", PageSizes(10))
    monkeypatch.setattr(_mp_client, "TIMEOUT", 0.5)
    monkeypatch.setattr(f"{CLIENT_SETTINGS}.BACKOFF_FACTOR", 0.0)
    with serving(documents) as server:
        server.faults = [None, *faults]
        with pytest.raises(md.SourceError, match=words) as caught:
            _build(server, monkeypatch, tmp_path)
        assert cause in caught.value.cause, caught.value
        assert caught.value.next_step
        server.faults.clear()
        server.pages.clear()
        assert len(_build(server, monkeypatch, tmp_path, dedupe="none")) == 23
        assert server.pages == [2, 3]


def test_a_429_is_waited_for(documents, key, monkeypatch, tmp_path):
    with serving(documents) as server:
        server.faults = [(429, b"{}", {"Retry-After": "1"})]
        assert len(_build(server, monkeypatch, tmp_path, dedupe="none")) == 23


@pytest.mark.parametrize(
    ("heartbeat", "words"),
    [
        ((500, b'{"error": "down"}'), "answers 500"),
        ((200, b'{"error": "down"}'), "without a database version"),
        ((200, b"<html>"), "not JSON"),
    ],
)
def test_a_bad_heartbeat(heartbeat, words, documents, key, monkeypatch, tmp_path):
    monkeypatch.setattr(web, "PAUSE", 0.0)
    with serving(documents) as server:
        server.heartbeat = heartbeat
        with pytest.raises(md.SourceError, match=words) as caught:
            _build(server, monkeypatch, tmp_path)
    assert caught.value.next_step


def _thermo(document, kind, energy):
    return {
        "material_id": document["material_id"],
        "thermo_type": kind,
        "energy_type": kind,
        "energy_per_atom": energy,
        "formation_energy_per_atom": energy / 2,
    }


def test_energies_are_of_one_level_of_theory(documents, key, monkeypatch, tmp_path):
    monkeypatch.setattr(_mp_rest, "THERMO_BATCH", 4)
    first, second, *rest = documents
    with serving(documents) as server:
        server.thermo = [
            _thermo(first, "GGA_GGA+U", -2.0),
            _thermo(first, "R2SCAN", -9.0),
            _thermo(second, "R2SCAN", -8.0),
            *[_thermo(one, "GGA_GGA+U", -1.0) for one in rest],
        ]
        default = _build(server, monkeypatch, tmp_path, dedupe="none").table
        r2scan = _build(
            server, monkeypatch, tmp_path, dedupe="none", query={"thermo": "R2SCAN"}
        ).table
        plain = _build(server, monkeypatch, tmp_path, dedupe="none", query={"thermo": "summary"})
    one, two = first["material_id"], second["material_id"]
    assert default.loc[one, "energy_per_atom"] == -2.0
    assert default.loc[one, "thermo_type"] == "GGA_GGA+U"
    assert np.isnan(default.loc[two, "formation_energy_per_atom"])
    assert r2scan.loc[two, "energy_per_atom"] == -8.0
    assert plain.table.loc[one, "energy_per_atom"] == first["energy_per_atom"]
    assert "r2SCAN for some" in plain.manifest["note"]


def test_an_unknown_level_is_refused(key):
    with pytest.raises(md.ConfigError, match="did you mean 'R2SCAN'"):
        md.build("mp", query={"thermo": "R2SCA"})
    with pytest.raises(md.SourceError, match="takes no --thermo"):
        md.build("sample", query={"thermo": "R2SCAN"})


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ((200, b'{"data": [{"material'), "unreadable"),
        ((500, b"{}"), "refused"),
        ((200, b'{"data": [], "meta": {"total_doc": 23}}'), "page 1 holds 0"),
        ((403, b'{"message": "nope"}'), "refused"),
    ],
)
def test_faults_become_one_clear_error(fault, words, documents, key, monkeypatch, tmp_path):
    with serving(documents) as server:
        server.faults = [fault]
        with pytest.raises(md.SourceError, match=words) as caught:
            _build(server, monkeypatch, tmp_path)
    assert caught.value.next_step


def test_a_wrong_key_is_named(documents, key, monkeypatch, tmp_path):
    monkeypatch.setenv("MP_API_KEY", "x" * 32)
    with serving(documents) as server, pytest.raises(md.SourceError, match="refused") as caught:
        _build(server, monkeypatch, tmp_path)
    assert "MP_API_KEY" in str(caught.value)


@pytest.mark.parametrize("value", ["", "short"])
def test_a_missing_key_is_an_error_that_explains_how_to_get_one(value, monkeypatch, tmp_path):
    monkeypatch.setenv("MP_API_KEY", value)
    monkeypatch.delenv("PMG_MAPI_KEY", raising=False)
    with pytest.raises(md.SourceError, match="API key") as caught:
        md.build("mp", cache=tmp_path)
    assert "dashboard" in str(caught.value)
    assert "matdata build sample" in str(caught.value)


def test_an_unreachable_service_is_one_clear_error(key, monkeypatch, tmp_path):
    monkeypatch.setenv("MP_API_ENDPOINT", "http://127.0.0.1:9/")
    monkeypatch.setattr(web, "PAUSE", 0.0)
    with pytest.raises(md.SourceError, match="cannot be reached"):
        md.build("mp", cache=tmp_path)


@pytest.mark.real_data
def test_real_documents_give_the_same_records_as_the_file(key, monkeypatch, tmp_path):
    path = real("mp200/summary.jsonl.gz")
    with gzip.open(path, "rt") as file:
        served = [json.loads(line) for line in file]
    with serving(served) as server:
        remote = _build(server, monkeypatch, tmp_path)
    local = md.build(path, cache=tmp_path, dedupe="polymorph")
    assert remote.crystals.digest() == local.crystals.digest()
    assert remote.table["formation_energy_per_atom"].equals(
        local.table["formation_energy_per_atom"]
    )


def test_deprecated_ids_are_rejects_and_their_pages_are_resumed(
    documents, key, monkeypatch, tmp_path
):
    monkeypatch.setattr(MaterialsProject, "page_sizes", PageSizes(10, 2))
    gone = [one["material_id"] for one in documents[:5]]
    for one in documents[:5]:
        one["deprecated"] = True
    with serving(documents) as server:
        server.faults = [None, None, None, (500, b"{}")]
        with pytest.raises(md.SourceError, match="refused"):
            _build(server, monkeypatch, tmp_path)
        server.pages.clear()
        dataset = _build(server, monkeypatch, tmp_path, dedupe="none")
        assert server.pages == []
        limited = _build(server, monkeypatch, tmp_path, dedupe="none", limit=4)
    assert len(dataset) == 18
    ledger = dataset.ledger
    assert ledger[ledger["reason"] == "deprecated"]["material_id"].tolist() == gone
    assert len(limited.ledger) == 0
