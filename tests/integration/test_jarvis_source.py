"""JARVIS sets from a local server and from files; dielectric functions from XML."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest
from support.crystals import many
from support.file_server import Fault, serving_files

import matdata as md
from matdata.core.ledger import Unusable
from matdata.sources import figshare, find_source, jarvis, web
from matdata.sources.base import Request
from matdata.sources.optics import COMPONENTS, axes_of, components_of, dielectric_function
from matdata.tables.jarvis_sets import ARTICLES, PINNED, SETS


def _entry(crystals, row):
    one = crystals.take([row])
    symbols = [_symbol(z) for z in one.numbers]
    coords = one.frac_coords if row % 2 else one.frac_coords @ one.lattice[0]
    return {
        "jid": f"JVASP-{row + 1}",
        "formula": "X",
        "spg_number": "225",
        "atoms": {
            "lattice_mat": one.lattice[0].tolist(),
            "coords": coords.tolist(),
            "elements": symbols,
            "cartesian": row % 2 == 0,
        },
        "formation_energy_peratom": -0.1 * row,
        "optb88vdw_total_energy": -1.0 - row,
        "optb88vdw_bandgap": 0.1 * row,
        "mbj_bandgap": "na" if row % 3 else 1.5,
        "ehull": 0.0,
        "bulk_modulus_kv": "na" if row % 2 else -99999,
        "epsx": 2.0,
        "nat": len(symbols),
    }


def _symbol(number):
    from matdata.core import elements

    return elements.symbols()[number]


@pytest.fixture(scope="module")
def crystals():
    return many(23)


@pytest.fixture(scope="module")
def archive(crystals):
    entries = [_entry(crystals, row) for row in range(len(crystals))]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("jdft_3d-9-24-2025.json", json.dumps(entries))
    return buffer.getvalue()


@pytest.fixture
def server(archive, monkeypatch):
    with serving_files({"/64391379": archive}) as server:
        monkeypatch.setattr(jarvis, "URL", server.url + "/{number}")
        monkeypatch.setattr(figshare, "API", server.url + "/articles/{article}")
        monkeypatch.setattr(jarvis, "PINNED", {})
        yield server


def _build(source, cache, **options):
    return md.build(source, cache=cache, workers=1, dedupe="none", split=None, **options)


def test_dft_3d_is_fetched_checked_and_read(server, crystals, tmp_path):
    dataset = _build("jarvis", tmp_path)
    assert dataset.ref.startswith("jarvis-dft_3d@2025.09.24-")
    assert len(dataset) == 23
    table = dataset.table
    assert np.isnan(table.loc["JVASP-2", "mbj_bandgap"])
    assert table.loc["JVASP-1", "mbj_bandgap"] == 1.5
    assert table["bulk_modulus_kv"].isna().all()
    assert dataset.units["optb88vdw_bandgap"] == "eV"
    assert dataset.units["formation_energy_peratom"] == "eV/atom"
    assert "nat" not in dataset.manifest["targets"]
    assert dataset.manifest["energy_column"] == "optb88vdw_total_energy"
    for row in (0, 1):  # Cartesian and fractional entries
        found = dataset.crystals.take([dataset.row(f"JVASP-{row + 1}")])
        np.testing.assert_allclose(found.frac_coords, crystals.take([row]).frac_coords, atol=1e-9)
    assert len([path for path in server.paths if path == "/64391379"]) == 1
    assert dataset.manifest["licence"] == "CC BY 4.0"


def _listing(archive, **changed):
    md5 = hashlib.md5(archive).hexdigest()
    return json.dumps([{"id": 1}, {"id": 64391379, "computed_md5": md5, **changed}]).encode()


def test_the_md5_that_figshare_states_is_demanded(server, archive, tmp_path):
    server.content["/articles/6815699"] = _listing(archive, computed_md5="0" * 32)
    with pytest.raises(md.SourceError, match=r"MD5 .* expected 000000000000"):
        _build("jarvis", tmp_path)
    assert not list((tmp_path / "downloads").glob("jarvis*"))
    server.content["/articles/6815699"] = _listing(archive)
    assert len(_build("jarvis", tmp_path)) == 23
    (receipt,) = (tmp_path / "downloads").glob("*.receipt.json")
    assert json.loads(receipt.read_text())["published_md5"] == hashlib.md5(archive).hexdigest()


@pytest.mark.parametrize("body", [b"{}", b"[]", b"<html>", b'[{"id": 64391379}]'])
def test_a_list_without_the_file_refuses_nothing(body, server, monkeypatch, tmp_path):
    monkeypatch.setattr(web, "PAUSE", 0.0)
    server.content["/articles/6815699"] = body
    assert len(_build("jarvis", tmp_path)) == 23


def test_a_pinned_digest_is_demanded(server, monkeypatch, tmp_path):
    monkeypatch.setattr(jarvis, "PINNED", {64391379: "0" * 64})
    with pytest.raises(md.SourceError, match=r"SHA-256 .* expected 000000000000"):
        _build("jarvis", tmp_path)


def test_pins_are_digests_of_files_that_are_listed():
    numbers = {number for number, _ in SETS.values()}
    assert PINNED.keys() <= numbers
    assert all(len(bytes.fromhex(digest)) == 32 for digest in PINNED.values())
    assert ARTICLES.keys() <= SETS.keys()


@pytest.mark.slow
def test_a_local_zip_gives_the_same_dataset_and_needs_no_network(server, archive, tmp_path):
    path = tmp_path / "mine.zip"
    path.write_bytes(archive)
    local = _build("jarvis:dft_3d", tmp_path / "one", from_=path)
    assert not server.ranges
    remote = _build("jarvis:dft_3d", tmp_path / "two")
    assert local.ref == remote.ref
    assert len(_build(f"jarvis:{path}", tmp_path / "one")) == 23


def test_a_broken_archive_is_one_clear_error(archive, tmp_path):
    path = tmp_path / "cut.zip"
    path.write_bytes(archive[:-100])
    with pytest.raises(md.SourceError, match=r"not complete JSON|not a zip file"):
        _build(f"jarvis:{path}", tmp_path)
    member = tmp_path / "cut.json"
    member.write_text('[{"jid": "JVASP-1", "atoms": {"latt')
    with pytest.raises(md.SourceError, match=r"not complete JSON|not a zip file"):
        _build(f"jarvis:{member}", tmp_path)


def test_an_error_page_is_never_kept(server, tmp_path):
    server.faults = [Fault(200, b"<html>busy</html>")]
    with pytest.raises(md.SourceError, match="begins with"):
        _build("jarvis", tmp_path)
    assert len(_build("jarvis", tmp_path)) == 23


def test_an_unknown_set_names_the_known_ones(tmp_path):
    with pytest.raises(md.SourceError, match="did you mean 'dft_3d'"):
        _build("jarvis:dft_3", tmp_path)


def _page(shift=0.0, doctype=""):
    parts = "".join(
        f"<{part}_{k}>'{k + shift},{k + 1 + shift}'</{part}_{k}>"
        for part in ("real", "imag")
        for k in range(1, 7)
    )
    return (
        f"<?xml version='1.0'?>{doctype}<basic_info><main_optics_semilocal><main_optics_info>"
        f"<energies>'0.0,0.5'</energies>{parts}</main_optics_info></main_optics_semilocal>"
        "</basic_info>"
    )


def _vasprun():
    rows = "".join(f"<r> {e} 1 2 3 4 5 6 </r>" for e in (0.0, 0.5))
    part = f"<array><set>{rows}</set></array>"
    return (
        "<modeling><calculation><dielectricfunction>"
        f"<imag>{part}</imag><real>{part}</real></dielectricfunction></calculation></modeling>"
    )


def test_dielectric_functions_become_array_targets(server, tmp_path):
    folder = tmp_path / "xml"
    folder.mkdir()
    (folder / "JVASP-1.xml").write_text(_page())
    (folder / "JVASP-2.xml").write_text(_vasprun())
    (folder / "JVASP-3.xml").write_text("<basic_info/>")
    dataset = _build("jarvis", tmp_path, query={"optics": str(folder)})
    assert dataset.table.loc["JVASP-1", "eps_energies"] == [0.0, 0.5]
    assert dataset.table.loc["JVASP-1", "eps_re_zx"] == [6.0, 7.0]
    assert dataset.table.loc["JVASP-2", "eps_im_yy"] == [2.0, 2.0]
    assert dataset.table.loc["JVASP-4", "eps_energies"] is None
    assert dataset.units["eps_energies"] == "eV"
    assert dataset.axes["eps_im_yy"] == "eps_energies"
    assert len(dataset.axes) == 12
    assert dataset.ledger["material_id"].tolist() == ["JVASP-3"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_page(doctype="<!DOCTYPE a [<!ENTITY b 'c'>]>"), "document type"),
        (_page()[:-40], "no element found|mismatched|unclosed"),
        (_page().replace("'0.0,0.5'", "'0.0'"), "lengths"),
        (_page().replace("0.5", "x"), "could not convert"),
        (_page().replace("0.5", "nan"), "finite"),
        ("<modeling/>", "LOPTICS"),
    ],
)
def test_damaged_xml_is_named(text, words, tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(text)
    with pytest.raises(Unusable, match=words):
        dielectric_function(path)


def test_components_stand_in_the_order_that_jarvis_gives_them(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(_page())
    found = dielectric_function(path)
    assert list(found) == ["eps_energies", *axes_of(COMPONENTS)]
    assert [found[f"eps_re_{c}"][0] for c in ("xx", "yy", "zz", "xy", "yz", "zx")] == [
        1.0, 2.0, 3.0, 4.0, 5.0, 6.0,
    ]  # fmt: skip


def test_the_average_is_that_of_the_diagonal(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(_page())
    found = dielectric_function(path, components_of(["average"]))
    assert list(found) == ["eps_energies", "eps_re_average", "eps_im_average"]
    assert found["eps_re_average"].tolist() == [2.0, 3.0]


def test_components_that_are_none_are_refused():
    with pytest.raises(md.ConfigError, match=r"no component 'xz' \(did you mean"):
        components_of(["xz"])
    with pytest.raises(md.ConfigError, match="named twice"):
        components_of(["xx", "xx"])
    with pytest.raises(md.SourceError, match="name them: --optics"):
        find_source("jarvis", Request(query={"components": ["xx"]}))


def test_only_the_components_that_are_asked_for_are_columns(server, tmp_path):
    folder = tmp_path / "xml"
    folder.mkdir()
    (folder / "JVASP-1.xml").write_text(_page())
    dataset = _build("jarvis", tmp_path, optics=folder, components="xx,average")
    assert set(dataset.axes) == {"eps_re_xx", "eps_re_average", "eps_im_xx", "eps_im_average"}


def test_dielectric_functions_are_resampled_to_a_grid(server, tmp_path):
    folder = tmp_path / "xml"
    folder.mkdir()
    (folder / "JVASP-1.xml").write_text(_page())
    (folder / "JVASP-2.xml").write_text(_vasprun())
    dataset = _build("jarvis", tmp_path, optics=folder, components="xx", grid="0:0.5:3:eV")
    axis, points, values = dataset.spectra("eps_re_xx")
    assert (axis, dataset.units[axis], points.tolist()) == ("eps_energies", "eV", [0.0, 0.25, 0.5])
    assert values[dataset.row("JVASP-1")].tolist() == [1.0, 1.5, 2.0]
    assert values[dataset.row("JVASP-2")].tolist() == [1.0, 1.0, 1.0]
    assert dataset.columns["eps_im_xx"][dataset.row("JVASP-4")] is None
    assert dataset.manifest["targets"]["eps_re_xx"] == "1"
