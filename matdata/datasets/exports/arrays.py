"""npz and HDF5: the whole table, structures and features as named arrays, block by block."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np

from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.streams import Stream, streams_of
from matdata.store import tables

#: Array of an npz file that holds, as JSON, what the data are: reference, licence, units, ….
ABOUT = "about"


def write_npz(path: Path, content: Exported) -> None:
    """Write NumPy's archive of arrays, without pickle."""
    dataset = content.dataset
    about = {**content.about(), "units": dict(dataset.units), "axes": dict(dataset.axes)}
    text = np.asarray(json.dumps(about, ensure_ascii=False))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for stream in streams_of(content):
            _add(archive, stream)
        _add(archive, Stream(ABOUT, text.dtype, text.shape, lambda: iter([text])))


def _add(archive: zipfile.ZipFile, stream: Stream) -> None:
    """Write a member as ``numpy.savez_compressed`` does, a piece at a time."""
    header = {
        "descr": np.lib.format.dtype_to_descr(stream.dtype),
        "fortran_order": False,
        "shape": stream.shape,
    }
    with archive.open(f"{stream.name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array_header_2_0(file, header)
        for block in stream.blocks():
            file.write(np.ascontiguousarray(block).tobytes())


def write_hdf5(path: Path, content: Exported) -> None:
    """Write groups ``table``, ``crystals`` and one per feature; units are attributes."""
    import h5py

    dataset = content.dataset
    _require_paths(content)
    with h5py.File(path, "w", libver="v110") as file:
        file.attrs.update(content.about())
        for stream in streams_of(content):
            group, _, leaf = stream.name.rpartition(".")
            if stream.name.startswith("table."):
                group, leaf = "table", stream.name.removeprefix("table.")
            text = stream.dtype.kind == "U"
            kind = h5py.string_dtype() if text else stream.dtype
            parent = file.require_group(group)
            member = parent.create_dataset(leaf, shape=stream.shape, dtype=kind)
            start = 0
            for block in stream.blocks():
                if len(block):
                    member[start : start + len(block)] = block.astype(object) if text else block
                start += len(block)
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
