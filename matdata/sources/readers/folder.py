"""Readers of many structure files: a folder, a zip archive, with or without ``id_prop.csv``."""

from __future__ import annotations

import io
import os
import zipfile
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from matdata.core.errors import SourceError
from matdata.sources.identity import ids_of_files
from matdata.sources.limits import MAX_RECORD, MIB
from matdata.sources.readers.base import Form, Raw
from matdata.sources.readers.frames import read_frames
from matdata.sources.readers.id_prop import (
    PROPERTIES,
    properties_of,
)
from matdata.sources.readers.opening import (
    digest_input,
    encodable,
    is_hidden,
    open_binary,
    open_member,
    open_zip,
    readable,
    require_utf8,
)

#: Suffixes of other formats, regardless of the start of the name: ``poscars.csv`` is a table.
NOT_OF_VASP = (".csv", ".json", ".jsonl", ".ndjson", ".db", ".zip", ".xyz", ".extxyz")


def form_of(name: str) -> Form | None:
    """The notation of a structure file by its name, None if it is not one."""
    lower = PurePosixPath(name).name.lower()
    for suffix in (".gz", ".xz", ".bz2"):
        lower = lower.removesuffix(suffix)
    if lower.endswith((".cif", ".mcif")):
        return "cif"
    is_vasp_name = lower.startswith(("poscar", "contcar")) and not lower.endswith(NOT_OF_VASP)
    if is_vasp_name or lower.endswith((".vasp", ".poscar")):
        return "poscar"
    return "xyz" if lower.endswith((".xyz", ".extxyz")) else None


class _Many(ABC):
    """Files under relative names.

    Hidden files and folders (``.ipynb_checkpoints``, ``__MACOSX``) hold copies and leftovers, and
    are left out.
    """

    path: Path

    @abstractmethod
    def all_names(self) -> list[str]:
        """Names of all files, in order."""

    @abstractmethod
    def read(self, name: str, turn: int = 0) -> str:
        """Text of one file; `turn` selects among files of the same name."""

    @abstractmethod
    def digest_input(self) -> list[Any]:
        """JSON values that identify the content."""

    def names(self) -> list[str]:
        """Names of the files that are not hidden."""
        return [name for name in self.all_names() if not is_hidden(name)]

    def note(self) -> str:
        """A note on hidden structure files; empty if there are none."""
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

    def read(self, name: str, turn: int = 0) -> str:
        """Text of one file."""
        with open_binary(self.path / name) as file:
            return _decode(file.read(MAX_RECORD + 1), name)

    def digest_input(self) -> list[Any]:
        """JSON values that identify the content of the files that are read."""
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
        self._open()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}  # an open file cannot be sent to worker processes

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path = state["path"]
        self._open()

    def _open(self) -> None:
        self._archive = open_zip(self.path)
        self._members: defaultdict[str, list[zipfile.ZipInfo]] = defaultdict(list)
        for info in self._archive.infolist():
            if not info.is_dir():
                self._members[info.filename].append(info)

    def all_names(self) -> list[str]:
        """Names of all members that are files; an archive may repeat a name."""
        return sorted(name for name, members in self._members.items() for _ in members)

    def read(self, name: str, turn: int = 0) -> str:
        """Text of one member; `turn` selects among members of the same name."""
        with open_member(self._archive, self.path, self._members[name][turn]) as member:
            return _decode(member.read(MAX_RECORD + 1), name)

    def digest_input(self) -> list[Any]:
        """JSON values that identify the content."""
        return [digest_input(self.path)]


def is_read(name: str) -> bool:
    """Whether a file is a structure file, or the file of their properties."""
    return form_of(name) is not None or PurePosixPath(name).name == PROPERTIES


def _decode(data: bytes, name: str) -> str:
    if len(data) > MAX_RECORD:
        raise SourceError(f"{name!r} unpacks to more than {MAX_RECORD // MIB} MiB; it is not read")
    require_utf8(data, repr(name))
    return data.decode("utf-8", errors="replace")


def read_structures(files: Folder | Zip, parts: Mapping[str, str] | None = None) -> Iterator[Raw]:
    """One raw record per structure file, with its values from ``id_prop.csv`` if there is one.

    Parameters
    ----------
    files
        The folder or archive.
    parts
        By name the part of a file, if the folder makes a split, in the order in which they are
        read; folders of parts may have an ``id_prop.csv`` each.

    Raises
    ------
    SourceError
        If there is no structure file; lists the files found.
    """
    names = files.names()
    structures = list(parts or ()) or [name for name in names if form_of(name) is not None]
    if not structures:
        shown = ", ".join(map(repr, names[:5])) or "nothing"
        raise SourceError(
            f"{files.path} holds no structure file (CIF, POSCAR, extended XYZ); found: {shown}",
            next_step="pass a folder or zip of such files, or the table file itself",
        )
    ids = ids_of_files(structures)
    properties = properties_of(files.read, names, structures, ids, parts or {})
    turns: Counter[str] = Counter()  # members of one name are consecutive
    for row, (name, identity) in enumerate(zip(structures, ids, strict=True)):
        values = {**properties.values.get(row, {}), "id": identity}
        turn = turns[name]
        turns[name] += 1
        for raw in _raws(files, name, turn, values, properties.problems.get(row)):
            yield raw if parts is None else replace(raw, part=parts.get(name))
    for name, problem in properties.unmatched.items():
        yield Raw(PROPERTIES, "none", problem, {"id": name})


def _raws(
    files: Folder | Zip, name: str, turn: int, values: dict[str, Any], problem: str | None
) -> Iterator[Raw]:
    if problem is not None:
        yield Raw(name, "none", problem, values)
        return
    try:
        text = files.read(name, turn)
        yield from _records_of(name, cast(Form, form_of(name)), text, values)
    except SourceError as error:
        yield Raw(name, "none", error.what, values)


def _records_of(name: str, form: Form, text: str, values: dict[str, Any]) -> Iterator[Raw]:
    if form != "xyz":
        yield Raw(name, form, text, values, weight=len(text))
        return
    frames = list(read_frames(io.StringIO(text), name))
    for number, frame in enumerate(frames):
        identity = values["id"] if len(frames) == 1 else f"{values['id']}-{number + 1}"
        yield Raw(name, form, frame, {**values, "id": identity}, weight=len(frame))
