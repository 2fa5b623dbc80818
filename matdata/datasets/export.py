"""Writes a dataset and its dense features in the formats of other programs."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.cache import storage_error
from matdata.core.crystals import Ragged
from matdata.core.errors import ConfigError, FeatureError, did_you_mean, first_few
from matdata.core.given import ending_of
from matdata.core.structures import Structures
from matdata.datasets.json_lines import write_json_lines
from matdata.features.base import Dense
from matdata.features.feature import Feature
from matdata.store import files, tables
from matdata.store.csv import write_csv
from matdata.store.nested import is_nested, json_text
from matdata.store.tables import Columns

#: Array of an npz file that holds, as JSON, what the data are: reference, licence, units, ….
ABOUT = "about"


@dataclass(frozen=True)
class Exported:
    """What is written.

    Attributes
    ----------
    ref
        Reference of the dataset.
    columns, units, axes
        Its table, with the units of columns, and by array column the column of its axis.
    structures
        Structures of the rows that have one.
    features
        Dense features by name.
    words
        ``licence``, ``citation`` and ``description`` of the data, where they are known.
    raw_text
        Write texts to CSV as they are, also those that a spreadsheet would run.
    """

    ref: str
    columns: Columns
    units: Mapping[str, str]
    structures: Structures
    features: Mapping[str, Feature]
    axes: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    raw_text: bool = False

    def about(self) -> dict[str, str]:
        """Reference of the dataset, licence, citation and description, those that are known."""
        return {"dataset": self.ref, **{name: text for name, text in self.words.items() if text}}


def _arrays(content: Exported) -> dict[str, npt.NDArray[Any]]:
    """Everything as plain arrays; ``<feature>.ids`` say which materials have the feature, and
    ``crystals.rows`` which rows of the table have a structure, where not all do.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, column in content.columns.items():
        arrays[f"table.{name}"] = _as_array(column)
    structures = content.structures
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


def _as_array(column: list[Any]) -> npt.NDArray[Any]:
    present = [value for value in column if value is not None]
    if all(isinstance(value, bool) for value in present) and len(present) == len(column):
        return np.asarray(column, dtype=bool)
    if all(isinstance(value, (int, float)) for value in present):
        # Foreign formats have no other mark for a missing number.
        return np.array([np.nan if value is None else value for value in column], dtype=np.float64)
    texts = ["" if v is None else json_text(v) if is_nested(v) else str(v) for v in column]
    return np.asarray(texts, dtype=np.str_)


def _write_npz(path: Path, content: Exported) -> None:
    with open(path, "wb") as file:
        about = {**content.about(), "units": dict(content.units), "axes": dict(content.axes)}
        arrays = {**_arrays(content), ABOUT: np.asarray(json.dumps(about, ensure_ascii=False))}
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _write_hdf5(path: Path, content: Exported) -> None:
    import h5py

    with h5py.File(path, "w", libver="v110") as file:
        file.attrs.update(content.about())
        for name, array in _arrays(content).items():
            text = array.dtype.kind == "U"
            data = array.astype(object) if text else array
            kind = h5py.string_dtype() if text else array.dtype
            group, _, leaf = name.rpartition(".")
            if name.startswith("table."):
                group, leaf = "table", name.removeprefix("table.")
            made = file.require_group(group).create_dataset(leaf, data=data, dtype=kind)
            if group == "table":
                more = {"unit": content.units.get(leaf), tables.AXIS: content.axes.get(leaf)}
                made.attrs.update({key: text for key, text in more.items() if text})


def _write_table(path: Path, content: Exported, write: Callable[[Path, Columns], None]) -> None:
    """A table takes features of one row per material, each number in a column of its own."""
    columns: Columns = dict(content.columns)
    row_of = {identity: row for row, identity in enumerate(columns["material_id"])}
    for name, feature in content.features.items():
        dense = feature.dense()
        if isinstance(dense, Ragged) or dense.ndim != 2:
            raise _no_table(name, feature, dense)
        rows = [row_of[identity] for identity in feature.ids.tolist()]
        for label, values in zip(feature.labels, dense.T.tolist(), strict=True):
            full: list[Any] = [None] * len(row_of)
            for row, value in zip(rows, values, strict=True):
                full[row] = value
            column = f"{name}: {label}"
            if column in columns:
                raise FeatureError(
                    f"the table has a column {column!r} already, which the feature would replace",
                    next_step="write npz or hdf5, which keep the two apart",
                )
            columns[column] = full
    write(path, columns)


def _no_table(name: str, feature: Feature, dense: Dense) -> FeatureError:
    """Why a feature cannot be columns of a table."""
    advice = "write npz or hdf5, which hold arrays of any shape"
    if not isinstance(dense, Ragged):
        shape = " x ".join(map(str, dense.shape[1:]))
        text = f"{name} has {shape} numbers for each material; a table holds one row per material"
        return FeatureError(text, next_step=advice)
    level = next(item.level for item in feature.featurizer.fields if item.level != "crystal")
    settings = {known for known, _, _ in feature.featurizer.Settings.describe()}
    if "level" in settings:
        advice += f", or a view with one row (--set {name}.level=structure)"
    return FeatureError(
        f"{name} has a row for each {level}; a table holds one row per material", next_step=advice
    )


def _write_parquet(path: Path, content: Exported) -> None:
    axes = {name: {tables.AXIS: axis} for name, axis in content.axes.items()}
    units = dict(content.units)
    for name, feature in content.features.items():
        labels = zip(feature.labels, feature.units, strict=True)
        units |= {f"{name}: {label}": unit for label, unit in labels if unit != "1"}
    about = content.about()
    _write_table(path, content, lambda p, c: tables.write_table(p, c, units, axes, about))


def _write_csv(path: Path, content: Exported) -> None:
    _write_table(path, content, functools.partial(write_csv, raw=content.raw_text))


def _write_extxyz(path: Path, content: Exported) -> None:
    from matdata.adapters.ase import write_frames

    structures = content.structures
    if not len(structures.crystals):
        raise ConfigError("extxyz holds structures; this dataset holds compositions only")
    if not structures.is_complete:
        missing = structures.missing
        raise ConfigError(
            f"extxyz holds structures, and {len(missing):,} of {len(structures):,} materials have "
            f"none: {first_few(structures.ids[missing])}",
            next_step="write npz, hdf5, parquet or csv, or build a dataset of those with a "
            "structure (--filter 'n_sites > 0')",
        )
    if content.features:
        raise ConfigError(
            "extxyz holds crystals and their table, no features",
            next_step="write features with --format npz, hdf5 or parquet",
        )
    write_frames(path, structures.crystals, content.columns)


def _write_jsonl(path: Path, content: Exported) -> None:
    write_json_lines(path, content.columns, content.structures, content.features)


FORMATS: dict[str, Callable[[Path, Exported], None]] = {
    "npz": _write_npz,
    "hdf5": _write_hdf5,
    "parquet": _write_parquet,
    "extxyz": _write_extxyz,
    "csv": _write_csv,
    "jsonl": _write_jsonl,
}
ENDINGS = {
    ".npz": "npz",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".parquet": "parquet",
    ".extxyz": "extxyz",
    ".xyz": "extxyz",
    ".csv": "csv",
    ".jsonl": "jsonl",
}


def format_of(path: Path, form: str | None) -> str:
    """The format that is asked for: `form`, or by the ending of the file's name.

    Raises
    ------
    ConfigError
        If it is unknown, with those there are.
    """
    if form is None:
        return ENDINGS[ending_of(path, ENDINGS, "a dataset", ", or say --format")]
    if form not in FORMATS:
        raise ConfigError(
            f"unknown format {form!r}{did_you_mean(form, FORMATS)}",
            next_step=f"choose one of: {', '.join(FORMATS)}",
        )
    return form


def write_export(content: Exported, path: Path, form: str) -> Path:
    """Write a file atomically; returns its path.

    Raises
    ------
    StoreError
        If it cannot be written.
    FeatureError, ConfigError
        If the format cannot hold what was asked for.
    """
    try:
        files.sweep(path.parent, path.name)
        with files.replacing(path) as temporary:
            FORMATS[form](temporary, content)
    except OSError as error:
        raise storage_error(error, path) from error
    return path
