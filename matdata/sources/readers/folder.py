"""Readers of many structure files: a folder, a zip archive, with or without ``id_prop.csv``."""

from __future__ import annotations

import io
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, cast

from matdata.errors import SourceError
from matdata.sources.identity import ids_of_files
from matdata.sources.readers.base import (
    Form,
    Raw,
    open_binary,
    read_frames,
    readable,
)
from matdata.sources.readers.id_prop import (
    PROPERTIES,
    Properties,
    find_properties,
    match_properties,
)

MAX_MEMBER = 64 << 20  # bytes of one structure file; more is no crystal but a bomb


def form_of(name: str) -> Form | None:
    """The notation of a structure file by its name, None if it is not one."""
    lower = PurePosixPath(name).name.lower()
    for suffix in (".gz", ".xz", ".bz2"):
        lower = lower.removesuffix(suffix)
    if lower.endswith(".cif"):
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

    def read(self, name: str, turn: int = 0) -> str:
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
        self._archive, self._members = self._open()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}  # an open file does not travel to worker processes

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path = state["path"]
        self._archive, self._members = self._open()

    def _open(self) -> tuple[zipfile.ZipFile, dict[str, list[zipfile.ZipInfo]]]:
        path = self.path
        with readable(path):
            try:
                archive = zipfile.ZipFile(path)
            except zipfile.BadZipFile as error:
                raise SourceError(
                    f"{path} is not a readable zip archive: {error}",
                    cause="a truncated download, or an error page saved under that name",
                    next_step="fetch the file again",
                ) from error
        members: defaultdict[str, list[zipfile.ZipInfo]] = defaultdict(list)
        for info in archive.infolist():
            if not info.is_dir():
                members[info.filename].append(info)
        return archive, members

    def names(self) -> list[str]:
        """Names of all members that are files; an archive can hold one name several times."""
        return sorted(name for name, members in self._members.items() for _ in members)

    def read(self, name: str, turn: int = 0) -> str:
        """Text of one member, or of the one whose turn it is among those of one name."""
        with readable(self.path):
            try:
                with self._archive.open(self._members[name][turn]) as member:
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
    structures = [name for name in names if form_of(name) is not None]
    if not structures:
        seen = ", ".join(names[:5]) or "nothing"
        raise SourceError(
            f"{files.path} holds no structure file (CIF, POSCAR, extended XYZ); seen: {seen}",
            next_step="give a folder or zip of such files, or the table file itself",
        )
    ids = ids_of_files(structures)
    table = find_properties(names)
    properties = match_properties(files.read(table), structures, ids) if table else Properties()
    turns: Counter[str] = Counter()  # members of one name come one after another
    for row, (name, identity) in enumerate(zip(structures, ids, strict=True)):
        values = {**properties.values.get(row, {}), "id": identity}
        turn = turns[name]
        turns[name] += 1
        if row in properties.problems:
            yield Raw(name, "none", properties.problems[row], values)
            continue
        try:
            text = files.read(name, turn)
            yield from _records_of(name, cast(Form, form_of(name)), text, values)
        except SourceError as error:
            yield Raw(name, "none", error.what, values)
    for name, problem in properties.unmatched.items():
        yield Raw(PROPERTIES, "none", problem, {"id": name})


def _records_of(name: str, form: Form, text: str, values: dict[str, Any]) -> Iterator[Raw]:
    if form != "xyz":
        yield Raw(name, form, text, values)
        return
    frames = list(read_frames(io.StringIO(text), name))
    for number, frame in enumerate(frames):
        identity = values["id"] if len(frames) == 1 else f"{values['id']}-{number + 1}"
        yield Raw(name, form, frame, {**values, "id": identity})
