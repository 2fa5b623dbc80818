"""Readers of many structure files: a folder, a zip archive, with or without ``id_prop.csv``."""

from __future__ import annotations

import csv
import io
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from matdata.errors import SourceError
from matdata.sources.limits import MAX_RECORD, MIB
from matdata.sources.readers.base import Form, Raw, value_of
from matdata.sources.readers.frames import read_frames
from matdata.sources.readers.opening import (
    digest_input,
    encodable,
    is_hidden,
    open_binary,
    open_member,
    open_zip,
    plain_stem,
    readable,
)

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


class _Many(ABC):
    """Files under relative names.

    Hidden files and folders (``.ipynb_checkpoints``, ``__MACOSX``) hold copies and leftovers: they
    are left out.
    """

    path: Path

    @abstractmethod
    def all_names(self) -> list[str]:
        """Names of all files, in order."""

    @abstractmethod
    def read(self, name: str) -> str:
        """Text of one file."""

    @abstractmethod
    def digest_input(self) -> list[Any]:
        """What identifies the content."""

    def names(self) -> list[str]:
        """Names of the files that are not hidden."""
        return [name for name in self.all_names() if not is_hidden(name)]

    def note(self) -> str:
        """A line on hidden structure files; empty if there is none."""
        hidden = [name for name in self.all_names() if is_hidden(name) and form_of(name)]
        if not hidden:
            return ""
        return f"{len(hidden):,} hidden structure files are left out (the first: {hidden[0]!r})"


class Folder(_Many):
    """Structure files of a folder and its subfolders; links to folders are not followed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all_names(self) -> list[str]:
        """Relative names of all files, in order."""
        names = []
        with readable(self.path):
            for folder, _, files in os.walk(self.path):
                part = Path(folder).relative_to(self.path)
                names += [(part / name).as_posix() for name in files]
        return sorted(names)

    def read(self, name: str) -> str:
        """Text of one file."""
        with open_binary(self.path / name) as file:
            return _decode(file.read(MAX_RECORD + 1), name)

    def digest_input(self) -> list[Any]:
        """What identifies the content: of what is read, that is."""
        return [[encodable(name), self._digest(name)] for name in self.names() if is_read(name)]

    def _digest(self, name: str) -> str:
        try:
            return digest_input(self.path / name)
        except SourceError as error:  # it becomes a ledger row
            return error.what


class Zip(_Many):
    """Structure files of a zip archive, read in memory: nothing is unpacked to the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive = open_zip(path)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}  # an open file does not travel to worker processes

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path = state["path"]
        self._archive = open_zip(self.path)

    def all_names(self) -> list[str]:
        """Names of all members that are files, in order."""
        return sorted(info.filename for info in self._archive.infolist() if not info.is_dir())

    def read(self, name: str) -> str:
        """Text of one member."""
        with open_member(self._archive, self.path, name) as member:
            return _decode(member.read(MAX_RECORD + 1), name)

    def digest_input(self) -> list[Any]:
        """What identifies the content."""
        return [digest_input(self.path)]


def is_read(name: str) -> bool:
    """Whether a file is one of structures, or the one of their values."""
    return form_of(name) is not None or PurePosixPath(name).name == PROPERTIES


def _decode(data: bytes, name: str) -> str:
    if len(data) > MAX_RECORD:
        raise SourceError(f"{name!r} unpacks to more than {MAX_RECORD // MIB} MiB; it is not read")
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
        seen = ", ".join(map(repr, names[:5])) or "nothing"
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
        yield Raw(name, form, text, values, weight=len(text))
        return
    frames = list(read_frames(io.StringIO(text), name))
    for number, frame in enumerate(frames):
        identity = values["id"] if len(frames) == 1 else f"{values['id']}-{number + 1}"
        yield Raw(name, form, frame, {**values, "id": identity}, weight=len(frame))


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
