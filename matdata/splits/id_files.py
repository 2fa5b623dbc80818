"""Readers of published splits: JSON of id lists, CSV of id and part, lists of ids."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

from matdata.core.crystals import MAX_ID
from matdata.core.errors import SplitError, did_you_mean
from matdata.core.part_names import SYNONYMS
from matdata.splits.published_text import read_text, unusable

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
        If a name is no name of a part, or an id is longer than ids are.
    """
    canonical: dict[Any, str] = {}
    parts: dict[str, list[str]] = {}
    for id_, name in pairs:
        if name not in canonical:
            canonical[name] = canonical_part(name, where)
        parts.setdefault(canonical[name], []).append(_identity(id_, where))
    return parts


def _identity(value: object, where: str) -> str:
    identity = str(value).strip()
    if len(identity) > MAX_ID:
        raise unusable(where, f"it holds an id of {len(identity):,} letters: {identity[:40]}…")
    return identity


def read_split_file(
    path: Path, id_column: str | None, split_column: str | None
) -> dict[str, list[str]]:
    """Parts of a JSON file of id lists, or of a CSV file with an id and a split column.

    JSON is an object of lists (``{"id_train": [...], ...}`` as ALIGNN writes them, or
    ``{"train": [...]}``), or of objects whose keys are ids (``{"train": {"id": value}}``, as the
    leaderboard of JARVIS has them). Either may be packed by gzip, or alone in a zip archive. Ids
    that stand repeatedly are kept so.

    Raises
    ------
    SplitError
        If the file cannot be read or understood, or is too large.
    """
    text, name = read_text(path)
    if ".json" in PurePath(name).suffixes:
        return _from_json(text, path.name)
    header, rows = _table(text, path.name)
    ids = _column(header, id_column, ID_COLUMNS, path.name, "id")
    split = _column(header, split_column, SPLIT_COLUMNS, path.name, "split")
    return group_by_part(((row[ids], row[split]) for row in rows if row[split]), path.name)


def read_id_list(path: Path, id_column: str | None) -> list[str]:
    """Ids of a file: a JSON list, one id per line, or the id column of a CSV with a header.

    Raises
    ------
    SplitError
        If the file cannot be read, is empty or too large, or is a table without an id column.
    """
    text, name = read_text(path)
    if ".json" in PurePath(name).suffixes:
        return _id_list(_json(text, path.name), path.name)
    rows = [row for row in _csv_rows(text, path.name) if row and row[0].strip()]
    if not rows:
        raise unusable(path.name, "it holds no ids")
    header = [name.strip() for name in rows[0]]
    if len(header) == 1 and header[0] not in (id_column, *ID_COLUMNS):
        return [_identity(row[0], path.name) for row in rows]
    position = header.index(_column(header, id_column, ID_COLUMNS, path.name, "id"))
    return [_identity(row[position], path.name) for row in rows[1:]]


class _Object(list[tuple[str, Any]]):
    """A JSON object as its pairs: a key that stands twice, such as an id, is not lost."""


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_Object)
    except (ValueError, RecursionError) as error:
        raise unusable(where, f"it is not JSON ({error})") from error


def _from_json(text: str, where: str) -> dict[str, list[str]]:
    content = _json(text, where)
    if not isinstance(content, _Object) or not content:
        raise unusable(where, "its top level is not an object of id lists")
    parts: dict[str, list[str]] = {}
    for name, members in content:
        parts.setdefault(canonical_part(name, where), []).extend(_id_list(members, where))
    return parts


def _id_list(members: object, where: str) -> list[str]:
    if isinstance(members, _Object):
        members = [key for key, _ in members]
    if not isinstance(members, list):
        raise unusable(where, "a part is not a list of ids")
    wrong = [one for one in members if type(one) not in (str, int)]  # no bool, no float
    if wrong:
        raise unusable(where, f"a part is not a list of ids: it holds {str(wrong[0])[:80]}")
    return [_identity(member, where) for member in members]


def _csv_rows(text: str, where: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise unusable(where, f"it is not CSV ({error})") from error


def _table(text: str, where: str) -> tuple[list[str], list[dict[str, str | None]]]:
    """The header of a CSV file, and its rows by column; what a row lacks is None."""
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise unusable(where, f"it is not CSV ({error})") from error
    return (list(rows[0]) if rows else []), rows


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
