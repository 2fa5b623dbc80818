"""Readers of many structure files: a folder, a zip archive, with or without ``id_prop.csv``."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from matdata.errors import SourceError
from matdata.sources.readers.base import (
    Form,
    Raw,
    open_binary,
    plain_stem,
    read_frames,
    readable,
    value_of,
)

MAX_MEMBER = 64 << 20  # bytes of one structure file; more is no crystal but a bomb
PROPERTIES = "id_prop.csv"


def form_of(name: str) -> Form | None:
    """The notation of a structure file by its name, None if it is not one."""
    lower = PurePosixPath(name).name.lower()
    for suffix in (".gz", ".xz", ".bz2"):
        lower = lower.removesuffix(suffix)
    if lower.endswith((".cif", ".mcif")):
        return "cif"
    if lower.endswith((".vasp", ".poscar")) or lower.startswith(("poscar", "contcar")):
        return "poscar"
    return "xyz" if lower.endswith((".xyz", ".extxyz")) else None


class Folder:
    """Structure files of a folder and its subfolders, in the order of their names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        """Relative names of all files."""
        with readable(self.path):
            found = [p.relative_to(self.path).as_posix() for p in self.path.rglob("*")]
        return sorted(name for name in found if (self.path / name).is_file())

    def read(self, name: str) -> str:
        """Text of one file."""
        path = self.path / name
        with readable(path), open_binary(path) as file:
            return _decode(file.read(MAX_MEMBER + 1), name)

    def digest_input(self) -> list[Any]:
        """What identifies the content."""
        from matdata.digest import digest_file

        return [[name, digest_file(self.path / name)] for name in self.names()]


class Zip:
    """Structure files of a zip archive, read in memory: nothing is unpacked to the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive = self._open()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}  # an open file does not travel to worker processes

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path = state["path"]
        self._archive = self._open()

    def _open(self) -> zipfile.ZipFile:
        path = self.path
        with readable(path):
            try:
                return zipfile.ZipFile(path)
            except zipfile.BadZipFile as error:
                raise SourceError(
                    f"{path} is not a readable zip archive: {error}",
                    cause="a truncated download, or an error page saved under that name",
                    next_step="fetch the file again",
                ) from error

    def names(self) -> list[str]:
        """Names of all members that are files."""
        return sorted(info.filename for info in self._archive.infolist() if not info.is_dir())

    def read(self, name: str) -> str:
        """Text of one member."""
        with readable(self.path):
            try:
                with self._archive.open(name) as member:
                    data = member.read(MAX_MEMBER + 1)
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
                raise SourceError(f"{self.path}: member {name!r}: {error}") from error
        return _decode(data, name)

    def digest_input(self) -> list[Any]:
        """What identifies the content."""
        from matdata.digest import digest_file

        return [digest_file(self.path)]


def _decode(data: bytes, name: str) -> str:
    if len(data) > MAX_MEMBER:
        raise SourceError(f"{name!r} unpacks to more than {MAX_MEMBER >> 20} MiB; it is not read")
    return data.decode("utf-8", errors="replace")


def read_structures(files: Folder | Zip) -> Iterator[Raw]:
    """One raw record for each structure file, with its values of ``id_prop.csv`` if there is one.

    Raises
    ------
    SourceError
        If there is no structure file, naming what was seen.
    """
    names = files.names()
    properties = read_properties(files, names)
    structures = {name: form for name in names if (form := form_of(name)) is not None}
    if not structures:
        seen = ", ".join(names[:5]) or "nothing"
        raise SourceError(
            f"{files.path} holds no structure file (CIF, POSCAR, extended XYZ); seen: {seen}",
            next_step="give a folder or zip of such files, or the table file itself",
        )
    counts = Counter(_identity(name) for name in structures)
    for name, form in structures.items():
        stem = plain_stem(Path(name))
        base = PurePosixPath(name).name
        values = properties.pop(base, None) or properties.pop(stem, None) or {}
        identity = _identity(name)
        if counts[identity] > 1:  # one file name in many folders: the path tells them apart
            identity = (PurePosixPath(name).parent / stem).as_posix()
        try:
            yield from _records_of(name, form, files.read(name), {**values, "id": identity})
        except SourceError as error:
            yield Raw(name, "none", error.what, {**values, "id": identity})
    for name in properties:
        yield Raw(PROPERTIES, "none", f"no structure file for {name!r}", {"id": name})


def _records_of(name: str, form: Form, text: str, values: dict[str, Any]) -> Iterator[Raw]:
    if form != "xyz":
        yield Raw(name, form, text, values)
        return
    frames = list(read_frames(io.StringIO(text), name))
    for number, frame in enumerate(frames):
        identity = values["id"] if len(frames) == 1 else f"{values['id']}-{number + 1}"
        yield Raw(name, form, frame, {**values, "id": identity})


def _identity(name: str) -> str:
    # VASP runs keep every POSCAR in a folder named after the material.
    stem = plain_stem(Path(name))
    path = PurePosixPath(name)
    generic = stem.upper() in ("POSCAR", "CONTCAR")
    return path.parent.name if generic and path.parent.name else stem


def read_properties(files: Folder | Zip, names: list[str]) -> dict[str, dict[str, Any]]:
    """Values by file name (or its stem) from ``id_prop.csv``, with or without a header line."""
    found = next((name for name in names if PurePosixPath(name).name == PROPERTIES), None)
    if found is None:
        return {}
    rows = [row for row in csv.reader(io.StringIO(files.read(found))) if row]
    if not rows:
        return {}
    numeric = any(isinstance(value_of(cell), (int, float)) for cell in rows[0][1:])
    default = ["target", *(f"target_{k}" for k in range(2, len(rows[0])))]
    header = default if numeric else rows[0][1:]
    body = rows if numeric else rows[1:]
    return {row[0]: dict(zip(header, map(value_of, row[1:]), strict=False)) for row in body}
