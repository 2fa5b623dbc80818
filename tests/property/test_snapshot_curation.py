"""A dataset does not depend on how its records are divided, and is that of whole columns."""

from __future__ import annotations

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.crystals import few
from support.memory_store import in_memory

from matdata.building.snapshot_records import SnapshotRecords
from matdata.core.composition import Compositions
from matdata.core.console import SILENT
from matdata.core.executors import Workers
from matdata.core.structures import Structures
from matdata.curate import gather
from matdata.curate.curate import curate
from matdata.curate.records import Records
from matdata.curate.settings import CurateSettings
from matdata.curate.write import write_dataset
from matdata.sources.base import Chunk, Origin, Source
from matdata.sources.taking import take_snapshot
from matdata.store import tables
from matdata.store.columns import write_structures

pytestmark = pytest.mark.slow

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-(2**66), 2**66), NUMBERS, st.just("x"))
RECORDS = st.dictionaries(st.sampled_from("ab"), st.one_of(st.none(), NUMBERS), min_size=1)
#: Cells of one kind, and of any.
KINDS = [
    st.integers(-(2**62), 2**62),
    NUMBERS,
    st.one_of(st.integers(-5, 5), NUMBERS),
    st.booleans(),
    st.text("aä ", min_size=1),
    st.lists(NUMBERS, max_size=3),
    st.lists(st.sampled_from(["u", "v"]), max_size=2),
    st.lists(st.lists(NUMBERS, max_size=2), max_size=2),
    RECORDS,
    st.lists(RECORDS, max_size=2),
    st.one_of(LEAVES, st.lists(LEAVES, max_size=2), RECORDS),
]
CELLS = st.sampled_from(KINDS).flatmap(
    lambda kind: st.lists(st.one_of(st.none(), kind), max_size=12)
)
SETTINGS = CurateSettings(dedupe="none", symmetry="none")


class _Given(Source[Chunk]):
    """A source of chunks that are there."""

    name = "given"
    slow_parse = False

    def __init__(self, chunks: list[Chunk]) -> None:
        self._chunks = chunks

    @classmethod
    def make(cls, request):
        raise NotImplementedError

    def origin(self) -> Origin:
        return Origin("given", "given", "1", "structure", {"chunks": len(self._chunks)})

    def raw_chunks(self, start=0):
        return iter(self._chunks[start:])

    def parse(self, raw):
        return raw


def _records(order: list[int]) -> tuple[Structures, list[str]]:
    crystals = few()
    rows = np.arange(len(order)) % len(crystals)
    ids = [f"m{number:02d}" for number in order]
    taken = crystals.take(rows)
    return Structures.of(type(taken)(np.array(ids), *list(taken.columns().values()))), ids


def _chunks(structures: Structures, table: dict, cuts: list[int]) -> list[Chunk]:
    bounds = [0, *sorted({cut for cut in cuts if 0 < cut < len(structures)}), len(structures)]
    parts = [slice(a, b) for a, b in itertools.pairwise(bounds)]
    return [
        Chunk(
            structures.take(part).crystals,
            {
                name: column[part]
                for name, column in table.items()
                if name == "material_id" or any(cell is not None for cell in column[part])
            },
        )
        for part in parts
    ]


def _dataset(records: Records, folder: Path) -> Path:
    write_dataset(curate(records, SETTINGS), folder / "1-x", {}, {}, {}, {}, SILENT, {})
    return folder / "1-x"


@given(st.lists(CELLS, min_size=1, max_size=3), st.permutations(range(12)), st.data())
@settings(max_examples=40, deadline=None, phases=[Phase.generate])
def test_parts_blocks_and_order_change_no_byte(columns, order, data):
    structures, ids = _records(order)
    cuts = data.draw(st.lists(st.integers(1, 11), max_size=4))
    table = {f"c{k}": (column + [None] * 12)[:12] for k, column in enumerate(columns)}
    table["material_id"] = ids
    with TemporaryDirectory() as name:
        home = Path(name)
        source = _Given(_chunks(structures, table, cuts))
        snapshot = take_snapshot(source, home / "cache", SILENT, Workers(1))
        in_one = in_memory(snapshot)
        for name in ("memory", "snapshot", "blocks"):
            store = in_one if name == "memory" else SnapshotRecords(snapshot)
            records = Records(store, [], None, "atom")
            with pytest.MonkeyPatch.context() as patch:
                if name == "blocks":
                    patch.setattr(gather, "MOST_ROWS", 4)
                _dataset(records, home / name)
        memory, parts, blocks = (home / name / "1-x" for name in ("memory", "snapshot", "blocks"))
        rows = np.argsort(ids)
        tables.write_table(
            home / "table.parquet",
            {
                **tables.read_table(parts / "table.parquet"),
                **{k: [v[row] for row in rows] for k, v in in_one.table.items()},
            },
        )
        write_structures(home / "crystals.h5", in_one.structures.take(rows))
        for file in ("table.parquet", "crystals.h5"):
            expected = (home / file).read_bytes()
            assert (memory / file).read_bytes() == (parts / file).read_bytes() == expected
        assert (blocks / "crystals.h5").read_bytes() == (parts / "crystals.h5").read_bytes()
        one, other = (pq.read_table(folder / "table.parquet") for folder in (parts, blocks))
        assert one.equals(other)
        assert pq.ParquetFile(blocks / "table.parquet").num_row_groups == 3


@given(CELLS, st.lists(st.booleans(), min_size=12, max_size=12), st.integers(1, 11))
@settings(max_examples=40, deadline=None, phases=[Phase.generate])
def test_a_column_has_the_type_of_the_rows_that_are_kept(cells, kept, cut):
    structures, ids = _records(list(range(12)))
    kept = [True, *kept[1:]]
    column = (cells + [None] * 12)[:12]
    table = {"cells": column, "kept": kept, "material_id": ids}
    with TemporaryDirectory() as name:
        home = Path(name)
        source = _Given(_chunks(structures, table, [cut]))
        snapshot = take_snapshot(source, home / "cache", SILENT, Workers(1))
        joined = in_memory(snapshot).table
        records = Records(SnapshotRecords(snapshot), [], None, "atom")
        chosen = CurateSettings(dedupe="none", symmetry="none", where="kept")
        write_dataset(curate(records, chosen), home / "d" / "1-x", {}, {}, {}, {}, SILENT, {})
        got = pq.read_table(home / "d" / "1-x" / "table.parquet")
        if "cells" in joined:
            selected = [cell for cell, keep in zip(joined["cells"], kept, strict=True) if keep]
            expected = tables.table_of({"cells": selected}).column("cells")
            assert got.column("cells").equals(expected)
            assert got.schema.field("cells").type == expected.type


def _mixed_chunks(order: list[int], bare: list[bool], energies: list, cuts: list[int]):
    """12 records, some of one id and some known by their formula alone, in an order and in parts.

    A record is the same one wherever it stands.
    """
    crystals = few()
    n = len(crystals)
    chunks = []
    bounds = [0, *sorted({*cuts}), len(order)]
    formulas = Compositions.from_crystals(crystals).reduced_formulas()
    for part in (order[a:b] for a, b in itertools.pairwise(bounds)):
        having = np.array([k for k, one in enumerate(part) if not bare[one]], dtype=np.int64)
        taken = crystals.take(np.array([part[k] % n for k in having], dtype=np.int64))
        ids = [f"m{one % 10}" for one in part]
        columns = list(taken.columns().values())
        table = {
            "material_id": ids,
            "formula": [formulas[one % n] for one in part],
            "e": [energies[one] for one in part],
        }
        own = None if not len(having) else type(taken)(np.array(ids)[having], *columns)
        rows = None if own is None or len(having) == len(part) else having
        chunks.append(Chunk(own, table, [], rows))
    return chunks


@given(
    st.permutations(range(12)),
    st.lists(st.booleans(), min_size=12, max_size=12),
    st.lists(st.sampled_from([None, 0.0, -1.0, -1]), min_size=12, max_size=12),
    st.lists(st.integers(1, 11), max_size=4),
    st.sampled_from(["none", "polymorph", "protostructure"]),
)
@settings(max_examples=40, deadline=None, phases=[Phase.generate])
def test_no_decision_depends_on_parts_or_order(order, bare, energies, cuts, dedupe):
    bare = [False, *bare[1:]]
    energies = [-1.0, *energies[1:]]
    chosen = CurateSettings(dedupe=dedupe, symmetry="moyopy")

    def decided(order, cuts, home):
        source = _Given(_mixed_chunks(order, bare, energies, cuts))
        snapshot = take_snapshot(source, home / "cache", SILENT, Workers(1))
        records = Records(SnapshotRecords(snapshot, ["e"]), [], "e", "atom")
        of_memory = Records(in_memory(snapshot), [], "e", "atom")
        results = [curate(one, chosen) for one in (records, of_memory)]
        for place, curated in enumerate(results):
            write_dataset(curated, home / str(place) / "1-x", {}, {}, {}, {}, SILENT, {})
        return [
            (
                (home / str(place) / "1-x" / "table.parquet").read_bytes(),
                (home / str(place) / "1-x" / "crystals.h5").read_bytes(),
                curated.rejects,
                curated.funnel,
            )
            for place, curated in enumerate(results)
        ]

    with TemporaryDirectory() as name:
        first, of_memory = decided(list(range(12)), [], Path(name, "one"))
        assert first == of_memory
        assert decided(order, cuts, Path(name, "two")) == [first, first]


def test_a_snapshot_has_the_digest_of_what_its_files_hold(tmp_path):
    structures, ids = _records([3, 1, 2, 0])
    odd = [{"a": 1}, {"b": [1, None]}, None, {"a": 2, "b": []}]
    source = _Given(_chunks(structures, {"odd": odd, "material_id": ids}, [2]))
    first = take_snapshot(source, tmp_path / "one", SILENT, Workers(1))
    again = _Given(list(first.chunks()))
    assert take_snapshot(again, tmp_path / "two", SILENT, Workers(1)).digest == first.digest


def test_a_wide_table_is_written_in_smaller_blocks():
    assert gather.rows_of_block(100) == gather.MOST_ROWS
    assert gather.rows_of_block(8 * 10_000) == 512
    assert gather.rows_of_block(1e12) == gather.LEAST_ROWS


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([[[]], None, []], "list<item: list<item: null>>"),
        ([[], None, []], "list<item: null>"),
        ([[], [1.0], None], "list<item: double>"),
        ([{"b": 1.0}, {"a": [{"d": True}]}, None], None),
    ],
)
def test_columns_of_empty_lists_and_records_keep_their_type(cells, kind, tmp_path):
    structures, ids = _records([2, 0, 1])
    source = _Given(_chunks(structures, {"cells": cells, "material_id": ids}, [1]))
    snapshot = take_snapshot(source, tmp_path, SILENT, Workers(1))
    folder = _dataset(Records(SnapshotRecords(snapshot), [], None, "atom"), tmp_path / "d")
    got = pq.read_table(folder / "table.parquet").column("cells")
    expected = tables.table_of({"cells": [cells[k] for k in np.argsort(ids)]}).column("cells")
    assert got.type == expected.type
    assert got.equals(expected)
    assert kind is None or str(expected.type) == kind
