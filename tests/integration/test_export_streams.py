"""npz and HDF5 are written block by block: the arrays are those of the whole, memory a block's."""

from __future__ import annotations

import json
import tracemalloc

import h5py
import numpy as np
import pytest
from support import mixed, rich

import matdata as md
from matdata.core.crystals import Ragged
from matdata.datasets.exporting import ExportRequest, export_dataset
from matdata.datasets.exports import feature_columns, streams
from matdata.store.nested import is_nested, json_text
from matdata.store.spectrum_columns import AxisColumn, SpectrumColumn

pytestmark = pytest.mark.slow


def _as_array(cells):
    if isinstance(cells, AxisColumn):
        return cells.points
    if isinstance(cells, SpectrumColumn):
        return cells.take(np.arange(len(cells)))
    cells = list(cells)
    present = [cell for cell in cells if cell is not None]
    if len(present) == len(cells) and all(isinstance(cell, bool) for cell in present):
        return np.asarray(cells, dtype=bool)
    if all(isinstance(cell, (int, float)) for cell in present):
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return np.asarray(
        ["" if c is None else json_text(c) if is_nested(c) else str(c) for c in cells],
        dtype=np.str_,
    )


def _whole(dataset, features):
    """All arrays, each made at once."""
    arrays = {f"table.{name}": _as_array(cells) for name, cells in dataset.columns.items()}
    structures = dataset.structures
    if len(structures.crystals):
        arrays |= {f"crystals.{k}": v for k, v in structures.crystals.columns().items()}
        if not structures.is_complete:
            arrays["crystals.rows"] = structures.rows
    for name in features:
        feature = dataset.feature(name)
        dense = feature.dense()
        arrays |= {f"{name}.ids": feature.ids, f"{name}.labels": np.asarray(feature.labels)}
        arrays[f"{name}.values"] = dense.values if isinstance(dense, Ragged) else dense
        if isinstance(dense, Ragged):
            arrays[f"{name}.offsets"] = dense.offsets
    return arrays


@pytest.fixture(scope="module", params=["rich", "mixed"])
def dataset(request, tmp_path_factory):
    place = tmp_path_factory.mktemp(request.param)
    if request.param == "rich":
        return rich.build(place)
    path = mixed.write_csv(place / "mixed.csv", mixed.rows(20))
    return md.build(path, cache=place / "cache", workers=1)


FEATURES = ("fractions", "edm", "ofm")  # rows, matrices as wide as the widest, rows of each site


def test_blocks_give_the_arrays_of_the_whole(dataset, tmp_path, monkeypatch):
    md.featurize(dataset, list(FEATURES), workers=1)
    monkeypatch.setattr(feature_columns, "BLOCK", 3)
    for name, size in (("BLOCK", 3), ("NESTED", 2), ("TEXT_BYTES", 100)):
        monkeypatch.setattr(streams, name, size)
    whole = _whole(dataset, FEATURES)
    for form in ("npz", "hdf5"):
        export_dataset(dataset, ExportRequest(tmp_path / form, form, features=FEATURES))
    with np.load(tmp_path / "npz", allow_pickle=False) as file:
        assert sorted(file.files) == sorted([*whole, "about"])
        for name, array in whole.items():
            np.testing.assert_array_equal(file[name], array, name, strict=True)
    with h5py.File(tmp_path / "hdf5") as file:
        for name, array in whole.items():
            group, _, leaf = name.rpartition(".")
            stored = file[f"{group}/{leaf}"]
            text = array.dtype.kind == "U"
            found = stored.asstr()[:].astype(array.dtype) if text else stored[:]
            np.testing.assert_array_equal(found, array, name, strict=True)


@pytest.fixture
def odd(tmp_path):
    """Builds a dataset of two formulas with a column of some cells."""

    def build(cells):
        rows = [
            {"material_id": f"m{k}", "formula": formula, "odd": cell}
            for k, (formula, cell) in enumerate(zip(("NaCl", "KBr"), cells, strict=True))
        ]
        path = tmp_path / "odd.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)))
        return md.build(path, cache=tmp_path / "cache", split=None, workers=1)

    return build


def test_whole_numbers_that_floats_would_round_stay_whole(odd, tmp_path):
    cells = [2**62 + 1, -(2**53) - 1]
    dataset = odd(cells)
    for form in ("npz", "hdf5"):
        export_dataset(dataset, ExportRequest(tmp_path / form, form))
    with np.load(tmp_path / "npz") as file:
        assert file["table.odd"].tolist() == cells
    with h5py.File(tmp_path / "hdf5") as file:
        assert file["table/odd"][:].tolist() == cells


@pytest.mark.parametrize("form", ["npz", "hdf5"])
@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["a\0b", "c"], "letter NUL"),
        (["a\0", "c"], "letter NUL"),
        ([2**62 + 1, None], "whole numbers above 2\\^53"),
    ],
)
def test_cells_that_no_array_holds_are_refused(odd, form, cells, message, tmp_path):
    with pytest.raises(md.ConfigError, match=f"column 'odd' has .*{message}"):
        export_dataset(odd(cells), ExportRequest(tmp_path / "out", form))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", ["npz", "hdf5"])
def test_memory_does_not_grow_with_what_is_written(form, tmp_path, monkeypatch):
    big = md.build("sample:700", cache=tmp_path, features=["ofm"], dedupe="none", split=None)
    whole = big.feature("ofm").dense().values.nbytes
    monkeypatch.setattr(streams, "BLOCK", 20)
    request = ExportRequest(tmp_path / "out", form, features=("ofm",))
    export_dataset(big, request)  # what is read once and kept
    tracemalloc.start()
    try:
        export_dataset(big, request)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert whole > 20e6
    assert peak < whole / 4
