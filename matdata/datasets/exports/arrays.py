"""npz and HDF5: the whole table, structures and features of any shape as named arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Ragged
from matdata.datasets.exports.content import Exported
from matdata.store import tables
from matdata.store.nested import is_nested, json_text
from matdata.store.spectrum_columns import AxisColumn, SpectrumColumn

#: Array of an npz file that holds, as JSON, what the data are: reference, licence, units, ….
ABOUT = "about"


def write_npz(path: Path, content: Exported) -> None:
    """Write NumPy's archive of arrays, without pickle."""
    dataset = content.dataset
    about = {**content.about(), "units": dict(dataset.units), "axes": dict(dataset.axes)}
    arrays = {**_arrays(content), ABOUT: np.asarray(json.dumps(about, ensure_ascii=False))}
    with open(path, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def write_hdf5(path: Path, content: Exported) -> None:
    """Write groups ``table``, ``crystals`` and one per feature; units are attributes."""
    import h5py

    dataset = content.dataset
    _require_paths(content)
    with h5py.File(path, "w", libver="v110") as file:
        file.attrs.update(content.about())
        for name, array in _arrays(content).items():
            text = array.dtype.kind == "U"
            data = array.astype(object) if text else array
            kind = h5py.string_dtype() if text else array.dtype
            group, _, leaf = name.rpartition(".")
            if name.startswith("table."):
                group, leaf = "table", name.removeprefix("table.")
            member = file.require_group(group).create_dataset(leaf, data=data, dtype=kind)
            if group == "table":
                more = {"unit": dataset.units.get(leaf), tables.AXIS: dataset.axes.get(leaf)}
                member.attrs.update({key: text for key, text in more.items() if text})


def _require_paths(content: Exported) -> None:
    """Refuse columns of which one lies in the other: a slash in a name makes a group of HDF5."""
    parts = [
        [part for part in name.split("/") if part not in ("", ".")] for name in content.schema.names
    ]
    paths = {"/".join(one) for one in parts}
    inner = {"/".join(one[:depth]) for one in parts for depth in range(len(one))}
    content.require_distinct(["/".join(one) for one in parts] + sorted(paths & inner), "HDF5")


def _arrays(content: Exported) -> dict[str, npt.NDArray[Any]]:
    """Everything as plain arrays; ``<feature>.ids`` say which materials have the feature, and
    ``crystals.rows`` which rows of the table have a structure, where not all do.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, column in content.dataset.columns.items():
        arrays[f"table.{name}"] = _array_of(column)
    structures = content.dataset.structures
    if len(structures.crystals):
        arrays |= {f"crystals.{k}": v for k, v in structures.crystals.columns().items()}
        if not structures.is_complete:
            arrays["crystals.rows"] = structures.rows
    for name, feature in content.features.items():
        dense = feature.dense()
        arrays[f"{name}.ids"] = feature.ids
        arrays[f"{name}.labels"] = np.asarray(feature.labels, dtype=np.str_)
        if isinstance(dense, Ragged):
            arrays[f"{name}.values"], arrays[f"{name}.offsets"] = dense.values, dense.offsets
        else:
            arrays[f"{name}.values"] = dense
    return arrays


def _array_of(column: Sequence[Any]) -> npt.NDArray[Any]:
    """A column; spectra are (n, L) float32, NaN where unknown, and their axis stands once, (L,)."""
    if isinstance(column, AxisColumn):
        return column.points
    if isinstance(column, SpectrumColumn):
        return column.take(np.arange(len(column)))
    return _as_array(list(column))


def _as_array(column: list[Any]) -> npt.NDArray[Any]:
    present = [value for value in column if value is not None]
    if all(isinstance(value, bool) for value in present) and len(present) == len(column):
        return np.asarray(column, dtype=bool)
    if all(isinstance(value, (int, float)) for value in present):
        # Foreign formats have no other mark for a missing number.
        return np.array([np.nan if value is None else value for value in column], dtype=np.float64)
    texts = ["" if v is None else json_text(v) if is_nested(v) else str(v) for v in column]
    return np.asarray(texts, dtype=np.str_)
