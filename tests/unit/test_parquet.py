"""Parquet files: each type of column as what it says it is, bounded in memory, damage named."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import tracemalloc
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import files
from support.crystals import few

from matdata.adapters.pymatgen import to_structure
from matdata.core.errors import SourceError
from matdata.sources.files import Files
from matdata.sources.read_options import ReadOptions
from matdata.sources.readers.parquet_table import read_parquet

FORMULAS = ["NaCl", "MgO", "Fe2O3"]


def _write(path, columns, **how):
    pq.write_table(pa.table({"formula": FORMULAS, **columns}), path, **how)
    return path


def _table(path, **options):
    source = Files(path, ReadOptions(**options))
    chunks = list(source.chunks())
    rejects = [reject for chunk in chunks for reject in chunk.rejects]
    table = {name: [v for c in chunks for v in c.table[name]] for name in chunks[0].table}
    return source.origin(), table, rejects, chunks


def test_plain_types_are_read_as_they_are(tmp_path):
    moment = dt.datetime(2020, 2, 3, 4, 5, 6)
    path = _write(
        tmp_path / "t.parquet",
        {
            "whole": pa.array([1, None, 2**62], pa.int64()),
            "real": pa.array([0.1, float("nan"), -1e300]),
            "truth": [True, False, None],
            "text": ["007", "NA", ""],
            "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
            "exact": pa.array([Decimal("3.14"), None, Decimal("-0.01")], pa.decimal128(10, 2)),
            "time": pa.array([moment] * 3, pa.timestamp("ns")),
            "day": [dt.date(2020, 2, 3)] * 3,
            "bytes": pa.array([b"abc", b"\xff\xfe", None], pa.binary()),
            "numbers": [[1.0, 2.0], [3.0], None],
            "words": [["a", "b"], ["c"], []],
            "inner": [{"x": 1, "y": {"z": 2}}] * 3,
            "infinite": [1.0, float("inf"), 2.0],
        },
    )
    _, table, rejects, _ = _table(path)
    assert rejects == []
    assert table["formula"] == FORMULAS
    assert table["material_id"] == ["t-0000000", "t-0000001", "t-0000002"]
    assert table["whole"] == [1, None, 2**62]
    assert table["real"] == [0.1, None, -1e300]
    assert table["truth"] == [True, False, None]
    assert table["text"] == ["007", "NA", ""]
    assert table["kind"] == ["a", "b", "a"]
    assert table["exact"] == [3.14, None, -0.01]
    assert table["time"] == ["2020-02-03T04:05:06.000000000"] * 3
    assert table["day"] == ["2020-02-03"] * 3
    assert table["bytes"] == ["abc", None, None]
    assert table["numbers"] == [[1.0, 2.0], [3.0], None]
    assert table["words"] == [["a", "b"], ["c"], None]
    assert table["inner.x"] == [1, 1, 1]
    assert table["infinite"] == [1.0, "inf", 2.0]


def test_columns_that_are_no_table_are_named(tmp_path):
    pairs = pa.array([[("a", 1)]] * 3, pa.map_(pa.string(), pa.int64()))
    origin, table, _, _ = _table(_write(tmp_path / "t.parquet", {"pairs": pairs}))
    assert "pairs" not in table
    assert origin.note.startswith("pairs (map<string, int64")
    assert origin.note.endswith("is left out: no values of a table")


def test_labels_of_pandas_are_ids(tmp_path):
    frame = pd.DataFrame({"formula": FORMULAS, "gap": [1.0, 2.0, 3.0]}, index=[5, 9, 2])
    frame.to_parquet(tmp_path / "t.parquet")
    _, table, _, _ = _table(tmp_path / "t.parquet")
    assert table["material_id"] == ["t-0000005", "t-0000009", "t-0000002"]
    assert "__index_level_0__" not in table


@pytest.mark.parametrize("form", ["cif", "json", "struct"])
def test_structures_in_their_three_notations(tmp_path, form):
    crystals = few()
    if form == "cif":
        cells = [files.cif(crystals, row) for row in range(len(crystals))]
    else:
        documents = [to_structure(crystals, row).as_dict() for row in range(len(crystals))]
        for document in documents:
            document.pop("properties")  # an empty record is none of Arrow's types
            for site in document["sites"]:
                site.pop("properties")
        cells = documents if form == "struct" else list(map(json.dumps, documents))
    ids = crystals.ids.tolist()
    pq.write_table(pa.table({"material_id": ids, "structure": cells}), tmp_path / "t.parquet")
    origin, table, rejects, chunks = _table(tmp_path / "t.parquet")
    assert rejects == []
    assert origin.kind == "structure"
    assert table["material_id"] == ids
    assert chunks[0].crystals.n_sites.tolist() == crystals.n_sites.tolist()


def test_a_json_text_that_is_no_structure_is_a_ledger_row(tmp_path):
    good = json.dumps(to_structure(few(), 0).as_dict())
    path = tmp_path / "t.csv"
    rows = pd.DataFrame({"id": list("abc"), "structure": [good, '{"lattice": 1}', '{"lattice": [']})
    rows.to_csv(path, index=False)
    _, table, rejects, _ = _table(path)
    assert table["material_id"] == ["a"]
    assert [reject.material_id for reject in rejects] == ["b", "c"]
    assert "JSON text that is no structure" in rejects[0].message
    assert "not JSON" in rejects[1].message


@pytest.mark.slow
def test_a_repeated_text_of_many_rows_is_bounded_in_memory(tmp_path):
    text = "x" * (1 << 20)
    rows = 20_000  # 20 GB if each row had its own copy
    note = pa.DictionaryArray.from_arrays([0] * rows, [text])
    columns = {"formula": ["NaCl"] * rows, "note": note}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    tracemalloc.start()
    count = sum(1 for _ in read_parquet(tmp_path / "t.parquet"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == rows
    assert peak < 100 << 20


def test_batches_of_a_huge_row_group_are_small(tmp_path, monkeypatch):
    from matdata.sources.readers import parquet_table

    monkeypatch.setattr(parquet_table, "BATCH_BYTES", 1 << 16)
    rows = 5_000
    columns = {"formula": ["NaCl"] * rows, "a": [[float(k)] * 20 for k in range(rows)]}
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=rows)
    with parquet_table._opened(path) as file:
        assert parquet_table._rows_of_batch(file.metadata) < 1_000
    assert [record["a"][0] for record in read_parquet(path)] == list(map(float, range(rows)))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "no readable Parquet file"),
        (b"PAR1" + b"x" * 100 + b"PAR1", "no readable Parquet file"),
        (b"formula\nNaCl\n", "no readable Parquet file"),
    ],
)
def test_damage(tmp_path, content, what):
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(SourceError, match=what):
        Files(tmp_path / "t.parquet").origin()


def test_a_cut_file_and_a_compressed_one(tmp_path):
    path = _write(tmp_path / "t.parquet", {"x": [1.0, 2.0, 3.0]})
    whole = path.read_bytes()
    for cut in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:cut])
        with pytest.raises(SourceError):
            list(read_parquet(path))
    packed = tmp_path / "u.parquet.gz"
    packed.write_bytes(gzip.compress(whole))
    with pytest.raises(SourceError, match="compressed as a whole"):
        Files(packed).origin()


@pytest.mark.slow
def test_a_changed_byte_is_an_error_or_other_values(tmp_path):
    path = _write(tmp_path / "t.parquet", {"x": [1.0, 2.0, 3.0], "s": ["a", "b", "c"]})
    whole = path.read_bytes()
    outcomes = set()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            outcomes.add(type(list(read_parquet(path))).__name__)
        except SourceError:
            outcomes.add("SourceError")
    assert outcomes == {"list", "SourceError"}


def test_columns_of_one_name_are_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array(FORMULAS), pa.array([1, 2, 3])], ["formula", "formula"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(SourceError, match="several columns are named 'formula'"):
        Files(tmp_path / "t.parquet").origin()
