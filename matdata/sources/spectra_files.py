"""Spectra beside the records of any source: NPZ, Parquet, or a folder with a file per material."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.digest import digest_file, digest_json
from matdata.core.errors import SourceError, did_you_mean, first_few
from matdata.core.ledger import Unusable
from matdata.core.units import unit_in_header, without_unit
from matdata.sources import optics
from matdata.sources.readers.parquet_table import parquet_damage
from matdata.sources.spectra_npz import arrays_of, shapes_of
from matdata.sources.spectrum_file import FileSpectra, header_of, read_spectra, units_in
from matdata.spectra.brought import Brought, brought
from matdata.store.arrow import lists_of

ID = "material_id"
IDS = (ID, "id", "jid", "ids")
SUFFIXES = (".csv", ".dat", ".txt", ".xml")
BATCH = 256  # rows of a Parquet file at once
Form: TypeAlias = Literal["npz", "parquet", "folder"]


@dataclass(frozen=True)
class SpectraFiles:
    """A file, or a folder of files, with spectra by material id.

    Attributes
    ----------
    path, form
        Where, and what it is.
    axis_of
        By column the axis that it stands on.
    units
        Units of columns and axes, where they are known.
    components
        Of dielectric functions in XML; empty for other files.
    """

    path: Path
    form: Form
    axis_of: Mapping[str, str]
    units: Mapping[str, str] = field(default_factory=dict)
    components: tuple[str, ...] = ()

    def digest(self) -> str:
        """Digest of what will be read."""
        if self.form == "folder":
            return digest_json([[path.name, digest_file(path)] for path in _files(self.path)])
        return digest_file(self.path)

    def records(self) -> Iterator[Brought]:
        """All spectra, material by material in the order of the file."""
        read = {"npz": self._npz, "parquet": self._parquet, "folder": self._folder}
        return read[self.form]()

    def _npz(self) -> Iterator[Brought]:
        ids, blocks = self._arrays
        for row, identity in enumerate(ids):
            for axis in self._axes:
                points = blocks[axis] if blocks[axis].ndim == 1 else blocks[axis][row]
                columns = [name for name, of in self.axis_of.items() if of == axis]
                values = {name: np.asarray(blocks[name][row], np.float64) for name in columns}
                if not all(np.isnan(one).all() for one in values.values()):
                    points = np.asarray(points, np.float64)
                    yield Brought(identity, axis, points, values, self.units.get(axis, ""))

    @functools.cached_property
    def _arrays(self) -> tuple[list[str], dict[str, npt.NDArray[Any]]]:
        """Ids and arrays of an NPZ file, which a build goes through twice."""
        id_name = _id_of([*shapes_of(self.path)], self.path)
        return arrays_of(self.path, id_name, self._axes, self.axis_of)

    def _parquet(self) -> Iterator[Brought]:
        import pyarrow.parquet as pq

        with parquet_damage(self.path), pq.ParquetFile(self.path) as file:
            id_column = _id_of(file.schema_arrow.names, self.path)
            names = [id_column, *self._names]
            for batch in file.iter_batches(BATCH, columns=names):
                ids = batch.column(id_column).to_pylist()
                if None in ids:
                    raise SourceError(
                        f"--spectra {self.path} has rows without a {id_column}",
                        next_step="give each row the id of its material, or leave it out",
                    )
                cells = {name: lists_of(batch.column(name)) for name in self._names}
                yield from brought([str(one) for one in ids], cells, self.axis_of, self.units)

    def _folder(self) -> Iterator[Brought]:
        axis = self._axes[0]
        for path in _files(self.path):
            try:
                read = read_spectra(path, self.components)
                self._require_alike(read)
            except Unusable as fault:
                yield Brought(path.stem, axis, fault=fault)
                continue
            chosen = {name: read.values.get(name) for name in self.axis_of}
            yield Brought(path.stem, axis, read.points, chosen, read.units.get(axis, ""))

    def _require_alike(self, read: FileSpectra) -> None:
        """Refuse a file whose axis has another name, or whose numbers are in another unit."""
        if read.axis != self._axes[0]:
            raise Unusable(
                "other_axis", f"its first column is {read.axis}, that of others {self._axes[0]}"
            )
        for name in self.axis_of:
            own, unit = read.units.get(name), self.units.get(name)
            if name in read.values and own != unit:
                raise Unusable(
                    "other_unit", f"{name} is in {own or 'no unit'}, in others {unit or 'none'}"
                )

    @property
    def _axes(self) -> list[str]:
        return list(dict.fromkeys(self.axis_of.values()))

    @property
    def _names(self) -> list[str]:
        return [*self._axes, *self.axis_of]


def spectra_files(
    path: Path, axes: Sequence[str] = (), components: Sequence[str] = ()
) -> SpectraFiles:
    """What a path holds.

    Parameters
    ----------
    path
        An NPZ or Parquet file, or a folder of ``<material id>.csv`` (.dat, .txt, .xml).
    axes
        Texts ``COLUMN=AXIS`` of a user; those of other columns are left. An NPZ file with a single
        array of one dimension needs none, nor does a Parquet file that states them.
    components
        Of dielectric functions in XML.

    Raises
    ------
    SourceError
        If it is nothing of these, has no ids, it is open which column is the axis, or components
        are asked of what is no XML.
    """
    files = _of_folder(path, components) if path.is_dir() else _of_file(path, axes)
    if components and not files.components:
        raise SourceError(
            f"--components is of dielectric functions in XML, and --spectra {path} holds none",
            next_step="leave it out; --axis COLUMN=AXIS chooses columns of NPZ and Parquet files",
        )
    return files


def _of_file(path: Path, axes: Sequence[str]) -> SpectraFiles:
    if not path.is_file():
        raise SourceError(f"--spectra {path}: there is no such file or folder")
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _of_npz(path, axes)
    if suffix == ".parquet":
        return _of_parquet(path, axes)
    raise SourceError(
        f"--spectra {path}: expected NPZ, Parquet, or a folder with a file per material",
        next_step="spectra in columns of the source itself need --axis COLUMN=AXIS alone",
    )


def _pairs(texts: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """By column of a file the axis that a user names."""
    parts = [text.partition("=") for text in texts]
    return {column: axis for column, _, axis in parts if column in names}


def _of_npz(path: Path, axes: Sequence[str]) -> SpectraFiles:
    shapes = shapes_of(path)
    del shapes[_id_of([*shapes], path)]
    pairs = _pairs(axes, [*shapes])
    single = [name for name, shape in shapes.items() if len(shape) == 1]
    if not pairs and len(single) == 1:
        pairs = {name: single[0] for name, shape in shapes.items() if len(shape) == 2}
    return SpectraFiles(path, "npz", _require_pairs(path, pairs, [*shapes]))


def _of_parquet(path: Path, axes: Sequence[str]) -> SpectraFiles:
    from matdata.store.tables import read_axes, read_names, read_units

    with parquet_damage(path):
        names, stated_axes, stated = read_names(path), read_axes(path), read_units(path)
    _id_of(names, path)
    found = _require_pairs(path, _pairs(axes, names) or stated_axes, names)
    used = dict.fromkeys([*found, *found.values()])
    units = {name: stated.get(name) or unit_in_header(name) or "" for name in used}
    return SpectraFiles(path, "parquet", found, {name: one for name, one in units.items() if one})


def _of_folder(path: Path, components: Sequence[str]) -> SpectraFiles:
    files = _files(path)
    twice = sorted(stem for stem, n in Counter(one.stem for one in files).items() if n > 1)
    if not files or twice:
        what = f"two files of {first_few(twice)}" if twice else f"no {', '.join(SUFFIXES)} files"
        raise SourceError(f"--spectra {path} holds {what}", next_step="one file per material id")
    if files[0].suffix.lower() == ".xml":
        chosen = optics.components_of(components)
        axes = optics.axes_of(chosen)
        return SpectraFiles(path, "folder", axes, optics.units_of(chosen), chosen)
    for one in files:
        try:
            header = header_of(one)
        except Unusable:
            continue
        axis, *columns = map(without_unit, header)
        return SpectraFiles(path, "folder", dict.fromkeys(columns, axis), units_in(header))
    raise SourceError(
        f"--spectra {path}: no file begins with a line of names",
        next_step="begin each with a line such as: energy (eV),dos",
    )


def _require_pairs(path: Path, pairs: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Columns and axes that are there.

    Raises
    ------
    SourceError
        If there are none, or one is missing.
    """
    if not pairs:
        raise SourceError(
            f"--spectra {path}: it is open which column is the axis",
            next_step=f"say it: --axis COLUMN=AXIS; columns: {', '.join(names)}",
        )
    for name in (*pairs, *pairs.values()):
        if name not in names:
            raise SourceError(
                f"--spectra {path} has no column {name!r}{did_you_mean(name, names)}",
                next_step=f"columns: {', '.join(names)}",
            )
    return dict(pairs)


def _id_of(names: Sequence[str], path: Path) -> str:
    """The column of the ids.

    Raises
    ------
    SourceError
        If there is none.
    """
    for name in IDS:
        if name in names:
            return name
    raise SourceError(
        f"--spectra {path} has no column of material ids",
        next_step=f"name it {ID}; columns: {', '.join(names)}",
    )


def _files(folder: Path) -> list[Path]:
    """Files of materials, by name."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
