"""A split made elsewhere: read from files of ids, or from a column of the table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matdata.core.digest import digest_file
from matdata.core.documents import JsonObject
from matdata.core.errors import SplitError, first_few
from matdata.core.part_names import PARTS
from matdata.core.settings import Settings, setting
from matdata.splits.base import Method, Split
from matdata.splits.columns import Columns, Ids
from matdata.splits.id_files import group_by_part, read_id_list, read_split_file
from matdata.splits.names import slug, split_name


@dataclass(frozen=True)
class FixedSettings(Settings):
    """Settings of a fixed split: one of `file`, the id files, or `column`."""

    file: str | None = setting(None, "JSON of id lists, or CSV of ids and parts")
    train: str | None = setting(None, "file of training ids")
    val: str | None = setting(None, "file of validation ids")
    test: str | None = setting(None, "file of test ids")
    column: str | None = setting(None, "column of the table that names each material's part")
    id_column: str | None = setting(None, "id column of CSV files; inferred if not given")
    split_column: str | None = setting(None, "part column of a CSV file; inferred if not given")
    unknown: str = setting(
        "error", "what to do about ids that are not in the data", choices=("error", "drop")
    )


def fixed_split(ids: Ids, columns: Columns, settings: FixedSettings) -> list[Split]:
    """Take the parts as given; ids that are not listed are in no part.

    Raises
    ------
    SplitError
        If not exactly one origin is given, it cannot be read, or it names ids that are not in
        the data (unless these are to be dropped).
    """
    origin_name, parts, described = _origin(ids, columns, settings)
    available = set(ids.tolist())
    # a list: the files' duplicates must reach the check in Split
    unknown = [id_ for members in parts.values() for id_ in members if id_ not in available]
    listed = sum(len(members) for members in parts.values())
    if unknown and settings.unknown == "error":
        raise SplitError(
            f"{len(unknown)} of the {listed} ids of the split are not in the data: "
            f"{first_few(unknown)}",
            cause="the split belongs to another version of the data, curation dropped these "
            "materials, or ids are written differently",
            next_step=f"compare with the data's own ids (such as {ids[0]}), or set unknown to "
            "drop to continue without them",
        )
    notes = []
    if unknown:
        notes.append(f"{len(unknown)} ids are not in the data, dropped: {first_few(unknown)}")
    parts_kept = {
        p: np.array([m for m in members if m in available]) for p, members in parts.items()
    }
    listed_ids = np.concatenate([*parts_kept.values(), ids[:0]])
    unlisted = ids[~np.isin(ids, listed_ids)]
    if len(unlisted):
        notes.append(f"{len(unlisted)} materials are in no part: {first_few(unlisted)}")
    settings_used = {**described, "unknown": settings.unknown}
    return [
        Split(
            split_name("fixed", slug(origin_name)), "fixed", settings_used, parts_kept, tuple(notes)
        )
    ]


_Origin = tuple[str, dict[str, list[str]], JsonObject]


def _origin(ids: Ids, columns: Columns, settings: FixedSettings) -> _Origin:
    files = {p: Path(f) for p in PARTS if (f := getattr(settings, p)) is not None}
    origins = [bool(settings.file), bool(files), bool(settings.column)]
    if sum(origins) != 1:
        raise SplitError(
            f"a fixed split has one origin, got {sum(origins)}",
            next_step="set one of: file (JSON or CSV), train/val/test (files of ids), column",
        )
    if settings.column:
        return _from_column(ids, columns, settings.column)
    # the content identifies a file; its path on this machine means nothing to another user
    if settings.file:
        path = Path(settings.file)
        parts = read_split_file(path, settings.id_column, settings.split_column)
        return _stem(path), parts, {"file": path.name, "sha256": digest_file(path)}
    lists = {part: read_id_list(path, settings.id_column) for part, path in files.items()}
    described = {p: {"file": f.name, "sha256": digest_file(f)} for p, f in files.items()}
    return "-".join(_stem(path) for path in files.values()), lists, described


def _from_column(ids: Ids, columns: Columns, column: str) -> _Origin:
    pairs = zip(ids.tolist(), columns.values(column), strict=True)
    labelled = ((id_, name) for id_, name in pairs if name is not None)
    return column, group_by_part(labelled, f"column {column!r}"), {"column": column}


def _stem(path: Path) -> str:
    return path.name.split(".")[0]


METHOD = Method("fixed", FixedSettings, fixed_split)
