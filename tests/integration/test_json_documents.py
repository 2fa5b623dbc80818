"""``--json`` of every command: one document on standard output, as docs/json.md says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.matgl_weights import write_folder

import matdata as md
from matdata.cli import main
from matdata.cli.commands import COMMANDS
from matdata.cli.json_documents import COMMON, SCHEMAS
from matdata.cli.json_schema import Schema, faults, page

ROOT = Path(__file__).parents[2]
#: These need networks with an inside; test_inside.py holds them to their schemas.
INSIDE = {"cecv", "contributions", "edges"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    cache = tmp_path_factory.mktemp("json")
    path = cache / "mine.csv"
    rows = [f"{a}{b}O{k},{len(a) + k},{-k / len(a)}" for k in (2, 3)
            for a in ("Li", "Na", "K", "Rb", "Cs")
            for b in ("Ti", "V", "Cr", "Mn", "Fe")]  # fmt: skip
    path.write_text("\n".join(["formula,gap,e_form", *rows]) + "\n")
    md.build(path, cache=cache, features=["fractions"], name="mine")
    md.build("sample", limit=60, cache=cache, name="cells", split="none")
    return cache


def _asked(capsys, cache, *words, code=0):
    capsys.readouterr()
    assert main([*words, "--json", "--cache", str(cache)]) == code
    captured = capsys.readouterr()
    record = json.loads(captured.out)  # one document, and nothing else
    assert faults(SCHEMAS[words[0]], COMMON, record) == []
    return record


def _words(cache, tmp_path):
    """Command lines by command, in an order in which each finds what it needs."""
    material = md.open("mine", cache=cache).ids[0]
    write_folder(tmp_path / "weights")
    space = tmp_path / "sweep.toml"
    space.write_text("[hyper.width]\nlow = 2\nhigh = 8\n")
    return [
        ("build", str(cache / "mine.csv"), "--name", "mine"),
        ("featurize", "mine", "fractions"),
        ("work", "mine", "--features", "fractions"),
        ("split", "mine", "--split", "60/20/20"),
        ("split", "mine", "--method", "kfold"),
        ("substitute", "cells", "--per-parent", "2", "--matrix", str(tmp_path / "matrix.csv")),
        ("substitute", "cells", "--per-parent", "2"),
        ("info", "mine"),
        ("list",),
        ("list", "--size"),
        ("show", "mine", str(material)),
        ("audit", "mine", "--split", "70-15-15-seed0", "--keys", "formula"),
        ("report", "mine"),
        ("card", "mine", "--output", str(tmp_path / "card"), "--split", "70-15-15-seed0"),
        ("diff", "mine", "mine"),
        ("export", "mine", str(tmp_path / "a.csv")),
        ("export", "mine", str(tmp_path / "a.jsonl"), "--snapshot"),
        ("export", "mine", str(tmp_path / "a.zip"), "--archive"),
        ("push", "mine", str(tmp_path / "shared")),
        ("pull", f"file://{tmp_path}/shared/mine"),
        ("import", str(tmp_path / "a.zip")),
        ("verify",),
        ("doctor",),
        ("features",),
        ("plugins",),
        ("train", "example", "mine", "--target", "gap", "--epochs", "2", "--name", "run",
         "--split", "70-15-15-seed0"),
        ("sweep", "example", "mine", "--target", "gap", "--split", "70-15-15-seed0", "--space",
         str(space), "--trials", "2", "--epochs", "1"),
        ("evaluate", "run", "--no-pictures"),
        ("predict", "run", "Li2O", "NaTiO3"),
        ("embed", "run", "mine"),
        ("embed", "run", "Li2O", "NaTiO3"),
        ("nearest", "run", str(material), "--top", "2", "--columns", "e_form"),
        ("curve", "run", "--fractions", "0.5", "--no-pictures"),
        ("screen", "run", "mine", "--where", "prediction_gap_mean > -1000"),
        ("runs",),
        ("import-run", f"matgl:{tmp_path / 'weights'}", "--name", "given", "--target", "gap",
         "--unit", "eV"),
        ("runs",),
        ("hull", "mine", "--energy", "gap/atom", "--formation"),
        ("discover", "run", "mine", "--reference", "mine", "--target", "gap"),
        ("gc", "--keep", "1", "--dry-run"),
        ("rm", "mine", "--cascade", "--dry-run"),
    ]  # fmt: skip


def test_every_command_has_a_schema_and_is_run_here():
    assert set(SCHEMAS) == set(COMMANDS)


@pytest.mark.slow
def test_every_command_prints_one_document_that_its_schema_describes(cache, tmp_path, capsys):
    words = _words(cache, tmp_path)
    assert {one[0] for one in words} | INSIDE == set(COMMANDS)
    for one in words:
        _asked(capsys, cache, *one)


@pytest.mark.slow
def test_documents_of_all_folds_are_as_the_page_says(cache, capsys):
    _asked(capsys, cache, "split", "mine", "--method", "kfold", "--set", "k=3")
    folds = ["--folds", "all", "--json", "--cache", str(cache)]
    trained = ["dummy", "mine", "--target", "gap", "--split", "kfold3-seed0", "--name", "cv"]
    for words in (["train", *trained, *folds], ["evaluate", "cv", "--no-pictures", *folds]):
        capsys.readouterr()
        assert main(words) == 0
        variant = SCHEMAS[words[0]].variants["--folds all"]
        assert faults(variant, COMMON, json.loads(capsys.readouterr().out)) == []


@pytest.mark.slow
def test_info_lists_splits_with_their_sizes(cache, capsys):
    record = _asked(capsys, cache, "info", "mine")
    sizes = {one["name"]: one["sizes"] for one in record["splits"]}
    assert sizes["70-15-15-seed0"] == {"train": 35, "val": 8, "test": 7}


def test_the_page_is_written_from_the_schemas():
    written = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    assert written == page(SCHEMAS, COMMON), "run tools/make_json_page.py"


def test_a_document_that_differs_is_noticed():
    schema = Schema({"rows": ("count", ""), "name": ("text?", "")}, {"more": ("list", "")})
    assert faults(schema, {}, {"rows": 3, "name": None}) == []
    assert faults(schema, {}, {"rows": 3}) == ["name is missing"]
    assert faults(schema, {}, {"rows": True, "name": "x", "more": []}) == [
        "rows is bool, expected count"
    ]
    assert faults(schema, {}, {"rows": 1, "name": "x", "other": 1}) == ["other is not known"]
    error = {"kind": "StoreError", "what": "x", "details": [], "cause": None, "next_step": "y"}
    assert faults(schema, {}, {"error": error, "exit_code": 1}) == []
    assert faults(schema, {}, {"error": error}) == ["exit_code is None"]
    assert faults(schema, {}, {"error": "x", "exit_code": 1}) == ["error is no record"]
    assert faults(schema, {}, {"error": {**error, "what": None}, "exit_code": 1}) == [
        "what of error is wrong"
    ]


def test_what_a_command_that_fails_prints_is_as_the_page_says(cache, capsys):
    _asked(capsys, cache, "info", "nothing", code=1)
