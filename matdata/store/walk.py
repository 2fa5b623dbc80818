"""Walks over folders that may hold anything: pipes, loops of links, names of no text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from matdata.core.printable import printable
from matdata.store.wholeness import refusal


class Fault(NamedTuple):
    """What is wrong with one file or folder.

    Attributes
    ----------
    path
        The file.
    what
        The end of a sentence that begins with it (``is missing``).
    """

    path: Path
    what: str

    def __str__(self) -> str:
        return f"{printable(self.path)} {self.what}"


class Entries(NamedTuple):
    """What lies below a folder.

    Attributes
    ----------
    files
        All that is no folder, links included, relative to it and sorted.
    faults
        Folders that could not be read.
    """

    files: list[str]
    faults: list[Fault]


def entries_below(folder: Path) -> Entries:
    """All entries below a folder, none if there is none; links are named and not followed."""
    found: list[str] = []
    faults: list[Fault] = []
    todo = [""]
    while todo:
        inside = todo.pop()
        try:
            with os.scandir(folder / inside) as scan:
                for entry in scan:
                    name = f"{inside}/{entry.name}" if inside else entry.name
                    (todo if entry.is_dir(follow_symlinks=False) else found).append(name)
        except FileNotFoundError:
            continue
        except OSError as error:
            faults.append(Fault(folder / inside, refusal(error)))
    return Entries(sorted(found), faults)


def children(folder: Path) -> tuple[list[Path], list[Fault]]:
    """Entries of one folder in the order of their names; none where there is no such folder."""
    try:
        return sorted(folder.iterdir()), []
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [Fault(folder, refusal(error))]
