"""OPTIMADE: the real server with real structures, and a stand-in for bad weather."""

from __future__ import annotations

import copy
import gzip
import json

import numpy as np
import pytest
from support.crystals import many, real
from support.optimade_server import entry, real_server, standing_in

import matdata as md
from matdata.adapters.pymatgen import to_structure
from matdata.sources import web

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(web, "PAUSE", 0.0)


@pytest.fixture(scope="module")
def entries():
    crystals = many(23)
    return [
        entry(f"x-{row:02}", to_structure(crystals, row).as_dict(), _x_gap=0.1 * row)
        for row in range(len(crystals))
    ]


def _build(url, cache, **options):
    options = {"dedupe": "none", "split": None, "workers": 1, **options}
    return md.build(f"optimade:{url}", cache=cache, **options)


@pytest.mark.parametrize("link", ["text", "object", "relative"])
def test_pages_are_followed_to_the_end(link, entries, tmp_path):
    with standing_in(entries, link=link) as server:
        dataset = _build(server.url, tmp_path)
        assert server.cursors == ["p0", "p10", "p20"]
    assert len(dataset) == 23
    assert dataset.units["_x_gap"] == "eV"
    assert dataset.table.loc["x-03", "_x_gap"] == pytest.approx(0.3)
    assert list(dataset.manifest["targets"]) == ["_x_gap"]
    assert not list((tmp_path / "downloads").glob(".trail*"))


def test_a_limit_and_a_service_that_allows_small_pages_only(entries, tmp_path):
    with standing_in(entries) as server:
        server.most = 20
        assert len(_build(server.url, tmp_path, limit=12)) == 12
        assert server.cursors == ["p0", "p10"]


def test_a_cut_download_goes_on_at_the_page_it_lost(entries, tmp_path):
    with standing_in(entries) as server:
        server.faults = [None, None, *[(500, b"", {})] * web.TRIES]
        with pytest.raises(md.SourceError, match="answers 500"):
            _build(server.url, tmp_path)
        server.cursors.clear()
        dataset = _build(server.url, tmp_path)
        assert server.cursors == ["p0", "p20"]  # the first page is sampled for its columns
    whole = tmp_path / "whole"
    with standing_in(entries) as server:
        other = _build(server.url, whole)
    assert dataset.crystals.digest() == other.crystals.digest()
    assert dataset.table.equals(other.table)


@pytest.mark.parametrize(
    "fault",
    [
        (429, b"", {"Retry-After": "0"}),
        (503, b"", {}),
        (200, b'{"data"', {"Content-Length": "100"}),
    ],
)
def test_short_bad_weather_is_waited_for(fault, entries, tmp_path):
    with standing_in(entries) as server:
        server.faults = [None, fault, fault]
        assert len(_build(server.url, tmp_path)) == 23


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ((200, b'{"data": [{"id', {}), "not JSON"),
        ((200, b"[]", {}), "expected a JSON object"),
        ((200, b'{"errors": []}', {}), "no list of structures"),
        ((404, b'{"errors": [{"detail": "gone"}]}', {}), "answers 404: gone"),
        ((400, b'{"errors": [{"detail": "bad filter"}]}', {}), "answers 400: bad filter"),
        ((200, b'{"data": [], "meta": {"data_returned": 24}}', {}), "24 structures, and 23"),
        ((200, b'{"data": [], "meta": {"data_returned": 23}}', {}), "23 structures and sent 10"),
    ],
)
def test_faults_become_one_clear_error(fault, words, entries, tmp_path):
    with standing_in(entries) as server:
        server.faults = [None, fault]
        with pytest.raises(md.SourceError, match=words) as caught:
            _build(server.url, tmp_path)
        assert caught.value.next_step or "expected" in words
        assert len(_build(server.url, tmp_path)) == 23


def test_a_permanent_429_ends(entries, tmp_path):
    with standing_in(entries) as server:
        server.faults = [(429, b"", {"Retry-After": "0"})] * 50
        with pytest.raises(md.SourceError, match="answers 429"):
            _build(server.url, tmp_path)
        assert len(server.cursors) == web.TRIES


def test_pages_in_a_circle_end(entries, tmp_path):
    with standing_in(entries) as server:
        server.last, server.returned = "p10", None
        with pytest.raises(md.SourceError, match="cycle"):
            _build(server.url, tmp_path)


def _spoil(one, **attributes):
    spoilt = copy.deepcopy(one)
    spoilt["attributes"] |= attributes
    return spoilt


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"structure_features": ["disorder"]}, "disordered"),
        ({"structure_features": ["assemblies"]}, "disordered"),
        ({"structure_features": ["implicit_atoms"]}, "implicit_atoms"),
        (
            {"species": [{"name": "A", "chemical_symbols": ["Si", "Ge"], "concentration": [1, 0]}]},
            "disordered",
        ),
        (
            {"species": [{"name": "A", "chemical_symbols": ["Si", "vacancy"]}]},
            "disordered",
        ),
        ({"species": [{"name": "A", "chemical_symbols": ["Si"], "concentration": [0.5]}]},
         "disordered"),
        ({"species": [{"name": "A", "chemical_symbols": ["X"]}], "species_at_sites": ["A"]},
         "unknown_element"),
        ({"lattice_vectors": [[1, 0, 0], [0, 1, 0], [None, None, None]]}, "not_periodic"),
        ({"lattice_vectors": None}, "not_periodic"),
        ({"cartesian_site_positions": []}, "no_structure"),
        ({"species_at_sites": ["nothing"]}, "unreadable"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_a_row_of_the_ledger(attributes, reason, entries, tmp_path):
    with standing_in([*entries[:3], _spoil(entries[3], **attributes)]) as server:
        dataset = _build(server.url, tmp_path)
    assert len(dataset) == 3
    assert dataset.ledger["reason"].tolist() == [reason]


def test_names_and_addresses(tmp_path):
    with pytest.raises(md.SourceError, match="no OPTIMADE provider is named"):
        _build("", tmp_path)
    with pytest.raises(md.SourceError, match="no OPTIMADE provider 'mpp'"):
        _build("mpp", tmp_path)
    with pytest.raises(md.SourceError, match="cannot be reached"):
        _build("http://127.0.0.1:9", tmp_path)


@pytest.fixture(scope="module")
def documents():
    with gzip.open(real("mp200/summary.jsonl.gz"), "rt") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def server(documents, tmp_path_factory):
    own = [
        entry(
            d["material_id"],
            d["structure"],
            formation_energy=d["formation_energy_per_atom"],
            gap=d["band_gap"],
        )
        for d in documents
    ]
    units = {"formation_energy": "eV/atom", "gap": "eV"}
    with real_server(tmp_path_factory.mktemp("optimade"), own, units) as url:
        yield url


@pytest.mark.real_data
def test_the_real_server_gives_the_crystals_of_the_file(server, tmp_path):
    remote = _build(server, tmp_path)
    local = md.build(
        real("mp200/summary.jsonl.gz"), cache=tmp_path, dedupe="none", split=None, workers=1
    )
    assert remote.folder.name.startswith("2026.01.02-")
    assert remote.ids.tolist() == local.ids.tolist()
    assert (remote.crystals.numbers == local.crystals.numbers).all()
    np.testing.assert_allclose(remote.crystals.lattice, local.crystals.lattice, atol=1e-9)
    shift = remote.crystals.frac_coords - local.crystals.frac_coords
    np.testing.assert_allclose(shift - np.round(shift), 0.0, atol=1e-9)
    assert remote.units["_test_gap"] == "eV"
    np.testing.assert_allclose(remote.table["_test_gap"], local.table["band_gap"])


@pytest.mark.real_data
def test_a_filter_and_the_official_client_see_the_same_structures(server, tmp_path):
    from optimade.client import OptimadeClient

    where = 'elements HAS "O"'
    dataset = _build(server, tmp_path, query={"where": where})
    found = OptimadeClient(base_urls=[server], use_async=False, silent=True).get(where)
    listed = found["structures"][where][server]["data"]
    assert len(listed) == len(dataset) > 10
    assert sorted(one["id"] for one in listed) == dataset.ids.tolist()
