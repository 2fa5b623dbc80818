"""Arrays of plain columns are those of `pyarrow.array`, and their files too."""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matdata.store import tables
from matdata.store.arrow import array_of, booleans_of, is_present

CELLS = {
    "whole": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "truth": st.booleans(),
    "text": st.text(st.characters(exclude_categories=["Cs"])),
    "list": st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    "record": st.fixed_dictionaries({"a": st.booleans(), "b": st.text("xyz", min_size=1)}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(CELLS))
@given(data=st.data())
@settings(deadline=None)  # the first array of lists imports pandas
def test_arrays_equal_those_of_pyarrow(kind, data):
    values = data.draw(st.lists(st.one_of(st.none(), CELLS[kind])))
    ours, theirs = array_of(values), pa.array(values)
    ours.validate(full=True)
    if not pa.types.is_null(theirs.type):
        assert ours.type == theirs.type
        assert ours.equals(theirs)
    assert ours.null_count == theirs.null_count
    assert ours.to_pylist() == values


def test_columns_without_values_are_of_numbers():
    for values in ([], [None, None]):
        assert array_of(values).type == pa.float64()
        assert array_of(values).to_pylist() == values
    assert math.copysign(1.0, array_of([-0.0])[0].as_py()) == -1.0


def test_files_equal_those_of_pyarrow(tmp_path):
    columns = {
        "number": [1.5, None, -0.0] * 400,
        "whole": [1, None, -(2**62)] * 400,
        "truth": [True, None, False] * 400,
        "text": ["Å", None, "x\ny"] * 400,
        "full": [0.1, 0.2, 0.3] * 400,
        "lists": [[1.0], None, []] * 400,
    }
    tables.write_table(tmp_path / "ours.parquet", columns)
    names, arrays = list(columns), [pa.array(column) for column in columns.values()]
    pq.write_table(pa.Table.from_arrays(arrays, names=names), tmp_path / "theirs.parquet")
    assert tables.read_table(tmp_path / "ours.parquet") == columns
    ours, theirs = ((tmp_path / f"{name}.parquet").read_bytes() for name in ("ours", "theirs"))
    assert ours == theirs


def test_names_of_folders_add_no_columns(tmp_path):
    folder = tmp_path / "split=test"
    folder.mkdir()
    tables.write_table(folder / "table.parquet", {"a": [1]})
    assert tables.read_table(folder / "table.parquet") == {"a": [1]}


@pytest.mark.parametrize("start", [0, 1, 7, 8, 9, 19, 20])
def test_booleans_and_presence_of_slices(start):
    values = [k % 3 == 0 for k in range(20)]
    assert booleans_of(array_of(values)[start:]).tolist() == values[start:]
    cells = [1.5 if value else None for value in values]
    assert is_present(array_of(cells)[start:]).tolist() == values[start:]
    assert is_present(pa.nulls(3)).tolist() == [False] * 3
