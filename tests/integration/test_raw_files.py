"""`--from` with what a user saved without matdata: documents of mp-api, answers of OPTIMADE."""

from __future__ import annotations

import gzip
import json
import warnings

import pytest
from support.crystals import many
from support.files import mp_document
from support.mp_server import KEY, VERSION, serving
from support.optimade_server import entry, standing_in

import matdata as md
from matdata.adapters.pymatgen import to_structure
from matdata.cli import main
from matdata.sources.snapshot import Snapshot

pytestmark = pytest.mark.slow


def _build(source, path, cache, **options):
    return md.build(source, from_=path, cache=cache, split=None, workers=1, **options)


@pytest.fixture(scope="module")
def documents():
    crystals = many(23)
    return [mp_document(crystals, row) for row in range(23)]


def _models(crystals):
    """Documents of the client's own document model, with their nulls and other fields."""
    from emmet.core.summary import SummaryDoc

    return [
        SummaryDoc.from_structure(
            meta_structure=to_structure(crystals, row),
            material_id=f"mp-{row + 1}",
            deprecated=False,
            last_updated="2026-01-01",
            property_name="summary",
            origins=[],
            energy_per_atom=-1.0 - row,
            uncorrected_energy_per_atom=-1.0,
            formation_energy_per_atom=-0.5,
            energy_above_hull=0.0,
            is_stable=True,
            band_gap=0.5 * row,
            bulk_modulus={"voigt": 1.0, "reuss": 2.0, "vrh": 1.5},
        )
        for row in range(len(crystals))
    ]


def _written(path, form, documents):
    lines = "\n".join(json.dumps(one) for one in documents) + "\n"
    content = {
        "list": json.dumps(documents),
        "lines": lines,
        "answer": json.dumps({"meta": {"total_doc": len(documents)}, "data": documents}),
        "answers": "\n".join(
            json.dumps({"data": part, "meta": {}}) for part in (documents[:9], documents[9:])
        ),
    }[form].encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.json", "list"),
        ("a.json.gz", "list"),
        ("a.jsonl", "lines"),
        ("a.jsonl.gz", "lines"),
        ("a.json", "answer"),
        ("a.jsonl", "answers"),
    ],
)
def test_summary_documents_in_every_form(name, form, documents, monkeypatch, tmp_path):
    path = _written(tmp_path / name, form, documents)
    dataset = _build("mp", path, tmp_path, dedupe="none")
    monkeypatch.setenv("MP_API_KEY", KEY)
    with serving(documents) as server:
        monkeypatch.setenv("MP_API_ENDPOINT", server.url)
        query = {"thermo": "summary"}
        rest = md.build("mp", cache=tmp_path, split=None, workers=1, dedupe="none", query=query)
    assert dataset.crystals.digest() == rest.crystals.digest()
    assert dataset.table.equals(rest.table)
    assert dataset.units == rest.units
    assert "raw file" in dataset.manifest["note"]
    snapshot = Snapshot.open(tmp_path / "snapshots" / dataset.manifest["made_from"]["snapshot"])
    assert "raw_file" in snapshot.origin["request"]
    assert snapshot.origin["version"] == "local"
    assert rest.manifest["note"].startswith("energies are")


@pytest.mark.parametrize("how", ["model_dump", "model_dump_json", "monty"])
def test_documents_of_the_document_model(how, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = _models(many(6))
        for one in models:
            one.builder_meta.database_version = VERSION
    path = tmp_path / "docs.json"
    if how == "monty":
        from monty.serialization import dumpfn

        dumpfn(models, path)
    elif how == "model_dump_json":
        path.write_text("[" + ",".join(one.model_dump_json() for one in models) + "]")
    else:
        path.write_text(json.dumps([one.model_dump() for one in models], default=str))
    dataset = _build("mp", path, tmp_path, dedupe="none")
    assert len(dataset) == 6
    assert dataset.ref.startswith(f"mp@{VERSION}-")
    assert dataset.table["bulk_modulus.vrh"].tolist() == [1.5] * 6
    assert sorted(dataset.table["energy_per_atom"]) == [-6.0, -5.0, -4.0, -3.0, -2.0, -1.0]


def test_options_that_a_raw_file_does_not_take(documents, tmp_path, capsys):
    path = _written(tmp_path / "a.json", "list", documents)
    arguments = ["build", "mp", "--from", str(path), "--cache", str(tmp_path), "--split", "none"]
    assert main([*arguments, "--thermo", "R2SCAN"]) == 1
    assert "--thermo asks the service" in capsys.readouterr().err
    assert main([*arguments, "--limit", "7"]) == 0
    assert "raw file of summary documents (a.json)" in capsys.readouterr().out
    assert len(_build("mp", path, tmp_path, limit=7, dedupe="none")) == 7


@pytest.mark.parametrize("source", ["mp", "optimade"])
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", b'[{"material_id": "mp-1"', "not complete JSON"),
        ("a.json", b'{"data": [{"mat', "not complete JSON"),
        ("a.jsonl", b'{"a": 1}\n{"b":', "line 2|holds no"),
        ("a.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 9000)[:-20], "ends within|holds no"),
        ("a.json", b'[{"formula": "NaCl"}]', "holds no"),
        ("a.json", b"[]", "holds no"),
        ("a.json", b"hello", "not complete JSON"),
    ],
)
def test_files_of_another_kind(source, name, content, words, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(md.SourceError, match=words) as caught:
        _build(source, path, tmp_path)
    assert caught.value.next_step
    with pytest.raises(md.SourceError, match="there is no file"):
        _build(source, tmp_path / "nothing.json", tmp_path)


@pytest.fixture(scope="module")
def entries():
    crystals = many(23)
    structures = [to_structure(crystals, row).as_dict() for row in range(23)]
    return [entry(f"x-{row:02}", one, _x_gap=0.1 * row) for row, one in enumerate(structures)]


def _optimade_file(path, form, entries):
    header = {"x-optimade": {"meta": {"api_version": "1.1.0"}}}
    info = {"type": "info", "id": "structures", "properties": {}}
    answer = {"data": entries, "meta": {"data_returned": 23}, "links": {"next": None}}
    content = {
        "answer": json.dumps(answer),
        "lines": "\n".join(json.dumps(one) for one in [header, info, *entries]),
        "list": json.dumps(entries),
        "client": json.dumps({"structures": {'elements HAS "O"': {"http://x/": answer}}}),
    }[form]
    path.write_text(content)
    return path


@pytest.mark.parametrize("form", ["answer", "lines", "list", "client"])
def test_optimade_answers_in_every_form(form, entries, tmp_path):
    path = tmp_path / ("a.jsonl" if form == "lines" else "a.json")
    dataset = _build("optimade", _optimade_file(path, form, entries), tmp_path, dedupe="none")
    with standing_in(entries) as server:
        served = md.build(
            f"optimade:{server.url}", cache=tmp_path, split=None, workers=1, dedupe="none"
        )
    assert dataset.crystals.digest() == served.crystals.digest()
    assert dataset.table.equals(served.table)
    assert dataset.manifest["targets"].keys() == {"_x_gap"}
    assert dataset.ref.startswith("optimade-a@2026.01.02-")
    assert "raw file of OPTIMADE structures" in dataset.manifest["note"]
    named = _build("optimade:mp", path, tmp_path, dedupe="none")
    assert named.ref.startswith("optimade-mp@")


def test_a_first_document_that_holds_no_material_costs_no_other(documents, tmp_path):
    odd = {"structures": documents[0]["structure"]}
    path = _written(tmp_path / "x.json", "list", [odd, *documents[1:4]])
    dataset = _build("mp", path, tmp_path / "c", dedupe="none")
    assert len(dataset.ids) == 3
    assert dataset.ledger.message.tolist() == ["the document has no material_id"]
