"""Nested cells (lists of texts or of records) from JSON to table, export and replay."""

from __future__ import annotations

import csv
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.building import build_all

import matdata as md
from matdata.cli import main
from matdata.store.cells import ColumnKind, as_kind, clean_column
from matdata.store.tables import table_of

REACTIONS = [
    {
        "id": "a",
        "formula": "BaTiO3",
        "precursors": [{"formula": "BaCO3", "amount": 1}, {"formula": "TiO2", "amount": 1.5}],
        "operations": ["mix", "heat"],
        "tensor": [[1, 0], [0, 2]],
        "conditions": {"steps": ["calcine"], "hours": 4},
    },
    {"id": "b", "formula": "SrTiO3", "precursors": [{"formula": "SrCO3"}], "operations": None},
    {"id": "c", "formula": "ZnO", "operations": ["dry"], "precursors": []},
]


def _dataset(tmp_path, records, name="r.jsonl", **options):
    path = tmp_path / name
    text = "\n".join(map(json.dumps, records)) if name.endswith("l") else json.dumps(records)
    path.write_text(text)
    return build_all(path, tmp_path, **options)


@pytest.mark.parametrize("name", ["r.jsonl", "r.json"])
def test_nested_values_stay_arrow_types_through_a_build(tmp_path, name):
    dataset = _dataset(tmp_path, REACTIONS, name)
    assert dataset.ids.tolist() == ["a", "b", "c"]
    assert dataset.columns["precursors"] == [
        [{"formula": "BaCO3", "amount": 1.0}, {"formula": "TiO2", "amount": 1.5}],
        [{"formula": "SrCO3", "amount": None}],
        None,
    ]
    assert dataset.columns["operations"] == [["mix", "heat"], None, ["dry"]]
    assert dataset.columns["tensor"] == [[[1.0, 0.0], [0.0, 2.0]], None, None]
    assert dataset.columns["conditions.steps"] == [["calcine"], None, None]
    assert dataset.table.loc["a", "precursors"][1]["amount"] == 1.5
    types = pq.read_schema(dataset.folder / "table.parquet")
    record = pa.struct([("formula", pa.string()), ("amount", pa.float64())])
    precursors = types.field("precursors").type
    assert pa.types.is_list(precursors)
    assert set(precursors.value_type) == set(record)
    assert types.field("operations").type.value_type == pa.string()


def test_exports_hold_them_as_types_or_as_json(tmp_path):
    dataset = _dataset(tmp_path, REACTIONS)
    cache = str(dataset.cache)
    for ending in ("parquet", "csv", "npz"):
        file = str(tmp_path / f"out.{ending}")
        assert main(["export", dataset.ref, file, "--cache", cache, "--quiet"]) == 0
    again = pq.read_table(tmp_path / "out.parquet").to_pydict()
    assert again["precursors"] == dataset.columns["precursors"]
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert json.loads(rows[0]["precursors"]) == dataset.columns["precursors"][0]
    assert json.loads(rows[2]["operations"]) == ["dry"]
    assert rows[1]["operations"] == ""


def test_a_saved_snapshot_gives_the_same_records(tmp_path):
    dataset = _dataset(tmp_path, REACTIONS)
    saved = str(tmp_path / "saved.jsonl")
    arguments = ["export", dataset.ref, saved, "--snapshot", "--cache", str(dataset.cache)]
    assert main([*arguments, "--quiet"]) == 0
    again = md.build(
        saved, cache=tmp_path / "other", split=None, dedupe="none", symmetry="none", name="r"
    )
    assert again.columns == dataset.columns
    assert again.digest == dataset.digest


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("mix", "lists of text and text"),
        ([{"step": "mix"}], "lists of text and lists of records|text and records"),
        (["mix", 3], "text and numbers"),
        ([1.5], "lists of text and lists of numbers"),
        ([{}], "record without values"),
    ],
)
def test_cells_of_another_kind_are_ledger_rows(tmp_path, value, message):
    odd = {"id": "odd", "formula": "NaCl", "operations": value}
    dataset = _dataset(tmp_path, [*REACTIONS, odd])
    assert dataset.ids.tolist() == ["a", "b", "c"]
    (reject,) = dataset.rejects()
    assert (reject.material_id, reject.reason) == ("odd", "unreadable")

    assert re.search(message, reject.message), reject.message


def test_a_column_of_plain_values_refuses_later_lists(tmp_path):
    records = [{"id": "a", "formula": "NaCl", "x": 1.0}, {"id": "b", "formula": "KCl", "x": ["y"]}]
    dataset = _dataset(tmp_path, records)
    assert [reject.material_id for reject in dataset.rejects()] == ["b"]


def test_records_of_several_kinds_from_elsewhere_become_json():
    mixed = clean_column([{"a": 1}, {"a": "x"}, None])
    assert mixed == ['{"a": 1.0}', '{"a": "x"}', None]
    assert clean_column([[{"a": float("nan")}], [{"a": 2, "b": True}]]) == [
        [{"a": None}],
        [{"a": 2.0, "b": True}],
    ]


def test_one_broken_record_does_not_decide_about_the_others(tmp_path):
    records = [{"id": "odd", "formula": "NaCl", "x": [{"y": 1}]}]
    records += [{"id": f"k{n}", "formula": "KCl", "x": 1.0 + n} for n in range(3)]
    dataset = _dataset(tmp_path, records)
    assert [reject.material_id for reject in dataset.rejects()] == ["odd"]
    assert dataset.columns["x"] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([["mix"], []], pa.list_(pa.string())),
        ([[], ["mix"]], pa.list_(pa.string())),
        ([[[1.0, 2.0]], []], pa.list_(pa.list_(pa.float64()))),
        ([[1.0], []], pa.list_(pa.float64())),
        ([["mix"], [], "mix"], pa.string()),
        ([1, []], pa.string()),
        ([1.5, [], None], pa.string()),
        ([True, []], pa.string()),
        ([["mix"], [], [1.0]], pa.string()),
    ],
)
def test_an_empty_list_fits_lists_of_any_kind(cells, expected):
    assert table_of({"x": cells}).column("x").type == expected
    kind = ColumnKind()
    for cell in reversed(cells):
        kind.add([cell])
    assert as_kind(cells, kind.settled) == clean_column(cells)
