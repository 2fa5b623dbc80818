"""Digests of chunks whose columns hold many numbers in lists."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

import matdata as md
from matdata.cli import main
from matdata.core.digest import digest_json
from matdata.sources.chunk_files import chunk_digests
from matdata.store import long_lists as module
from matdata.store.long_lists import long_lists
from matdata.store.tables import table_of


@pytest.fixture
def short(monkeypatch):
    """Few numbers are many."""
    monkeypatch.setattr(module, "LONG", 6)


def digest(cells, **columns):
    kind = pa.list_(pa.float64())
    return chunk_digests(None, pa.table({"s": pa.array(cells, kind), **columns}), {})[1]


CELLS = [[1.0, 2.0, None], None, [], [0.0, 4.0, 5.0]]


def test_short_lists_have_the_digest_of_their_json():
    table = table_of({"material_id": ["a", "b"], "s": [[1.0, 2.5], None]})
    assert not long_lists(table)
    assert chunk_digests(None, table, {})[1] == digest_json(table.to_pydict())


def test_a_digest_tells_all_lists_apart_and_not_how_they_lie(short):
    others = [
        [[1.0, 2.0, 0.0], None, [], [0.0, 4.0, 5.0]],
        [[1.0, 2.0, None], [], [], [0.0, 4.0, 5.0]],
        [[1.0, 2.0, None], None, [0.0], [4.0, 5.0]],
        [[1.0, 2.0, None], None, [], [-0.0, 4.0, 5.0]],
        [[1.0, 2.0, None], None, [], [0.0, 4.0, np.nextafter(5.0, 6.0)]],
    ]
    digests = [digest(CELLS), *map(digest, others)]
    assert len(set(digests)) == len(digests)
    whole = pa.array([[9.0], *CELLS, [7.0]], pa.list_(pa.float64()))
    cut = pa.table({"s": whole[1:5]})
    assert chunk_digests(None, cut, {})[1] == digests[0]
    parts = pa.chunked_array([whole[1:3], whole[3:5]])
    assert chunk_digests(None, pa.table({"s": parts}), {})[1] == digests[0]
    assert digest(CELLS, y=pa.array([1, 2, 3, 4])) != digests[0]


def test_other_lists_go_in_as_text(short):
    table = pa.table({"s": [[["a"]] * 9], "t": [list(range(9))]})
    assert not long_lists(table)


def test_saved_snapshots_of_either_digest_are_read(tmp_path, monkeypatch):
    rows = [{"id": f"m{k}", "formula": f"Na{k + 1}Cl", "s": [k / 7, 2.0, k / 3]} for k in range(4)]
    (tmp_path / "r.json").write_text(json.dumps(rows))
    found = {}
    for most in (6, 1 << 16):
        monkeypatch.setattr(module, "LONG", most)
        cache = tmp_path / f"cache-{most}"
        found[most] = md.build(tmp_path / "r.json", name="a", cache=cache, split=None).digest
        saved = str(tmp_path / f"{most}.jsonl")
        assert not main(["export", "a", saved, "--snapshot", "--cache", str(cache), "--quiet"])
    assert len(set(found.values())) == 2
    monkeypatch.setattr(module, "LONG", 6)
    for most, expected in found.items():
        cache = tmp_path / f"again-{most}"
        again = md.build(tmp_path / f"{most}.jsonl", name="a", cache=cache, split=None)
        assert again.digest == expected
    text = (tmp_path / "6.jsonl").read_text().replace("Na2Cl", "Na5Cl")
    (tmp_path / "6.jsonl").write_text(text)
    with pytest.raises(md.SourceError, match="the file was changed"):
        md.build(tmp_path / "6.jsonl", name="a", cache=tmp_path / "changed", split=None)
