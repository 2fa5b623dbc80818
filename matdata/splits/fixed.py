"""A split made elsewhere: read from files of ids, or from a column of the table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matdata.core.digest import digest_file
from matdata.core.documents import JsonObject
from matdata.core.errors import SplitError
from matdata.core.part_names import PARTS
from matdata.core.settings import Settings, setting
from matdata.splits.base import Method, Split
from matdata.splits.columns import Columns, Ids
from matdata.splits.id_files import group_by_part, read_id_list, read_split_file
from matdata.splits.matching import REPEATED, UNKNOWN, match
from matdata.splits.names import slug, split_name


@dataclass(frozen=True)
class FixedSettings(Settings):
    """Settings of a fixed split: one of `file`, the id files, or `column`."""

    file: str | None = setting(None, "JSON of id lists, or CSV of ids and parts; plain, .gz, .zip")
    train: str | None = setting(None, "file of training ids")
    val: str | None = setting(None, "file of validation ids")
    test: str | None = setting(None, "file of test ids")
    column: str | None = setting(None, "column of the table that names each material's part")
    id_column: str | None = setting(None, "id column of CSV files; inferred if not given")
    split_column: str | None = setting(None, "part column of a CSV file; inferred if not given")
    unknown: str = setting(
        "error", "what to do about ids that are not in the data", choices=UNKNOWN
    )
    repeated: str = setting(
        "error",
        "ids that stand in several places: refused, in no part (drop), or in the last of train, "
        "val and test (held_out)",
        choices=REPEATED,
    )


def fixed_split(ids: Ids, columns: Columns, settings: FixedSettings) -> list[Split]:
    """Take the parts as given; ids that are not listed are in no part.

    Raises
    ------
    SplitError
        If not exactly one origin is given, it cannot be read, it names ids that are not in the
        data or stand in several places (unless told what to do about them), or none that is.
    """
    origin_name, parts, described = _origin(ids, columns, settings)
    matched = match(parts, ids, settings.unknown, settings.repeated)
    treated = {"unknown": settings.unknown, "repeated": settings.repeated}
    return [
        Split(
            split_name("fixed", slug(origin_name)),
            "fixed",
            {**described, **treated},
            {part: np.array(members) for part, members in matched.parts.items()},
            matched.notes,
            matched.unmatched,
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
