"""Listings of folders with arbitrary content: pipes, loops of links, undecodable names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from matdata.core.printable import printable
from matdata.store.wholeness import refusal


class Fault(NamedTuple):
    """A fault of one file or folder.

    Attributes
    ----------
    path
        The file.
    what
        The fault, as a predicate of the path (``is missing``).
    """

    path: Path
    what: str

    def __str__(self) -> str:
        return f"{printable(self.path)} {self.what}"


class Entries(NamedTuple):
    """The entries below a folder.

    Attributes
    ----------
    files
        Everything but folders, links included, relative to the folder and sorted.
    faults
        Folders that could not be read.
    """

    files: list[str]
    faults: list[Fault]


def entries_below(folder: Path) -> Entries:
    """All entries below a folder, none if it does not exist; links are listed, not followed."""
    file_names: list[str] = []
    faults: list[Fault] = []
    todo = [""]
    while todo:
        inside = todo.pop()
        try:
            with os.scandir(f"{folder}/{inside}") as scan:
                for entry in scan:
                    name = f"{inside}/{entry.name}" if inside else entry.name
                    (todo if entry.is_dir(follow_symlinks=False) else file_names).append(name)
        except FileNotFoundError:
            continue
        except OSError as error:
            faults.append(Fault(folder / inside, refusal(error)))
    return Entries(sorted(file_names), faults)


def size_of(path: Path) -> int:
    """Bytes of a file, of a link those of the link; 0 if it cannot be read."""
    try:
        return path.lstat().st_size
    except OSError:  # removed since it was listed
        return 0


def folder_size(folder: Path) -> int:
    """Bytes of all files in a folder that can be looked at; links count as such."""
    return sum(size_of(folder / name) for name in entries_below(folder).files)


def children(folder: Path) -> tuple[list[Path], list[Fault]]:
    """Entries of one folder, sorted by name; none if it does not exist."""
    try:
        return sorted(folder.iterdir()), []
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [Fault(folder, refusal(error))]
