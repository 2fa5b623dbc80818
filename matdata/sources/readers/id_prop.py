"""``id_prop.csv``: values of the structure files of a folder or archive, one line per file."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.core.numerals import is_number
from matdata.sources.identity import path_stem, stem_of
from matdata.sources.readers.csv_table import cell_value, check_names, csv_rows, damage_of

PROPERTIES = "id_prop.csv"
Values = JsonObject


@dataclass(frozen=True)
class Properties:
    """Values of structure files.

    Attributes
    ----------
    values
        Values by row of the file.
    problems
        Faults of files whose lines are damaged or contradict each other, by row.
    unmatched
        Faults of names that match no file, or several.
    """

    values: dict[int, Values] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    unmatched: dict[str, str] = field(default_factory=dict)


def properties_of(
    read: Callable[[str], str],
    names: Sequence[str],
    structures: Sequence[str],
    ids: Sequence[str],
    parts: Mapping[str, str],
) -> Properties:
    """Values of structure files: from one table, or from one in the folder of each part.

    Parameters
    ----------
    read
        Returns the text of a file.
    names
        All files.
    structures, ids
        The structure files and their ids.
    parts
        Part of each structure file; empty if the folder makes no split.

    Raises
    ------
    SourceError
        If there are several tables that are not one of each part, or one cannot be read.
    """
    tables = [name for name in names if PurePosixPath(name).name == PROPERTIES]
    homes = [PurePosixPath(name).parent for name in tables]
    rows_of = {
        home: [row for row, name in enumerate(structures) if home in PurePosixPath(name).parents]
        for home in homes
    }
    if len(tables) < 2:
        rows_of = {home: list(range(len(structures))) for home in homes}
    elif not parts or sum(map(len, rows_of.values())) > len(structures):
        raise SourceError(
            f"several files are named {PROPERTIES}: {', '.join(tables[:5])}",
            next_step="build each folder separately, or join the tables at the top level",
        )
    joined = Properties()
    for table, home in zip(tables, homes, strict=True):
        rows = rows_of[home]
        own = match_properties(
            read(table), [structures[row] for row in rows], [ids[row] for row in rows]
        )
        joined.values.update({rows[k]: values for k, values in own.values.items()})
        joined.problems.update({rows[k]: problem for k, problem in own.problems.items()})
        joined.unmatched.update(own.unmatched)
    return joined


def match_properties(text: str, files: Sequence[str], ids: Sequence[str]) -> Properties:
    """Values of each file, by its name, its path, both without suffixes, or its id.

    The first line is a header if it contains no number and names none of the files.

    Parameters
    ----------
    text
        Content of ``id_prop.csv``.
    files
        Paths of the structure files.
    ids
        Their ids, in the same order.

    Raises
    ------
    SourceError
        If the table cannot be read.
    """
    rows = [row for row in csv_rows(io.StringIO(text), PROPERTIES) if any(map(str.strip, row))]
    rows_of = _names_of(files, ids)
    properties = Properties()
    for key, values, damage in _lines(rows, rows_of):
        matches = rows_of.get(key, set())
        if len(matches) != 1:
            several = ", ".join(sorted(files[row] for row in matches))
            properties.unmatched[key] = (
                f"{key!r} matches several files ({several}): write their paths"
                if several
                else f"no structure file for {key!r}"
            )
            continue
        (row,) = matches
        if damage:
            properties.problems[row] = f"its line in {PROPERTIES} has {damage}"
        elif properties.values.setdefault(row, values) != values:
            properties.problems[row] = f"{PROPERTIES} has different values for it in several lines"
    return properties


def _names_of(files: Sequence[str], ids: Sequence[str]) -> dict[str, set[int]]:
    rows_of: defaultdict[str, set[int]] = defaultdict(set)
    for row, (name, identity) in enumerate(zip(files, ids, strict=True)):
        base = PurePosixPath(name).name
        for key in (name, base, stem_of(name), path_stem(name), identity):
            rows_of[key].add(row)
    return rows_of


def _lines(
    rows: list[list[str]], rows_of: dict[str, set[int]]
) -> Iterator[tuple[str, Values, str | None]]:
    """Name, values and damage of each line."""
    if not rows:
        return
    first = [cell_value(cell) for cell in rows[0][1:]]
    numeric = any(map(is_number, first))
    if numeric or rows[0][0].strip() in rows_of:
        header = ["id", "target", *(f"target_{k}" for k in range(2, len(rows[0])))]
        body = rows
    else:
        header, body = rows[0], rows[1:]
        check_names(header, PROPERTIES)
    for row in body:
        values = dict(zip(header[1:], map(cell_value, row[1:]), strict=False))
        yield row[0].strip(), values, damage_of(row, header)
