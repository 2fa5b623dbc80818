"""Readers of published splits: JSON of id lists, CSV of id and part, lists of ids."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from matdata.core.errors import SplitError, did_you_mean
from matdata.core.part_names import SYNONYMS

ID_COLUMNS = ("material_id", "id", "ids", "jid", "mpid", "mp_id", "cif_id", "structure_id")
SPLIT_COLUMNS = ("split", "part", "set", "subset", "partition")


def canonical_part(name: object, where: str) -> str:
    """``train``, ``val`` or ``test`` for any of the names in use, also after ``id_`` or ``ids_``.

    Raises
    ------
    SplitError
        If the name is none of them.
    """
    word = str(name).strip().lower().removeprefix("ids_").removeprefix("id_")
    if word not in SYNONYMS:
        raise SplitError(
            f"{where}: unknown part {name!r}{did_you_mean(word, SYNONYMS)}",
            next_step=f"name parts by one of: {', '.join(SYNONYMS)}",
        )
    return SYNONYMS[word]


def group_by_part(pairs: Iterable[tuple[Any, Any]], where: str) -> dict[str, list[str]]:
    """Collect (id, part name) pairs by canonical part.

    Raises
    ------
    SplitError
        If a name is no name of a part.
    """
    canonical: dict[Any, str] = {}
    parts: dict[str, list[str]] = {}
    for id_, name in pairs:
        if name not in canonical:
            canonical[name] = canonical_part(name, where)
        parts.setdefault(canonical[name], []).append(str(id_).strip())
    return parts


def read_split_file(
    path: Path, id_column: str | None, split_column: str | None
) -> dict[str, list[str]]:
    """Parts of a JSON file of id lists, or of a CSV file with an id and a split column.

    JSON is an object of lists (``{"id_train": [...], ...}`` as ALIGNN writes them, or
    ``{"train": [...]}``), or of objects whose keys are ids (``{"train": {"id": value}}``).

    Raises
    ------
    SplitError
        If the file cannot be read or understood.
    """
    text = _text(path)
    if ".json" in path.suffixes:
        return _from_json(text, path.name)
    rows = list(csv.DictReader(io.StringIO(text)))
    header = list(rows[0]) if rows else []
    ids = _column(header, id_column, ID_COLUMNS, path.name, "id")
    split = _column(header, split_column, SPLIT_COLUMNS, path.name, "split")
    return group_by_part(((row[ids], row[split]) for row in rows if row[split]), path.name)


def read_id_list(path: Path, id_column: str | None) -> list[str]:
    """Ids of a file: a JSON list, one id per line, or the id column of a CSV with a header.

    Raises
    ------
    SplitError
        If the file cannot be read, is empty, or is a table without an id column.
    """
    text = _text(path)
    if ".json" in path.suffixes:
        return _id_list(_json(text, path.name), path.name)
    rows = [row for row in csv.reader(io.StringIO(text)) if row and row[0].strip()]
    if not rows:
        raise _unusable(path.name, "it holds no ids")
    header = [name.strip() for name in rows[0]]
    if len(header) == 1 and header[0] not in (id_column, *ID_COLUMNS):
        return [row[0].strip() for row in rows]
    position = header.index(_column(header, id_column, ID_COLUMNS, path.name, "id"))
    return [row[position].strip() for row in rows[1:]]


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise SplitError(
            f"there is no file {path}{did_you_mean(path.name, siblings)}",
            next_step="give the path of a JSON or CSV file",
        ) from None
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise _unusable(path.name, f"it cannot be read ({error})") from error


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _unusable(where, f"it is not JSON ({error})") from error


def _from_json(text: str, where: str) -> dict[str, list[str]]:
    content = _json(text, where)
    if not isinstance(content, Mapping) or not content:
        raise _unusable(where, "its top level is not an object of id lists")
    parts: dict[str, list[str]] = {}
    for name, members in content.items():
        parts.setdefault(canonical_part(name, where), []).extend(_id_list(members, where))
    return parts


def _id_list(members: object, where: str) -> list[str]:
    if isinstance(members, Mapping):
        members = list(members)
    if not isinstance(members, list) or any(isinstance(m, (list, Mapping)) for m in members):
        raise _unusable(where, "a part is not a list of ids")
    return [str(member).strip() for member in members]


def _column(
    header: list[str],
    column_name: str | None,
    default_names: tuple[str, ...],
    where: str,
    kind: str,
) -> str:
    candidates = (column_name,) if column_name else default_names
    match = next((name for name in candidates if name in header), None)
    if match is not None:
        return match
    raise SplitError(
        f"{where}: no {kind} column {' or '.join(map(repr, candidates))}"
        f"{did_you_mean(candidates[0], header)}",
        cause="the column has another name, or the file has no header",
        next_step=f"set {kind}_column to one of: {', '.join(header) or 'none, the file is empty'}",
    )


def _unusable(where: str, why: str) -> SplitError:
    return SplitError(
        f"{where}: {why}",
        cause='expected JSON such as {"id_train": [...], "id_val": [...], "id_test": [...]}, '
        "or CSV with an id and a split column, or one id per line",
        next_step="bring the file into one of these forms",
    )
